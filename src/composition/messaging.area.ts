import { createMediaModule } from '../modules/media/index.js';
import { MessagesRepository, createMessagesModule } from '../modules/messages/index.js';
import { MembershipsRepository } from '../modules/chats/index.js';
import type { LocalUsers } from '../modules/receipts/index.js';
import { createReceipts } from '../modules/receipts/index.js';
import { createSearchModule } from '../modules/search/index.js';
import { Sync } from '../modules/sync/index.js';
import type { Conversations } from './conversations.area.js';
import type { Foundation } from './foundation.js';
import { MINUTE } from './intervals.js';
import type { People } from './people.area.js';

/** What is said, and what becomes of it: messages, files, receipts, typing, catching up, searching. */
export const buildMessaging = (
  { config, models, jwtSecret, bus, clock, logger, limiter }: Foundation,
  { access, users }: People,
  { log, previews, chats }: Conversations,
  localUsers: LocalUsers,
) => {
  const { messages } = models;
  const { directory } = users;
  const { memberships } = models.chats;
  const media = createMediaModule({
    config,
    secret: jwtSecret,
    media: models.media,
    messages,
    access,
    users: users.service,
    accounts: users.accounts,
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
  const receipts = createReceipts({
    memberships: new MembershipsRepository(memberships),
    messages: new MessagesRepository(messages),
    log,
    access,
    bus,
    clock,
    logger,
    localUsers,
  });
  const sync = new Sync({
    attachments: media.claims,
    models: models.chats,
    messages,
    log,
    list: chats.list,
    directory,
    markDelivered: (chatId, userId, seq) =>
      receipts.api.receipts.markDelivered(chatId, userId, seq),
    logger,
    settlePreviews: () => previews.settle(),
    maxChanges: config.syncMaxChanges,
  });
  const search = createSearchModule({
    models: models.search,
    messages,
    ...models.chats,
    access,
    history: messaging.history,
    logger,
  });
  return {
    media,
    messaging,
    receipts,
    sync,
    search,
  };
};

/** The messages' area, built. */
export type Messaging = ReturnType<typeof buildMessaging>;
