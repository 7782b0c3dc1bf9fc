/** A node whose database goes away on request, or answers late: a proxy stands in between. */
import { databaseTarget, throughProxy } from './database-target.js';
import type { ServerOptions, TestServer } from './server.js';
import { startServer } from './server.js';
import { TcpProxy } from './tcp-proxy.js';

/** Two nodes over one database, one of them behind a proxy. */
export interface ProxiedServer {
  /** Reaches the database whatever the proxy does. */
  direct: TestServer;
  proxy: TcpProxy;
  /** Reaches it through the proxy. */
  server: TestServer;
  close(): Promise<void>;
}

/** The time limits as they come: how long a database may be away is what such a test is about. */
const TIME_LIMITS = { REQUEST_TIMEOUT_MS: '', DATABASE_TIMEOUT_MS: '' };

/** Starts a node behind a proxy, and one beside it. */
export const startProxiedServer = async (
  options: Omit<ServerOptions, 'mongodbUri'> = {},
): Promise<ProxiedServer> => {
  const direct = await startServer();
  const proxy = await TcpProxy.start(databaseTarget(direct.mongodbUri));
  const mongodbUri = throughProxy(direct.mongodbUri, proxy);
  const env = { ...TIME_LIMITS, ...options.env };
  const server = await startServer({ ...options, env, mongodbUri });
  return {
    direct,
    proxy,
    server,
    close: async () => {
      await server.close();
      await proxy.close();
      await direct.close();
    },
  };
};
