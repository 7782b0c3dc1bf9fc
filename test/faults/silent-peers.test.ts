/** A node that goes down while some of its peers neither read nor write any more. */
import { once } from 'node:events';
import net from 'node:net';
import { expect, it } from '@jest/globals';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

/** How long the closing of connections may take before it counts as failed, in milliseconds. */
const STEP_MS = 8000;

it('a node that goes down is not held up by a websocket that is stalled, nor by half a request', async () => {
  const server = await startServer();
  const { alice } = await openDirectChat(server);
  const stalled = await TestSocket.connect(server, alice);
  const { ws } = stalled.raw.io.engine.transport as unknown as { ws: { pause(): void } };
  ws.pause();
  const half = net.connect(server.port, '127.0.0.1');
  await once(half, 'connect');
  const head = 'POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  half.write(`${head}Content-Length: 100\r\n\r\n{"half":`);
  half.resume();
  const ended = once(half, 'close');
  // The server has taken the connection when it answers one that came later.
  await server.http.get('/health').expect(200);
  const begun = performance.now();
  await server.close();
  await ended;
  expect(performance.now() - begun).toBeLessThan(STEP_MS);
  stalled.close();
}, 30_000);
