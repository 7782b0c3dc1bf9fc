import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Connection } from 'mongoose';
import { createApi } from './api/index.js';
import { syncClients } from './api/native/index.js';
import type { UseCases } from './api/index.js';
import type { Config } from './config/index.js';
import { ConfigError } from './config/index.js';
import { createAccessChanges, defineAccessChangeModels } from './modules/access-changes/index.js';
import { createBroadcasts, defineBroadcastModels } from './modules/broadcasts/index.js';
import { createChatAccess, createChats, defineChatModels } from './modules/chats/index.js';
import { createLive, defineLiveModels } from './modules/live/index.js';
import { createMedia, createSharedFiles, defineMediaModels } from './modules/media/index.js';
import { createMessageLog, createMessages, defineMessageModels } from './modules/messages/index.js';
import { createModeration, defineModerationModels } from './modules/moderation/index.js';
import { createPresence } from './modules/presence/index.js';
import { createReceipts } from './modules/receipts/index.js';
import { createSearch, defineSearchModels } from './modules/search/index.js';
import { createSync } from './modules/sync/index.js';
import { createUsers, defineUsersModels, loadOrCreateSecret } from './modules/users/index.js';
import type { DomainEvents } from './domain-events.js';
import { DISKS } from './platform/disk-space.js';
import type { EventBus, Subscription } from './platform/event-bus.js';
import type { Logger } from './platform/logger.js';
import type { Metrics } from './platform/metrics.js';
import type { PlatformOptions } from './platform/platform.js';
import { HOUR, MINUTE, createPlatform } from './platform/platform.js';
import type { Shutdown } from './platform/shutdown.js';
import type { Actor } from './shared/actor.js';
import type { AppError } from './shared/errors.js';
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
 * Builds a node: platform, modules in the order in which they need each other, api, transport. Nothing is
 * wired anywhere else.
 *
 * @throws {ConfigError} when the settings or the database cannot be used.
 */
export const createApp = async (options: PlatformOptions): Promise<App> => {
  const platform = await createPlatform<DomainEvents>(options, (connection) => {
    defineAccessChangeModels(connection);
    defineUsersModels(connection);
    defineChatModels(connection);
    defineMessageModels(connection);
    defineMediaModels(connection);
    defineSearchModels(connection);
    defineBroadcastModels(connection);
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
  const { access, contacts, memberships, positions } = chatAccess;
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
    positions,
    directory,
    messageLog,
    attachments: media.api.claims,
    sendLimit: limiter('messages', config.rateLimitMessagesPerMinute, MINUTE),
  });

  const sharedFiles = createSharedFiles({
    media: media.api,
    messages: messageLog.messages,
    rooms: chats.api.roomResolver,
    sender: messages.api.sending,
    reader: messages.api.reader,
    history: messages.api.history,
    deletion: messages.api.messageChanges,
  });
  const receipts = createReceipts({
    access,
    positions,
    messages: messageLog.messages,
    log: messageLog.log,
    bus,
    clock,
    logger,
    localUsers: sockets,
  });
  const sync = createSync({
    config,
    clock,
    logger,
    chats: chatAccess.chats,
    list: chats.api.list,
    directory,
    messages: messageLog.messages,
    log: messageLog.log,
    previews: messageLog.previews,
    attachments: media.api.claims,
    markDelivered: (chatId, userId, seq) =>
      receipts.api.receipts.markDelivered(chatId, userId, seq),
    isDatabasePrivate,
    clients: syncClients((channel) => hub.registry.socketsIn(channel)),
  });
  const search = createSearch({
    connection,
    logger,
    access,
    chats: chatAccess.chats,
    positions,
    messages: messageLog.messages,
    history: messages.api.history,
  });
  const broadcasts = createBroadcasts({
    connection,
    bus,
    clock,
    directory,
    administration,
    audit,
    sockets,
  });
  const live = createLive({
    connection,
    config,
    bus,
    clock,
    access,
    directory,
    statusOf: (userId) => accounts.status(userId),
    sender: messages.api.sending,
    sockets: { leave: (liveId, userId) => sockets.leaveStream(liveId, userId) },
  });
  const moderation = createModeration({
    connection,
    clock,
    administration,
    auth,
    audit,
    directChats: chats.api.directChats,
    sender: messages.api.sending,
    reader: messages.api.reader,
  });
  const reconciliation = accessChanges.reconciliation({
    bus,
    memberships: (userIds, chatIds) => memberships.among(userIds, chatIds),
    statusOf: (userId, sessionId) => users.api.statusOf(userId, sessionId),
    sockets,
  });

  // Api: the same use cases, spoken in four ways.
  const useCases: UseCases = {
    auth,
    authenticator,
    users: users.api.profiles,
    directory,
    administration,
    audit,
    access,
    directChats: chats.api.directChats,
    list: chats.api.list,
    archive: chats.api.archive,
    settings: chats.api.settings,
    blocks: chats.api.blocks,
    groups: chats.api.groups,
    members: chats.api.members,
    rooms: chats.api.rooms,
    roomResolver: chats.api.roomResolver,
    online: chats.api.online,
    invites: chats.api.invites,
    sending: messages.api.sending,
    messageChanges: messages.api.messageChanges,
    history: messages.api.history,
    lookups: messages.api.lookups,
    unreadAt: messageLog.unreadAt,
    receipts: receipts.api.receipts,
    typing: presence.api.typing,
    presence: presence.api.reader,
    chooser: presence.api.chooser,
    sync: sync.api.sync,
    search: search.api.search,
    media: media.api,
    sharedFiles,
    broadcasts: broadcasts.api.broadcasts,
    inbox: broadcasts.api.inbox,
    statistics: broadcasts.api.statistics,
    live: live.api,
    admin: moderation.api.admin,
    reports: moderation.api.reports,
    clock,
    maxLength: config.messageMaxLength,
    passwordMinLength: config.passwordMinLength,
  };
  const { routes, commands, events } = createApi(useCases);

  // Subscriptions: their phases, not their places here, say what runs first.
  const delivery = new Delivery<DomainEvents>(hub.io, hub.registry);
  const subscriptions: Subscription<DomainEvents>[] = [
    ...hub.subscriptions,
    ...chatAccess.subscriptions,
    ...users.subscriptions,
    ...presence.subscriptions,
    ...messageLog.subscriptions,
    ...chats.subscriptions,
    ...media.subscriptions,
    ...receipts.subscriptions,
    ...sync.subscriptions,
    ...search.subscriptions,
    ...broadcasts.subscriptions,
    ...live.subscriptions,
    ...delivery.subscriptions(events),
  ];
  bus.subscribe(subscriptions);

  // Transport.
  const requireAdmin = (actor: Actor) => users.api.requireAdmin(actor);
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
  if (redis) joinCluster(hub.io, bus, redis, logger);
  socketServer.start();
  guardArrivals(http.server);
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
      createDocsRouter(routes),
      createPagesRouter(),
      mountRoutes(routes, {
        authenticator,
        requireAdmin,
        limits: new RequestLimits({
          general: limiter('general', config.rateLimitGeneralPer15Min, 15 * MINUTE),
          user: limiter('user', config.rateLimitUserPer15Min, 15 * MINUTE),
          files: localLimiter('files', config.rateLimitFilesPerMinute, MINUTE),
        }),
        userLimits,
        userTurns,
        uploadTurns,
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
  sync.start();
  await users.start();
  await reconciliation.start();
  await Promise.all([presence.start(), broadcasts.start()]);
  await media.start();
  await chats.start();
  await messageLog.start();
  jobs.start([
    ...reconciliation.jobs,
    ...broadcasts.jobs,
    ...presence.jobs,
    ...live.jobs,
    ...media.jobs,
  ]);

  // Shutdown, in the order in which the parts need each other.
  shutdown.add('stop accepting', 1000, () => {
    hub.isAccepting = false;
    work.close();
    http.server.close();
  });
  shutdown.add('stop jobs', 3000, () => {
    media.close();
    return jobs.stop();
  });
  shutdown.add('finish what is under way', DRAIN_MS, async () => {
    await Promise.all([messageLog.drained(), work.idle()]);
  });
  shutdown.add('close sockets', 8000, () => hub.close());
  shutdown.add('end digests', 3000, () => {
    load.stop();
    return sync.close();
  });
  shutdown.add('write what is in memory', 3000, () =>
    // The database must not be closed under those that go on when one has failed.
    allSettled([search.close(), receipts.close(), messageLog.close(), presence.close()]),
  );
  shutdown.add('end disk probes', 3000, () => disks.stop());
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
    sockets: hub,
    useCases,
    connection,
    shutdown,
    collectOrphans: () => media.collectOrphans(),
    listen: () => listenOn(http.server, config, logger),
  };
};

/** Waits for all of the work, then rejects as the first that has failed. */
const allSettled = async (work: Promise<void>[]): Promise<void> => {
  await Promise.allSettled(work);
  await Promise.all(work);
};

const listenOn = (
  server: HttpServer,
  { host, port }: Pick<Config, 'host' | 'port'>,
  logger: Logger,
): Promise<number> =>
  new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      reject(
        new ConfigError([`PORT ${port} and HOST ${host} cannot be listened on: ${error.message}`]),
      );
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      // An accept that fails, for want of memory or by a firewall, concerns one connection.
      server.on('error', (error) => {
        logger.error({ err: error }, 'a connection could not be accepted');
      });
      resolve((server.address() as AddressInfo).port);
    });
  });
