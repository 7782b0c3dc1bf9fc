import { createMediaModule } from '../modules/media/index.js';
import { ChatsRepository, MembershipsRepository } from '../modules/chats/index.js';
import { createMessagesModule, MessagesRepository } from '../modules/messages/index.js';
import { DeliveryTracker, Receipts } from '../modules/receipts/index.js';
import { createSearch } from '../modules/search/index.js';
import type { SyncClients } from '../modules/sync/index.js';
import { createSync } from '../modules/sync/index.js';
import { Typing } from '../modules/presence/typing.index.js';
import type { Conversations } from './conversations.area.js';
import type { Foundation } from './foundation.js';
import { MINUTE } from './intervals.js';
import type { ParleySocket } from '../transport/socket/socket-data.js';
import type { People } from './people.area.js';

/** What is said, and what becomes of it: messages, files, receipts, typing, catching up, searching. */
export const buildMessaging = (
  {
    config,
    database,
    models,
    jwtSecret,
    bus,
    clock,
    logger,
    limiter,
    isDatabasePrivate,
  }: Foundation,
  { access, users }: People,
  { log, previews, chats }: Conversations,
  clients: SyncClients<ParleySocket>,
) => {
  const { messages } = models;
  const { accounts, directory, profiles } = users.api;
  const { memberships } = models.chats;
  const media = createMediaModule({
    config,
    secret: jwtSecret,
    media: models.media,
    messages,
    access,
    users: profiles,
    accounts,
    clock,
    logger,
  });
  const messaging = createMessagesModule({
    messages,
    memberships,
    log,
    previews,
    access,
    bus,
    clock,
    config,
    directory,
    attachments: media.claims,
    limit: limiter('messages', config.rateLimitMessagesPerMinute, MINUTE),
  });
  const receipts = new Receipts({ memberships, messages, log, access, bus, clock });
  const chatsRepository = new ChatsRepository(models.chats.chats);
  const messagesRepository = new MessagesRepository(messages);
  const sync = createSync({
    config,
    clock,
    logger,
    chats: chatsRepository,
    list: chats.list,
    directory,
    messages: messagesRepository,
    log: {
      readNewest: (chatId, concern) => log.readHead(chatId, concern),
      changedSince: (...args) => log.changedSince(...args),
    },
    previews,
    attachments: media.claims,
    markDelivered: (chatId, userId, seq) => receipts.markDelivered(chatId, userId, seq),
    isDatabasePrivate,
    clients,
  });
  const search = createSearch({
    connection: database.connection,
    logger,
    access,
    chats: chatsRepository,
    memberships: new MembershipsRepository(memberships),
    messages: messagesRepository,
    history: messaging.history,
  });
  return {
    media,
    messaging,
    receipts,
    deliveries: new DeliveryTracker(receipts, logger),
    typing: new Typing({ access, directory, bus, expiresMs: config.typingExpiresMs }),
    sync,
    search,
  };
};

/** The messages' area, built. */
export type Messaging = ReturnType<typeof buildMessaging>;
