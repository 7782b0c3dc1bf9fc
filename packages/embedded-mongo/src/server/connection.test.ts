import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serialize } from 'bson';
import { Connection } from './connection.js';

const OP_MSG = 2013;

/** A command that asks for nothing. */
function command(): Buffer {
  const body = serialize({ ping: 1 });
  const message = Buffer.alloc(21 + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(OP_MSG, 12);
  message.set(body, 21);
  return message;
}

describe('a connection', () => {
  const server = net.createServer();
  let client: net.Socket;
  let socket: net.Socket;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    [socket] = (await accepted) as [net.Socket];
  });
  afterAll(() => {
    client.destroy();
    server.close();
  });

  it('leaves no listener behind when it has waited for a slow client', async () => {
    const answers = 20;
    const reply = Buffer.alloc(4_000_000);
    let waits = 0;
    const handle = () => Promise.resolve(reply);
    new Connection(socket, handle, () => undefined);
    socket.on('drain', () => (waits += 1));
    const before = socket.listenerCount('close');
    let received = 0;
    const done = new Promise<void>((resolve) => {
      client.on('data', (chunk) => {
        received += chunk.length;
        if (received >= answers * (reply.length + 21)) resolve();
      });
    });
    client.write(Buffer.concat(Array.from({ length: answers }, command)));
    await done;
    expect(waits).toBeGreaterThan(2);
    expect(socket.listenerCount('close')).toBe(before);
    expect(socket.listenerCount('drain')).toBeLessThanOrEqual(2);
  });
});
