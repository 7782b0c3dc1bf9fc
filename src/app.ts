import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApi } from './api/index.js';
import type { ApiEvents } from './api/index.js';
import { syncClients } from './api/native/index.js';
import { ConfigError } from './config/index.js';
import { createAccessChanges, defineAccessChangesModels } from './modules/access-changes/index.js';
import { createBroadcasts, defineBroadcastsModels } from './modules/broadcasts/index.js';
import { createChatAccess, createChats, defineChatsModels } from './modules/chats/index.js';
import { createLive, defineLiveModels } from './modules/live/index.js';
import { createMedia, createSharedFiles, defineMediaModels } from './modules/media/index.js';
import { createMessageLog, createMessages, defineMessagesModels } from './modules/messages/index.js';
import { createModeration, defineModerationModels } from './modules/moderation/index.js';
import { createPresence } from './modules/presence/index.js';
import { createReceipts } from './modules/receipts/index.js';
import { createSearch, defineSearchModels } from './modules/search/index.js';
import { createSync } from './modules/sync/index.js';
import { createUsers, defineUsersModels, loadOrCreateSecret } from './modules/users/index.js';
import type { DomainEvents } from './domain-events.js';
import { DISKS } from './platform/disk-space.js';
import type { EventBus, Subscription } from './platform/event-bus.js';
import type { Metrics } from './platform/metrics.js';
import type { PlatformOptions } from './platform/platform.js';
import { HOUR, MINUTE, createPlatform } from './platform/platform.js';
import type { Shutdown } from './platform/shutdown.js';
import { guardArrivals } from './transport/http/arrival-guard.js';
import { createDocsRouter } from './transport/http/docs-router.js';
import { createHealthRouter } from './transport/http/health.routes.js';
import { createHttpServer } from './transport/http/http-server.js';
import { createMetricsRouter } from './transport/http/metrics-router.js';
import { createPagesRouter } from './transport/http/pages-router.js';
import { RequestLimits } from './transport/http/request-limits.js';
import type { AnyRoute } from './transport/http/route.js';
import { mountRoutes } from './transport/http/router.js';
import { joinCluster } from './transport/socket/cluster.js';
import type { AnyCommand } from './transport/socket/command.js';
import { Delivery } from './transport/socket/delivery.js';
import { socketViews } from './transport/socket/socket-views.js';
import type { RenderingTable } from './transport/socket/rendering.js';
import { SocketHub } from './transport/socket/socket-hub.js';
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
  sockets: SocketHub;
  modules: Modules;
  shutdown: Shutdown;
  /**
   * Starts to listen; answers the port.
   *
   * @throws {ConfigError} when PORT and HOST cannot be listened on.
   */
  listen(): Promise<number>;
}

/**
 * Builds a node: platform, modules in the order in which they need each other, api, transport. Nothing is
 * wired anywhere else.
 *
 * @throws {ConfigError} when the settings or the database cannot be used.
 */
export const createApp = async (options: PlatformOptions): Promise<App> => {
  const platform = await createPlatform<DomainEvents>(options, (connection) => {
    defineAccessChangesModels(connection);
    defineUsersModels(connection);
    defineChatsModels(connection);
    defineMessagesModels(connection);
    defineMediaModels(connection);
    defineSearchModels(connection);
    defineBroadcastsModels(connection);
    defineLiveModels(connection);
    defineModerationModels(connection);
  });
  const { bus, clock, config, connection, jobs, limiter, load, logger, metrics } = platform;
  const { database, disks, isDatabasePrivate, localLimiter, redis, shutdown, work } = platform;
  const { uploadTurns, userLimits, userTurns } = platform;
  const onError = (error: AppError) => {
    disks.note(error);
  };
  const jwtSecret = config.jwtSecret ?? (await loadOrCreateSecret(config.dataDir));

  // The servers, which answer nothing yet: modules look at the sockets.
  const http = createHttpServer({ config, logger, metrics });
  const hub = new SocketHub({ httpServer: http.server, config, clock, logger, metrics });
  const sockets = socketViews(hub);

  // Modules.
  const accessChanges = createAccessChanges({ connection, clock });
  const { feed } = accessChanges;
  const chatAccess = createChatAccess({ connection, isAlone: redis === undefined });
  const { access, blocks, contacts, memberships } = chatAccess;
  const users = createUsers({
    config,
    connection,
    bus,
    clock,
    logger,
    jwtSecret,
    accessChanges: feed,
    contacts,
    limits: {
      signUps: limiter('register', config.rateLimitRegisterPerHour, HOUR),
      refusals: limiter('auth', config.rateLimitAuthPer15Min, 15 * MINUTE),
      wrongPasswords: limiter('login-failures', config.rateLimitLoginFailuresPerHour, HOUR),
    },
  });
  const { accounts, administration, audit, auth, authenticator, directory } = users.api;
  const presence = createPresence({
    config,
    bus,
    clock,
    logger,
    load,
    redis,
    contacts,
    chats: chatAccess.chats,
    memberships,
    access,
    directory,
  });
  const messageLog = createMessageLog({
    connection,
    bus,
    clock,
    logger,
    metrics,
    access,
    chats: chatAccess.chats,
    memberships,
    directory,
  });
  const chats = createChats({
    config,
    connection,
    bus,
    clock,
    accessChanges: feed,
    chatAccess,
    directory,
    audit,
    presenceOf: (userIds) => presence.api.reader.states(userIds),
    messageLog,
    newConversations: limiter('conversations', config.rateLimitConversationsPerHour, HOUR),
  });
  const media = createMedia({
    config,
    connection,
    clock,
    logger,
    secret: jwtSecret,
    access,
    users: { profiles: users.api.profiles, accounts },
    messages: messageLog.messages,
  });
  const messages = createMessages({
    config,
    bus,
    clock,
    access,
    memberships,
    directory,
    messageLog,
    attachments: media.api.claims,
    sendLimit: limiter('messages', config.rateLimitMessagesPerMinute, MINUTE),
  });
