import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { whenClosed } from './when-closed.js';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server that answers only what the test lets go; it counts requests in and out. */
const start = async (answersAtOnce: boolean) => {
  const counts = { begun: 0, done: 0 };
  const server = createServer((req, res) => {
    counts.begun += 1;
    whenClosed(req, res, () => {
      counts.done += 1;
    });
    if (answersAtOnce) res.end('done');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const open = () => connect((server.address() as AddressInfo).port, '127.0.0.1');
  return { counts, open, server };
};

const REQUEST = 'GET / HTTP/1.1\r\nHost: parley\r\n\r\n';

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

describe('a response', () => {
  it('is done with once when it has been sent, on a connection that goes on', async () => {
    const { counts, open } = await start(true);
    const client = open();
    for (let n = 1; n <= 20; n += 1) {
      client.write(REQUEST);
      await until(() => counts.done === n);
    }
    client.destroy();
    await once(client, 'close');
    expect(counts).toEqual({ begun: 20, done: 20 });
  });

  it('is done with when the client goes away, also behind another one of the connection', async () => {
    const { counts, open } = await start(false);
    const client = open();
    client.write(REQUEST.repeat(15));
    await until(() => counts.begun === 15);
    client.destroy();
    await until(() => counts.done === 15);
    expect(counts.done).toBe(15);
  });

  it('is done with at once when its connection is gone already', async () => {
    const { open, server } = await start(false);
    const request = once(server, 'request');
    const client = open();
    client.write(REQUEST);
    const [req, res] = await request;
    client.destroy();
    await once(req.socket, 'close');
    let isDone = false;
    whenClosed(req, res, () => {
      isDone = true;
    });
    expect(isDone).toBe(true);
  });
});
