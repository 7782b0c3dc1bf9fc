import type { ChatViewSources } from '../modules/chats/index.js';
import { createChats } from '../modules/chats/index.js';
import {
  ChatPreviews,
  MessageLog,
  SystemMessages,
  UnreadCounter,
} from '../modules/messages/index.js';
import type { Foundation } from './foundation.js';
import { HOUR } from './intervals.js';
import type { People } from './people.area.js';

/** What the lists of chats ask of the messages, whose module is built later. */
export type MessagingForChats = Pick<ChatViewSources, 'newestVisible'>;

/** Where people talk: chats, groups, rooms, their invitations, and the log that numbers what is said. */
export const buildConversations = (
  { config, database, models, bus, clock, logger, metrics, limiter, accessChanges }: Foundation,
  { access, audit, chatAccess, users, presence }: People,
  messaging: MessagingForChats,
) => {
  const previews = new ChatPreviews(models.chats.chats, models.messages, logger);
  const log = new MessageLog(models.messages, clock, metrics, (chatId, head) => {
    previews.seen(chatId, head);
  });
  const unread = new UnreadCounter(models.messages, (chatId) => log.newestSeq(chatId));
  const { directory } = users;
  const system = new SystemMessages({ log, previews, access, bus, directory });
  const { api, subscriptions } = createChats({
    config,
    connection: database.connection,
    bus,
    clock,
    accessChanges,
    chatAccess,
    directory,
    audit,
    presenceOf: (userIds) => presence.see.states(userIds),
    messageLog: { log, previews, unread, system, ...messaging },
    newConversations: limiter('conversations', config.rateLimitConversationsPerHour, HOUR),
  });
  return { log, previews, unread, chats: api, groups: { ...api, subscriptions }, invites: api };
};

/** The conversations' area, built. */
export type Conversations = ReturnType<typeof buildConversations>;
