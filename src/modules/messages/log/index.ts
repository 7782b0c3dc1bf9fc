import type { Connection } from 'mongoose';
import type { Publisher, Subscription } from '../../../platform/event-bus.js';
import type { Logger } from '../../../platform/logger.js';
import type { Metrics } from '../../../platform/metrics.js';
import type { Clock } from '../../../shared/clock.js';
import type {
  ChatAccess,
  ChatEvents,
  ChatsRepository,
  LastMessage,
  MembershipsRepository,
} from '../../chats/index.js';
import { readSeqOf } from '../../chats/index.js';
import type { UserCard } from '../../users/index.js';
import type { MessageRecord } from '../message.record.js';
import type { MessageEvents } from '../messages.events.js';
import { MessagesRepository } from '../messages.repository.js';
import { ChatPreviews, previewOf } from './chat-previews.js';
import { LogRepository, UnreadCountsRepository } from './log.repository.js';
import { MessageLog } from './message-log.js';
import { SystemMessages } from './system-messages.js';
import { UnreadCounter } from './unread-counter.js';

export { ChatPreviews } from './chat-previews.js';
export { LogRepository, UnreadCountsRepository } from './log.repository.js';
export { MessageLog } from './message-log.js';
export { SystemMessages } from './system-messages.js';
export type { SystemFacts } from './system-messages.js';
export { UnreadCounter } from './unread-counter.js';
export type { Appended, MessageDraft, Mutation } from './write-queues.js';

/**
 * Counts, per person, what the person has not read, right after a message; undefined when the database does
 * not answer in time.
 */
export type UnreadAt = (userId: string, message: MessageRecord) => Promise<number | undefined>;

/**
 * The events after which unread counts are not what they were; those of later modules as far as they are
 * needed here.
 */
type CountEvents = MessageEvents &
  Pick<ChatEvents, 'chat.cleared' | 'members.removed' | 'block.changed'> & {
    'messages.read': { chatId: string; userId: string };
  };

/** Unread counts are kept in memory only as long as nothing but a new message changes them. */
const countSubscriptions = (unread: UnreadCounter): Subscription<CountEvents>[] => {
  const shared = { phase: 'state', on: 'every-node', does: 'drops cached unread counts' } as const;
  const forgetOne = ({ chatId, userId }: { chatId: string; userId: string }) => {
    unread.forget(chatId, userId);
  };
  return [
    { event: 'messages.read', ...shared, run: forgetOne },
    { event: 'chat.cleared', ...shared, run: forgetOne },
    { event: 'message.hidden', ...shared, run: forgetOne },
    {
      event: 'members.removed',
      ...shared,
      run: ({ chatId, userIds }) => {
        // A member who joins again begins with nothing unread.
        for (const userId of userIds) unread.forget(chatId, userId);
      },
    },
    {
      event: 'message.deleted',
      ...shared,
      run: ({ message }) => {
        unread.forgetChat(message.chatId);
      },
    },
    {
      event: 'block.changed',
      ...shared,
      run: () => {
        // While users were blocked, their read positions moved without an event.
        unread.forgetAll();
      },
    },
  ];
};

/**
 * Builds the numbered log of messages, with the previews in chat lists, the unread counts, and the system
 * messages. The modules of chats and messages are built on it.
 */
export const createMessageLog = ({
  connection,
  bus,
  clock,
  logger,
  metrics,
  access,
  chats,
  memberships,
  directory,
}: {
  /** Has the models of `defineMessageModels`. */
  connection: Connection;
  bus: Publisher<MessageEvents>;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  access: Pick<ChatAccess, 'snapshot'>;
  chats: ChatsRepository;
  memberships: MembershipsRepository;
  directory: { card(userId: string): Promise<UserCard | undefined> };
}) => {
  const messages = new MessagesRepository(connection);
  const stored = new LogRepository(connection);
  const previews = new ChatPreviews(chats, stored, logger);
  const log = new MessageLog(stored, clock, metrics, (chatId, newest) => {
    previews.recordNewest(chatId, newest);
  });
  const unread = new UnreadCounter(new UnreadCountsRepository(connection), (chatId) =>
    log.newestSeq(chatId),
  );

  const readPosition = async (userId: string, chatId: string): Promise<number> => {
    const membership = await memberships.find(chatId, userId);
    return membership ? Math.max(readSeqOf(membership), membership.clearedSeq) : 0;
  };
  const unreadAt: UnreadAt = (userId, message) =>
    unread
      .countAt(userId, message, () => readPosition(userId, message.chatId))
      .catch((error: unknown) => {
        logger.debug({ err: error }, 'a message was shown without an unread count');
        return undefined;
      });

  return {
    messages,
    log,
    previews,
    unread,
    unreadAt,
    system: new SystemMessages({ log, previews, access, bus, directory }),
    /** The newest message in the list of somebody who has deleted the chat's newest for themselves. */
    newestVisible: async (
      userId: string,
      chatId: string,
      aboveSeq: number,
    ): Promise<LastMessage | null> => {
      const message = await messages.newestVisible(chatId, userId, aboveSeq);
      return message ? previewOf(message) : null;
    },
    subscriptions: countSubscriptions(unread),
    /** Updates the chat lists from the log after a crash. */
    start: () => previews.catchUp(),
    /** Resolves when every write accepted so far is done or refused. */
    drained: () => log.drained(),
    /** Writes the previews that are still in memory. */
    close: () => previews.close(),
  };
};

/** The log of messages, with its previews, counts and system messages. */
export type MessageLogModule = ReturnType<typeof createMessageLog>;
