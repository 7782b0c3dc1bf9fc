import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Config } from '../../config/index.js';
import type { Metrics } from '../../platform/metrics.js';
import { Tally, addressKey } from '../../platform/tally.js';
import type { Release } from '../../platform/tally.js';
import { isTrustedProxy } from './client-address.js';

/**
 * Closes connections beyond `HTTP_CONNECTIONS_PER_ADDRESS` from one address as soon as they are accepted.
 * Here the address is that of the other end, as no request has been read yet; so proxies are exempt. A
 * connection that becomes a websocket leaves this count for that of the sockets, which has its own limit.
 */
export const limitHttpConnections = (
  server: Server,
  config: Pick<Config, 'httpConnectionsPerAddress' | 'trustProxy'>,
  metrics: Pick<Metrics, 'connectionsRefused'>,
): void => {
  if (config.httpConnectionsPerAddress === 0) return;
  const tally = new Tally(config.httpConnectionsPerAddress);
  const isProxy = isTrustedProxy(config.trustProxy);
  const releases = new WeakMap<object, Release>();
  server.on('connection', (connection: Socket) => {
    const address = connection.remoteAddress ?? '';
    if (isProxy(address)) return;
    const release = tally.take(addressKey(address));
    if (!release) {
      metrics.connectionsRefused.inc({ reason: 'http' });
      connection.destroy();
      return;
    }
    releases.set(connection, release);
    connection.once('close', release);
  });
  server.on('upgrade', ({ socket }: IncomingMessage) => releases.get(socket)?.());
};
