import type { ChatViewSources } from '../modules/chats/index.js';
import { createChatsModule } from '../modules/chats/index.js';
import { createGroupsModule } from '../modules/chats/groups.index.js';
import { createInvitesModule } from '../modules/chats/invites.index.js';
import {
  ChatPreviews,
  MessageLog,
  SystemMessages,
  UnreadCounter,
} from '../modules/messages/index.js';
import { externalUrlPolicy } from '../shared/external-url.js';
import type { Foundation } from './foundation.js';
import { HOUR } from './intervals.js';
import type { People } from './people.area.js';

/** What the lists of chats ask of the messages, whose module is built later. */
export type MessagingForChats = Pick<ChatViewSources, 'newestVisible'>;

/** Where people talk: chats, groups, rooms, their invitations, and the log that numbers what is said. */
export const buildConversations = (
  { config, models, bus, clock, logger, metrics, limiter, accessChanges }: Foundation,
  { access, contacts, users, presence, audit }: People,
  messaging: MessagingForChats,
) => {
  const previews = new ChatPreviews(models.chats.chats, models.messages, logger);
  const log = new MessageLog(models.messages, clock, metrics, (chatId, head) => {
    previews.seen(chatId, head);
  });
  const unread = new UnreadCounter(models.messages, (chatId) => log.newestSeq(chatId));
  const { directory } = users;
  const people = {
    cards: (userIds: string[]) => directory.cards(userIds),
    presence: (userIds: string[]) => presence.api.reader.states(userIds),
  };
  const shared = {
    models: models.chats,
    access,
    bus,
    clock,
    accessChanges,
    users: directory,
    newConversations: limiter('conversations', config.rateLimitConversationsPerHour, HOUR),
    newestSeq: (chatId: string) => log.newestSeq(chatId),
  };
  const chats = createChatsModule({
    ...shared,
    config,
    audit,
    sources: {
      ...people,
      ...messaging,
      settlePreviews: () => previews.settle(),
      unreadCounts: (userId, queries) => unread.counts(userId, queries),
      mentionCounts: (userId, queries) => unread.mentions(userId, queries),
    },
  });
  const groups = createGroupsModule({
    ...shared,
    sources: { ...people, blockedWith: (userId) => contacts.blockedWith(userId) },
    contacts,
    system: new SystemMessages({ log, previews, access, bus, directory }),
    isAllowedPictureUrl: externalUrlPolicy(config.mediaExternalHosts),
  });
  const invites = createInvitesModule({
    ...groups,
    invitations: models.invitations,
    models: models.chats,
    clock,
  });
  return { log, previews, unread, chats, groups, invites };
};

/** The conversations' area, built. */
export type Conversations = ReturnType<typeof buildConversations>;
