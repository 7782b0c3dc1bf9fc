/** Connection strings, for a proxy before the database. */
import type { NetConnectOpts } from 'node:net';
import type { TcpProxy } from './tcp-proxy.js';

/** MongoDB's port, where a connection string names none. */
const DEFAULT_PORT = 27017;

/** Where a connection string leads: to a port, or to a Unix socket. */
export const databaseTarget = (uri: string): NetConnectOpts => {
  const { host, hostname, port } = new URL(uri);
  const path = decodeURIComponent(host);
  if (path.endsWith('.sock')) return { path };
  return { host: hostname, port: port === '' ? DEFAULT_PORT : Number(port) };
};

/** The same database by way of the proxy, and by no other: the driver must not find its own way round. */
export const throughProxy = (uri: string, { port }: TcpProxy): string =>
  `mongodb://127.0.0.1:${port}${new URL(uri).pathname}?directConnection=true`;
