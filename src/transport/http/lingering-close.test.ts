import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAfterBodies } from './lingering-close.js';

const BODY = 4_000_000;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that refuses everything before it has read the body, and a client that asks for `Connection: close`. */
const open = async (lingerMs?: number): Promise<Socket> => {
  server = createServer((_req, res) => {
    res.writeHead(403, { 'Content-Length': 2 }).end('no');
  });
  closeAfterBodies(server, lingerMs);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write(
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${BODY}\r\n\r\n`,
  );
  return client;
};
const ended = (client: Socket) =>
  new Promise<string>((resolve) => {
    client.once('error', ({ message }) => resolve(message));
    client.once('close', () => resolve('closed'));
  });

describe('a connection that is closed after its answer', () => {
  it('takes the whole body of who is refused before it has arrived', async () => {
    const client = await open();
    const end = ended(client);
    const answer = await new Promise<string>((resolve) => {
      client.once('data', (data) => resolve(data.toString()));
    });
    expect(answer).toContain('403');
    for (let sent = 0; sent < BODY; sent += 100_000) {
      await new Promise<void>((resolve) => client.write(Buffer.alloc(100_000), () => resolve()));
    }
    expect(await end).toBe('closed');
  });

  it('is closed in the end when the body does not come', async () => {
    const client = await open(50);
    client.resume();
    client.write('begun');
    expect(await ended(client)).toBe('closed');
  });
});
