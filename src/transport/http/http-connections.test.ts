import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createMetrics } from '../../platform/metrics.js';
import { limitHttpConnections } from './http-connections.js';

const open: Socket[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

const start = async (httpConnectionsPerAddress: number, trustProxy = 'false') => {
  const server = createServer((_req, res) => res.end('ok'));
  const metrics = createMetrics();
  limitHttpConnections(server, { httpConnectionsPerAddress, trustProxy }, metrics);
  server.on('upgrade', (_req, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port, metrics };
};

/** Opens a connection and sends a request; answers the status line, or undefined when it was closed. */
const ask = async (
  port: number,
  localAddress: string,
  headers = '',
): Promise<string | undefined> => {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  open.push(socket);
  socket.on('error', () => undefined);
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  return new Promise((resolve) => {
    socket.once('data', (data) => {
      resolve(data.toString().split('\r\n')[0]);
    });
    socket.once('close', () => {
      resolve(undefined);
    });
  });
};
const OK = 'HTTP/1.1 200 OK';

describe('HTTP connections from one address', () => {
  it.each([1, 3, 20])('beyond %i are closed at once, and other addresses are served', async (n) => {
    const { port, metrics } = await start(n);
    for (let i = 0; i < n; i += 1) expect(await ask(port, '127.0.0.1')).toBe(OK);
    for (let i = 0; i < 3; i += 1) expect(await ask(port, '127.0.0.1')).toBeUndefined();
    expect(await ask(port, '127.0.0.2')).toBe(OK);
    const { values } = await metrics.connectionsRefused.get();
    expect(values).toMatchObject([{ labels: { reason: 'http' }, value: 3 }]);
  });

  it('make room when they end', async () => {
    const { server, port } = await start(2);
    for (let i = 0; i < 5; i += 1) {
      const accepted = once(server, 'connection') as Promise<[Socket]>;
      expect(await ask(port, '127.0.0.1')).toBe(OK);
      const [connection] = await accepted;
      const closed = once(connection, 'close');
      open.pop()!.destroy();
      await closed;
    }
  });

  it('that have become websockets count as sockets instead', async () => {
    const { port } = await start(2);
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    for (let i = 0; i < 10; i += 1) {
      expect(await ask(port, '127.0.0.1', upgrade)).toBe('HTTP/1.1 101 Switching Protocols');
    }
    expect([await ask(port, '127.0.0.1'), await ask(port, '127.0.0.1')]).toEqual([OK, OK]);
    expect(await ask(port, '127.0.0.1')).toBeUndefined();
  });

  it.each(['1', 'true', 'loopback', '127.0.0.1', '10.0.0.1, 127.0.0.0/8'])(
    'are without a bound for a proxy that TRUST_PROXY=%s names',
    async (trustProxy) => {
      const { port } = await start(1, trustProxy);
      for (let i = 0; i < 5; i += 1) expect(await ask(port, '127.0.0.1')).toBe(OK);
    },
  );

  it.each(['false', '127.0.0.9', '10.0.0.0/8'])(
    'are bounded for whom TRUST_PROXY=%s does not name',
    async (trustProxy) => {
      const { port } = await start(1, trustProxy);
      expect(await ask(port, '127.0.0.1')).toBe(OK);
      expect(await ask(port, '127.0.0.1')).toBeUndefined();
    },
  );

  it('are without a bound when it is 0', async () => {
    const { port } = await start(0);
    for (let i = 0; i < 30; i += 1) expect(await ask(port, '127.0.0.1')).toBe(OK);
  });
});
