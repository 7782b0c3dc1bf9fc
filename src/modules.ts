import type { Connection } from 'mongoose';
import { syncClients, webhookPayloads } from './api/native/index.js';
import type { UseCases } from './api/index.js';
import type { Config } from './config/index.js';
import type { DomainEvents } from './domain-events.js';
import { createAccessChanges, defineAccessChangeModels } from './modules/access-changes/index.js';
import { createBroadcasts, defineBroadcastModels } from './modules/broadcasts/index.js';
import {
  SlowMode,
  createChatAccess,
  createChats,
  defineChatModels,
} from './modules/chats/index.js';
import { createLive, defineLiveModels } from './modules/live/index.js';
import { createMail, defineMailModels } from './modules/mail/index.js';
import { createMedia, createSharedFiles, defineMediaModels } from './modules/media/index.js';
import {
  HeldMessagesRepository,
  MessagesRepository,
  PreSendHook,
  VerdictsRepository,
  createMessageLog,
  createMessages,
  defineHeldMessageModel,
  defineMessageModels,
  defineVerdictModel,
} from './modules/messages/index.js';
import {
  CasesRepository,
  createModeration,
  defineModerationModels,
} from './modules/moderation/index.js';
import { createPresence } from './modules/presence/index.js';
import { createReceipts } from './modules/receipts/index.js';
import { createSearch, defineSearchModels } from './modules/search/index.js';
import { createServerCalls } from './modules/server-calls/index.js';
import { createServerKeys, defineServerKeyModels } from './modules/server-keys/index.js';
import { createStars, defineStarModels } from './modules/stars/index.js';
import { createSync } from './modules/sync/index.js';
import {
  createUsers,
  defineUsersModels,
  isAdminNow,
  loadOrCreateSecret,
  newTokenId,
} from './modules/users/index.js';
import { createWebhooks, defineWebhookModels } from './modules/webhooks/index.js';
import { createWordFilter, defineWordFilterModels } from './modules/word-filter/index.js';
import type { Subscription } from './platform/event-bus.js';
import type { Job } from './platform/jobs.js';
import { createMailer } from './platform/mailer.js';
import type { Platform } from './platform/platform.js';
import { HOUR, MINUTE } from './platform/platform.js';
import { GuardedOutbound, TrustedOutbound, parseRange } from './platform/outbound.js';
import { notFound } from './shared/errors.js';
import type { ExternalIdLookup } from './shared/external-ids.js';
import { metadataIndexesOf } from './shared/metadata.js';
import type { SocketHub } from './transport/socket/socket-hub.js';
import { socketViews } from './transport/socket/socket-views.js';

/** What runs of a module while the node does; each has as much of it as it needs. */
export interface RunningModule {
  subscriptions?: Subscription<DomainEvents>[];
  jobs?: Job[];
  /** Called before the node takes connections, one module after the other. */
  start?(): Promise<void> | void;
  /** Called when the node has closed its sockets; the database is there until all have ended. */
  close?(): Promise<void>;
}

/** Registers the models of all modules on a connection. */
export const defineModels = (connection: Connection): void => {
  defineAccessChangeModels(connection);
  defineUsersModels(connection);
  defineMailModels(connection);
  defineChatModels(connection);
  defineMessageModels(connection);
  defineMediaModels(connection);
  defineSearchModels(connection);
  defineBroadcastModels(connection);
  defineLiveModels(connection);
  defineModerationModels(connection);
  defineStarModels(connection);
  defineServerKeyModels(connection);
  defineWebhookModels(connection);
  defineWordFilterModels(connection);
  defineHeldMessageModel(connection);
  defineVerdictModel(connection);
};

/** The sender of mails: MAIL_FROM, or one at the host of PUBLIC_URL, which SMTP_URL needs. */
const senderOf = ({ mailFrom, publicUrl = '' }: Pick<Config, 'mailFrom' | 'publicUrl'>): string =>
  mailFrom ?? `no-reply@${new URL(publicUrl).hostname}`;

/**
 * Builds the modules in the order in which they need each other.
 *
 * @param deps.platform its connection has the models of `defineModels`.
 * @param deps.hub the sockets of this node, which the modules see as `SocketViews`.
 */
export const createModules = async ({
  platform,
  hub,
}: {
  platform: Platform<DomainEvents>;
  hub: SocketHub;
}) => {
  const { bus, clock, config, connection, isDatabasePrivate, limiter, load, logger } = platform;
  const { metrics, redis } = platform;
  const sockets = socketViews(hub);
  const jwtSecret = config.jwtSecret ?? (await loadOrCreateSecret(config.dataDir));

  const metadataIndexes = metadataIndexesOf(config.metadataIndexes);
  const accessChanges = createAccessChanges({ connection, clock });
  const { feed, freshness } = accessChanges;
  const wordFilter = createWordFilter({ connection, logger, clock, accessChanges: feed });
  const names = wordFilter.filter;
  const storedMessages = new MessagesRepository(connection);
  const chatAccess = createChatAccess({
    connection,
    clock,
    accessChanges: feed,
    freshness,
    hasWritten: (chatId, userId) => storedMessages.hasWritten(chatId, userId),
  });
  const { access, contacts, memberships, positions } = chatAccess;
  const mail = createMail({
    connection,
    mailer:
      config.smtpUrl === undefined ? undefined : createMailer(config.smtpUrl, senderOf(config)),
    compose: (due) => users.api.mails.compose(due),
    newId: newTokenId,
    clock,
    logger,
    metrics,
  });
  const users = createUsers({
    config,
    connection,
    bus,
    clock,
    logger,
    jwtSecret,
    accessChanges: feed,
    freshness,
    contacts,
    mailOrders: mail.api.orders,
    names,
    limits: {
      signUps: limiter('register', config.rateLimitRegisterPerHour, HOUR),
      refusals: limiter('auth', config.rateLimitAuthPer15Min, 15 * MINUTE),
      wrongPasswords: limiter('login-failures', config.rateLimitLoginFailuresPerHour, HOUR),
      wrongCodes: limiter('totp-failures', config.rateLimitTotpFailuresPerHour, HOUR),
      mailRequests: limiter('mail-requests', config.rateLimitMailRequestsPerHour, HOUR),
      mails: limiter('mails', config.rateLimitMailsPerHour, HOUR),
    },
  });
  const { accounts, administration, audit, auth, authenticator, directory } = users.api;
  const serverKeys = createServerKeys({
    connection,
    bus,
    clock,
    logger,
    accessChanges: feed,
    freshness,
    audit,
    secret: jwtSecret,
  });
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
    names,
    presenceOf: (userIds) => presence.api.reader.states(userIds),
    messageLog,
    newConversations: limiter('conversations', config.rateLimitConversationsPerHour, HOUR),
    // What the login remembers of the role may be old.
    mayMakeRooms: async ({ userId, isMinted }) =>
      config.roomCreation === 'everyone' ||
      (!isMinted && isAdminNow(await accounts.status(userId))),
    sentInvites: limiter('invites', config.rateLimitInvitesPerHour, HOUR),
  });
  const cases = new CasesRepository(connection);
  const heldMessages = new HeldMessagesRepository(connection);
  const media = await createMedia({
    config,
    connection,
    clock,
    logger,
    secret: jwtSecret,
    access,
    users: { profiles: users.api.profiles, accounts },
    messages: messageLog.messages,
    isFileKept: async (fileId) =>
      (await heldMessages.isFileUsed(fileId)) || cases.isFileKept(fileId),
  });
  const preSendOutbound = new TrustedOutbound();
  const preSend =
    config.preSendUrl === undefined
      ? undefined
      : new PreSendHook({
          outbound: preSendOutbound,
          verdicts: new VerdictsRepository(connection),
          url: config.preSendUrl,
          secret: config.preSendSecret,
          onError: config.preSendOnError,
          maxLength: config.messageMaxLength,
          clock,
          logger,
          metrics,
        });
  const messages = createMessages({
    config,
    connection,
    bus,
    clock,
    access,
    slowMode: new SlowMode(memberships, clock),
    positions,
    contacts,
    directory,
    messageLog,
    attachments: media.api.claims,
    audit,
    sendLimit: limiter('messages', config.rateLimitMessagesPerMinute, MINUTE),
    review: preSend,
    words: wordFilter.filter,
    accessChanges: feed,
    requireAdmin: users.api.requireAdmin,
  });
  const sharedFiles = createSharedFiles({
    media: media.api,
    messages: messageLog.messages,
    rooms: chats.api.roomResolver,
    sending: messages.api.sending,
    reader: messages.api.reader,
    history: messages.api.history,
    deletion: messages.api.messageChanges,
  });
  const receipts = createReceipts({
    access,
    contacts,
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
    heldMessages: messages.api.heldMessages,
    contacts,
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
  const stars = createStars({
    connection,
    bus,
    clock,
    reader: messages.api.reader,
    lookups: messages.api.lookups,
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
    sending: messages.api.sending,
    words: wordFilter.filter,
    sockets: { leave: (liveId, userId) => sockets.leaveStream(liveId, userId) },
  });
  const moderation = createModeration({
    connection,
    clock,
    administration,
    auth,
    twoFactor: users.api.twoFactor,
    audit,
    directChats: chats.api.directChats,
    sending: messages.api.sending,
    reader: messages.api.reader,
    cases,
    messages: messageLog.messages,
    access,
    directory,
    nameOf: async (chatId) => (await access.snapshot(chatId))?.name ?? '',
    deleteMessage: (actor, messageId, reason) =>
      messages.api.messageChanges.deleteAsModerator(actor, messageId, reason),
    accounts,
    accessChanges: feed,
    bus,
    sanctions: chatAccess.sanctions,
    enforcement: chats.api.enforcement,
  });
  const serverCalls = createServerCalls({
    clock,
    issuer: users.api.externalIds.namespace,
    revokeForeignTokens: (userId) => users.api.foreign.revokeAll(userId),
    names,
    users: users.api,
    admin: moderation.api.admin,
    access,
    chats: chatAccess.chats,
    chatsApi: chats.api,
    messages: messages.api,
    metadataSearch: search.api.metadataSearch,
  });
  const allowedRanges = config.outboundAllow.split(',').filter(Boolean).map(parseRange);
  const webhooks = createWebhooks({
    config,
    connection,
    clock,
    logger,
    metrics,
    outbound: new GuardedOutbound(allowedRanges),
    audit,
    broadcasts: broadcasts.api.broadcasts,
    messages: messageLog.messages,
    facts: {
      chats: chatAccess.chats,
      memberships,
      users: users.api.stored,
      reports: moderation.api.storedReports,
      media: media.api.stored,
      broadcasts: broadcasts.api.broadcasts,
      directory,
    },
    payloads: webhookPayloads,
  });
  const reconciliation = accessChanges.reconciliation({
    bus,
    memberships: (userIds, chatIds) => memberships.among(userIds, chatIds),
    statusOf: (userId, sessionId) => users.api.statusOf(userId, sessionId),
    sockets,
  });

  const wordRules = wordFilter.rules({
    audit,
    assertChat: async (chatId) => {
      if (!(await access.snapshot(chatId))) throw notFound('Chat');
    },
  });

  const useCases: UseCases = {
    auth,
    authenticator,
    registration: users.api.registration,
    registrationInvites: users.api.registrationInvites,
    passwordReset: users.api.passwordReset,
    emailAddresses: users.api.emailAddresses,
    twoFactor: users.api.twoFactor,
    ownAccount: users.api.ownAccount,
    foreign: users.api.foreign,
    users: users.api.profiles,
    directory,
    administration,
    audit,
    serverKeys: serverKeys.api.keys,
    ...serverCalls.api,
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
    personalInvites: chats.api.personalInvites,
    joinRequests: chats.api.joinRequests,
    sending: messages.api.sending,
    heldMessages: messages.api.heldMessages,
    heldReview: messages.api.heldReview,
    wordRules,
    messageChanges: messages.api.messageChanges,
    history: messages.api.history,
    lookups: messages.api.lookups,
    stars: stars.api.stars,
    unreadAt: messageLog.unreadAt,
    receipts: receipts.api.receipts,
    typing: presence.api.typing,
    presence: presence.api.reader,
    chooser: presence.api.chooser,
    sync: sync.api.sync,
    search: search.api.search,
    metadataSearch: search.api.metadataSearch,
    media: media.api,
    sharedFiles,
    broadcasts: broadcasts.api.broadcasts,
    inbox: broadcasts.api.inbox,
    statistics: broadcasts.api.statistics,
    live: live.api,
    admin: moderation.api.admin,
    reports: moderation.api.reports,
    cases: moderation.api.cases,
    sanctions: moderation.api.sanctions,
    webhooks: webhooks.api.webhooks,
    clock,
    metadataIndexes,
    maxLength: config.messageMaxLength,
    passwordMinLength: config.passwordMinLength,
  };

  const externalIdLookup: ExternalIdLookup = {
    idsOf: (kind, texts) =>
      kind === 'user'
        ? users.api.externalIds.idsOf(texts)
        : chatAccess.chats.idsByExternalIds(texts),
  };

  /** In the order in which they start. */
  const running: RunningModule[] = [
    chatAccess,
    users,
    mail,
    wordFilter,
    messages,
    reconciliation,
    presence,
    broadcasts,
    media,
    chats,
    messageLog,
    receipts,
    sync,
    search,
    live,
    stars,
    moderation,
    serverKeys,
    webhooks,
    { close: () => preSendOutbound.close() },
  ];
  return {
    useCases,
    running,
    externalIdLookup,
    access,
    contacts,
    users,
    presence,
    broadcasts,
    live,
    media,
    messageLog,
    serverKeys: serverKeys.api,
  };
};
