import { createServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import { createHttpApp } from '../transport/http/app.js';
import { createDocsRouter } from '../transport/http/docs-router.js';
import { createHealthRouter } from '../transport/http/health.routes.js';
import { limitHttpConnections } from '../transport/http/http-connections.js';
import { createMetricsRouter } from '../transport/http/metrics-router.js';
import { mountRoutes } from '../transport/http/router.js';
import { createPagesRouter } from '../transport/http/pages-router.js';
import { RequestLimits } from '../transport/http/request-limits.js';
import type { AnyRoute } from '../transport/http/route.js';
import { DISKS } from '../platform/disk-space.js';
import { joinCluster } from '../transport/socket/cluster.js';
import { SocketServer } from '../transport/socket/socket-server.js';
import { audiences } from '../shared/audience.js';
import type { Actor } from '../shared/actor.js';
import type { Areas } from './areas.js';
import type { Foundation } from './foundation.js';
import { MINUTE } from './intervals.js';

/**
 * How long an idle connection is kept, in milliseconds: longer than proxies keep theirs (nginx 60 s, Traefik
 * 90, Caddy 120), or one sends a request on a connection that is just being closed, and answers 502.
 */
const KEEP_ALIVE_MS = 125_000;

/**
 * How long a request may take to arrive, in milliseconds: Node's own five minutes cut off an upload of 100 MB
 * on a line of 2 Mbit/s. Bodies that trickle are cut within a minute (`guardArrivals`), half headers after
 * HEADERS_MS and CHECK_MS, and connections on which nothing moves in either direction after SILENCE_MS.
 */
const ARRIVAL_MS = 60 * MINUTE;
const HEADERS_MS = 30_000;
const CHECK_MS = 5000;
const SILENCE_MS = 2 * MINUTE;

/** Requests under way at a time: what is beyond would not be answered within its deadline anyway. */
const MAX_REQUESTS = 5000;

/** The HTTP side of a node, not listening yet. */
export const buildHttpServer = (
  foundation: Foundation,
  { users }: Areas,
  routes: AnyRoute[],
): HttpServer => {
  const { config, intake, load, logger, metrics, limiter, localLimiter } = foundation;
  const { database, disks, redis, shutdown, userLimits, userTurns, uploadTurns } = foundation;
  const context = {
    authenticator: users.api.authenticator,
    requireAdmin: (actor: Actor) => users.api.requireAdmin(actor),
    limits: new RequestLimits({
      general: limiter('general', config.rateLimitGeneralPer15Min, 15 * MINUTE),
      user: limiter('user', config.rateLimitUserPer15Min, 15 * MINUTE),
      files: localLimiter('files', config.rateLimitFilesPerMinute, MINUTE),
    }),
    userLimits,
    userTurns,
    uploadTurns,
    intake,
    maxAnonymousBodyKb: config.maxAnonymousBodyKb,
    timeoutMs: config.requestTimeoutMs,
    maxRequests: MAX_REQUESTS,
  };
  const components = [
    { name: 'database', isEssential: true, isUp: () => database.isConnected() },
    ...(redis ? [{ name: 'redis', isEssential: false, isUp: () => redis.isConnected() }] : []),
    ...DISKS.map((name) => ({ name, isEssential: false, isUp: () => disks.hasRoom(name) })),
  ];
  const app = createHttpApp({
    config,
    logger,
    metrics,
    health: createHealthRouter({
      environment: config.nodeEnv,
      components,
      load,
      isReady: () => !shutdown.hasBegun,
    }),
    routers: [
      createMetricsRouter(metrics, config.metricsToken),
      createDocsRouter(routes),
      createPagesRouter(),
      mountRoutes(routes, context),
    ],
    onError: (error) => {
      disks.note(error);
    },
  });
  const timeouts = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: ARRIVAL_MS,
    headersTimeout: HEADERS_MS,
    connectionsCheckingInterval: CHECK_MS,
  };
  const server = createServer(timeouts, app).setTimeout(SILENCE_MS);
  limitHttpConnections(server, config, metrics);
  return server;
};

/** The socket side of a node: it tells the areas about devices that come, go, and look at chats. */
export const buildSocketServer = (
  { clock, config, disks, intake, userLimits, userTurns, logger, metrics, bus, redis }: Foundation,
  { access, contacts, presence: { attendance }, broadcasts, live, typing, users }: Areas,
  httpServer: HttpServer,
): SocketServer => {
  const sockets = new SocketServer({
    httpServer,
    config,
    logger,
    metrics,
    intake,
    userLimits,
    userTurns,
    clock,
    onError: (error) => {
      disks.note(error);
    },
    authenticator: users.api.authenticator,
    requireMember: (userId, chatId) => access.member(userId, chatId),
    requireAdmin: (actor) => users.api.requireAdmin(actor),
    chatIdsOf: (userId) => contacts.chatIdsOf(userId),
    lifecycle: {
      connected: async (actor, socketId, chatIds) => {
        await Promise.all([
          attendance.connect(actor.userId, socketId, chatIds),
          broadcasts.connected(actor, socketId),
        ]);
      },
      disconnected: async (userId, socketId) => {
        attendance.disconnect(userId, socketId);
        await live.disconnected(socketId);
      },
      viewed: async (userId, chatId, isOpen) => {
        if (!isOpen) typing.stopNow(userId, chatId);
        if (await attendance.isHiding(userId)) return;
        bus.emit(
          isOpen ? 'chat.opened' : 'chat.closed',
          { chatId, userId, audience: audiences.viewers(chatId, [userId]) },
          { scope: 'cluster' },
        );
      },
    },
  });
  if (redis) joinCluster(sockets.io, bus, redis, logger);
  return sockets;
};
