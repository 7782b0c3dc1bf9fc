import type { Server as HttpServer } from 'node:http';
import type { Connection } from 'mongoose';
import { createApi } from './api/index.js';
import { documentation } from './api/documentation/index.js';
import { errorBodySchema } from './api/shared/event.schemas.js';
import { webhookEvents } from './api/native/index.js';
import type { UseCases } from './api/index.js';
import type { DomainEvents } from './domain-events.js';
import { createModules, defineModels } from './modules.js';
import { DISKS } from './platform/disk-space.js';
import type { EventBus, Subscription } from './platform/event-bus.js';
import type { Metrics } from './platform/metrics.js';
import type { PlatformOptions } from './platform/platform.js';
import { MINUTE, createPlatform } from './platform/platform.js';
import type { Shutdown } from './platform/shutdown.js';
import type { AppError } from './shared/errors.js';
import { guardArrivals } from './transport/http/arrival-guard.js';
import { closeAfterBodies } from './transport/http/lingering-close.js';
import { createDocsRouter, packageVersion } from './transport/http/docs-router.js';
import { createHealthRouter } from './transport/http/health.routes.js';
import { createHttpServer } from './transport/http/http-server.js';
import { createMetricsRouter } from './transport/http/metrics-router.js';
import { createPagesRouter } from './transport/http/pages-router.js';
import { createProtocolDocsRouter } from './transport/http/protocol-docs-router.js';
import { RequestLimits } from './transport/http/request-limits.js';
import type { AnyRoute } from './transport/http/route.js';
import { mountRoutes } from './transport/http/router.js';
import { createWebRouter } from './transport/http/web-router.js';
import type { AnyCommand } from './transport/socket/command.js';
import { Delivery } from './transport/socket/delivery.js';
import type { RenderingTable } from './transport/socket/rendering.js';
import { SocketHub } from './transport/socket/socket-hub.js';
import type { ServerEvent } from './transport/socket/server-event.js';
import { SocketServer } from './transport/socket/socket-server.js';

/** Requests under way at a time: what is beyond would not be answered within its deadline anyway. */
const MAX_REQUESTS = 5000;
/** How long work under way may take when the node shuts down, in milliseconds. */
const DRAIN_MS = 5000;

/** A node, built and connected, but not listening yet. */
export interface App {
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
  /** Every event that clients get, by dialect. */
  serverEvents: ServerEvent[];
  sockets: SocketHub;
  /** The use cases, as the dialects call them. */
  useCases: UseCases;
  /** The connection of all models. */
  connection: Connection;
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

/**
 * Builds a node: platform, modules, api, transport; says what starts and ends in which order. The modules are
 * wired in `modules.ts`, and nothing anywhere else.
 *
 * @throws {ConfigError} when the settings or the database cannot be used.
 */
export const createApp = async (options: PlatformOptions): Promise<App> => {
  const platform = await createPlatform<DomainEvents>(options, defineModels);
  const { bus, clock, config, connection, jobs, limiter, load, logger, metrics } = platform;
  const { database, disks, localLimiter, redis, shutdown, work } = platform;
  const { uploadTurns, userLimits, userTurns } = platform;
  const onError = (error: AppError) => {
    disks.note(error);
  };

  // The servers, which answer nothing yet: modules look at the sockets.
  const http = createHttpServer({ config, logger, metrics });
  const hub = new SocketHub({ httpServer: http.server, config, clock, logger, metrics });

  const modules = await createModules({ platform, hub });
  const { access, broadcasts, contacts, externalIdLookup, live, media, messageLog } = modules;
  const { presence, running, serverKeys } = modules;
  const { authenticator, requireAdmin } = modules.users.api;

  // Api: the same use cases, spoken in four ways.
  const { useCases } = modules;
  const { routes, commands, events, serverEvents } = createApi(useCases);

  // Subscriptions: their phases, not their places here, say what runs first.
  const delivery = new Delivery<DomainEvents>(hub.io, hub.registry);
  const subscriptions: Subscription<DomainEvents>[] = [
    ...hub.subscriptions,
    ...running.flatMap((module) => module.subscriptions ?? []),
    ...delivery.subscriptions(events),
  ];
  bus.subscribe(subscriptions);

  // Transport.
  const socketServer = new SocketServer({
    hub,
    commands,
    config,
    logger,
    metrics,
    work,
    userLimits,
    userTurns,
    authenticator,
    onError,
    externalIdLookup,
    requireMember: (userId, chatId) => access.member(userId, chatId),
    requireAdmin,
    chatIdsOf: (userId) => contacts.chatIdsOf(userId),
    connected: async (actor, socketId, chatIds) => {
      await Promise.all([
        presence.api.tracker.connect(actor.userId, socketId, chatIds),
        broadcasts.connected(actor, socketId),
      ]);
    },
    disconnected: async (userId, socketId) => {
      presence.api.tracker.disconnect(userId, socketId);
      await live.disconnected(socketId);
    },
    viewed: (userId, chatId, isOpen) => presence.api.viewing.viewed(userId, chatId, isOpen),
  });
  if (redis) {
    // A single node needs none of it.
    const { joinCluster } = await import('./transport/socket/cluster.js');
    joinCluster(hub.io, bus, redis, logger);
  }
  socketServer.start();
  guardArrivals(http.server);
  closeAfterBodies(http.server);
  http.mount({
    health: createHealthRouter({
      environment: config.nodeEnv,
      components: [
        { name: 'database', isEssential: true, isUp: () => database.isConnected() },
        ...(redis ? [{ name: 'redis', isEssential: false, isUp: () => redis.isConnected() }] : []),
        ...DISKS.map((name) => ({ name, isEssential: false, isUp: () => disks.hasRoom(name) })),
      ],
      load,
      isReady: () => !shutdown.hasBegun,
    }),
    routers: [
      createMetricsRouter(metrics, config.metricsToken),
      createDocsRouter(routes, undefined, webhookEvents, documentation),
      createProtocolDocsRouter(
        { commands, serverEvents, renderings: events, errorBody: errorBodySchema },
        packageVersion(),
      ),
      createPagesRouter(),
      createWebRouter(config),
      mountRoutes(routes, {
        authenticator,
        requireAdmin,
        limits: new RequestLimits({
          general: limiter('general', config.rateLimitGeneralPer15Min, 15 * MINUTE),
          user: limiter('user', config.rateLimitUserPer15Min, 15 * MINUTE),
          files: localLimiter('files', config.rateLimitFilesPerMinute, MINUTE),
          logouts: limiter('logouts', config.rateLimitLogoutsPerMinute, MINUTE),
          'server-key': limiter('server-key', config.rateLimitServerKeyPerMinute, MINUTE),
          'refused-keys': limiter('refused-keys', config.rateLimitAuthPer15Min, 15 * MINUTE),
        }),
        userLimits,
        userTurns,
        uploadTurns,
        serverKeys: serverKeys.authenticator,
        onceCalls: serverKeys.onceCalls,
        externalIdLookup,
        work,
        maxAnonymousBodyKb: config.maxAnonymousBodyKb,
        timeoutMs: config.requestTimeoutMs,
        maxRequests: MAX_REQUESTS,
      }),
    ],
    onError,
  });

  // Start: what must exist exists, then what repeats begins.
  load.start();
  for (const module of running) await module.start?.();
  jobs.start(running.flatMap((module) => module.jobs ?? []));

  // Shutdown, in the order in which the parts need each other.
  shutdown.add('stop accepting', 1000, () => {
    hub.isAccepting = false;
    work.close();
    http.server.close();
  });
  shutdown.add('stop jobs', 3000, () => {
    media.stopCollecting();
    return jobs.stop();
  });
  shutdown.add('finish what is under way', DRAIN_MS, async () => {
    await Promise.all([messageLog.drained(), work.idle()]);
  });
  shutdown.add('close sockets', 8000, () => hub.close());
  shutdown.add('write what is in memory', 3000, () =>
    // The database must not be closed under those that go on when one has failed.
    allSettled(running.map(async (module) => module.close?.())),
  );
  shutdown.add('stop measuring', 3000, () => {
    load.stop();
    return disks.stop();
  });
  shutdown.add('close redis', 1000, () => redis?.close());
  shutdown.add('close database', 3000, () => database.close());

  return {
    httpServer: http.server,
    bus,
    metrics,
    routes,
    commands,
    subscriptions,
    renderings: events,
    serverEvents,
    sockets: hub,
    useCases,
    connection,
    shutdown,
    collectOrphans: () => media.collectOrphans(),
    listen: () => http.listen(config),
  };
};

/** Waits for all of the work, then rejects as the first that has failed. */
const allSettled = async (work: Promise<void>[]): Promise<void> => {
  await Promise.allSettled(work);
  await Promise.all(work);
};
