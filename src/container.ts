import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from './config/index.js';
import { buildAreas } from './composition/areas.js';
import type { DomainEvents } from './composition/domain-events.js';
import { buildApi } from './composition/endpoints.js';
import type { ContainerOptions } from './composition/foundation.js';
import { layFoundation } from './composition/foundation.js';
import { startNode } from './composition/lifecycle.js';
import { subscriptionsOf } from './composition/subscriptions.js';
import { buildHttpServer, buildSocketServer } from './composition/transports.js';
import { guardArrivals } from './transport/http/arrival-guard.js';
import type { AnyRoute } from './transport/http/route.js';
import type { EventBus, Subscription } from './platform/event-bus.js';
import type { Metrics } from './platform/metrics.js';
import type { Shutdown } from './platform/shutdown.js';
import type { AnyCommand } from './transport/socket/command.js';
import type { RenderingTable } from './transport/socket/rendering.js';
import type { SocketServer } from './transport/socket/socket-server.js';

/** A node, built and connected, but not listening yet. */
export interface Container {
  httpServer: HttpServer;
  bus: EventBus<DomainEvents>;
  metrics: Metrics;
  /** Every REST endpoint, for the specification and the tests that go through all of them. */
  routes: AnyRoute[];
  /** Every socket command, likewise. */
  commands: AnyCommand[];
  /** Everything that is done about domain events, and how clients hear of them; for `docs/events.md`. */
  subscriptions: Subscription<DomainEvents>[];
  renderings: RenderingTable<DomainEvents>[];
  sockets: SocketServer;
  shutdown: Shutdown;
  /** Removes uploads that nothing uses; answers how many. Runs every hour by itself. */
  collectOrphans(): Promise<number>;
  /**
   * Starts to listen; answers the port.
   *
   * @throws {ConfigError} when PORT and HOST cannot be listened on.
   */
  listen(): Promise<number>;
}

/** Builds a node: every part explicitly, in the order in which they need each other. */
export const createContainer = async (options: ContainerOptions): Promise<Container> => {
  const foundation = await layFoundation(options);
  const { bus, config, logger, metrics, shutdown } = foundation;
  const areas = buildAreas(foundation, () => sockets.directory);
  const api = buildApi(foundation, areas);
  const { routes, commands } = api;
  const httpServer = buildHttpServer(foundation, areas, routes);
  const sockets = buildSocketServer(foundation, areas, httpServer);
  sockets.listen(commands);
  guardArrivals(httpServer);
  const subscriptions = subscriptionsOf({ foundation, areas, api, sockets });
  bus.subscribe(subscriptions);
  await startNode({ foundation, areas, httpServer, sockets });

  return {
    httpServer,
    bus,
    metrics,
    routes,
    commands,
    subscriptions,
    renderings: api.events,
    sockets,
    shutdown,
    collectOrphans: () => areas.media.collectOrphans(),
    listen: () =>
      new Promise((resolve, reject) => {
        const refuse = (error: Error) => {
          const place = `PORT ${config.port} and HOST ${config.host}`;
          reject(new ConfigError([`${place} cannot be listened on: ${error.message}`]));
        };
        httpServer.once('error', refuse);
        httpServer.listen(config.port, config.host, () => {
          httpServer.off('error', refuse);
          // An accept that fails, for want of memory or by a firewall, concerns one connection.
          httpServer.on('error', (error) => {
            logger.error({ err: error }, 'a connection could not be accepted');
          });
          resolve((httpServer.address() as AddressInfo).port);
        });
      }),
  };
};
