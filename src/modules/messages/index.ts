import type { Config } from '../../config/index.js';
import type { Connection } from 'mongoose';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import type { ChatAccess, Contacts, MemberPositionsRepository, SlowMode } from '../chats/index.js';
import type { AccessChangeEvents, AccessChangePoster } from '../access-changes/index.js';
import type { AuditTrail, UserDirectory } from '../users/index.js';
import type { WordFilter } from '../word-filter/index.js';
import { HeldMessages } from './held-messages.js';
import { HeldMessagesRepository } from './held-messages.repository.js';
import { HeldReview } from './held-review.js';
import { MentionResolver } from './mentions.js';
import type { MessageLogModule } from './log/index.js';
import { MessageChanges } from './message-changes.js';
import { MessageHistory } from './message-history.js';
import { MessageLookups } from './message-lookups.js';
import { MessageReader } from './message-reader.js';
import type { MessageEvents } from './messages.events.js';
import type { MessageReview } from './pre-send.js';
import { ReviewedLog } from './reviewed-log.js';
import type { AttachmentClaims } from './messages.types.js';
import { SendMessage } from './send-message.js';

export {
  ChatPreviews,
  MessageLog,
  SystemMessages,
  UnreadCounter,
  UnreadCountsRepository,
  createMessageLog,
} from './log/index.js';
export type { MessageLogModule, SystemFacts, UnreadAt } from './log/index.js';
export type {
  Changed,
  DeleteTarget,
  EditInput,
  MessageChanges,
  Reacted,
  ReactionAction,
  ReactionInput,
} from './message-changes.js';
export { MessageHistory } from './message-history.js';
export type { HistoryQuery, MessageView } from './message-history.js';
export type { MessageLookups, SeqWindow } from './message-lookups.js';
export type { MessageReader, VisibleMessage } from './message-reader.js';
export type { HeldMessages } from './held-messages.js';
export {
  HELD_FOR,
  HeldMessagesRepository,
  defineHeldMessageModel,
} from './held-messages.repository.js';
export type { HeldFor, HeldQuery } from './held-messages.repository.js';
export type { HeldForReview, HeldReview } from './held-review.js';
export {
  CHAT_FILES_BY_TYPE_INDEX,
  CHAT_FILES_INDEX,
  MESSAGE_TYPES,
  defineMessageModels,
} from './message.model.js';
export type { Attachment, StoredMessage, MessageType, Reaction } from './message.model.js';
export { positionsShown, statusOf, toRecord } from './message.record.js';
export type { MessageRecord, MessageStatus } from './message.record.js';
export type { MessageEvent, MessageEvents } from './messages.events.js';
export { MessagesRepository, WITHOUT_PAST_TEXTS } from './messages.repository.js';
export type { ChangedMessage, FilesQuery, NewestNumbers } from './messages.repository.js';
export type { AttachmentClaims, SendInput, Sent } from './messages.types.js';
export { PreSendHook } from './pre-send.js';
export type { MessageReview } from './pre-send.js';
export type { SendMessage } from './send-message.js';
export { VerdictsRepository, defineVerdictModel } from './verdicts.repository.js';

/** Builds the use cases of messages, on the log; the connection has the module's models. */
export const createMessages = ({
  config,
  connection,
  bus,
  clock,
  access,
  slowMode,
  positions,
  contacts,
  directory,
  messageLog: { messages, log, previews },
  attachments,
  audit,
  sendLimit,
  review,
  words,
  accessChanges,
  requireAdmin,
}: {
  config: Pick<Config, 'editWindowSeconds'>;
  connection: Connection;
  bus: Publisher<MessageEvents>;
  clock: Clock;
  access: ChatAccess;
  slowMode: SlowMode;
  positions: MemberPositionsRepository;
  contacts: Pick<Contacts, 'blocksOf'>;
  directory: Pick<UserDirectory, 'card' | 'cards' | 'idsByUsername'>;
  messageLog: Pick<MessageLogModule, 'messages' | 'log' | 'previews'>;
  attachments: AttachmentClaims;
  audit: Pick<AuditTrail, 'during'>;
  /** Messages per user. */
  sendLimit: RateLimiter;
  /** Asked before a message is written or gets another text; absent: nobody is. */
  review?: MessageReview | undefined;
  words: Pick<WordFilter, 'screen'>;
  accessChanges: AccessChangePoster;
  /** @throws {AppError} FORBIDDEN when the actor is not an admin now. */
  requireAdmin(actor: Actor): Promise<void>;
}) => {
  const mentions = new MentionResolver(directory, access);
  const snapshot = (chatId: string) => access.snapshot(chatId);
  const reader = new MessageReader(messages, positions, access);
  const held = new HeldMessagesRepository(connection);
  const heldMessages = new HeldMessages({
    held,
    log,
    access,
    mentions,
    attachments,
    directory,
    words,
    accessChanges,
    bus,
    clock,
  });
  const history = new MessageHistory({
    messages,
    positions,
    log,
    reader,
    directory,
    attachments,
    heldMessages,
    contacts,
  });
  const sending = new SendMessage({
    log: review ? new ReviewedLog({ log, review, mentions, snapshot }) : log,
    isReviewed: review !== undefined,
    previews,
    access,
    slowMode,
    reader,
    directory,
    mentions,
    words,
    heldMessages,
    attachments,
    bus,
    limit: sendLimit,
  });
  const heldSubscriptions: Subscription<AccessChangeEvents>[] = heldMessages.subscriptions;
  return {
    api: {
      sending,
      heldMessages,
      heldReview: new HeldReview({
        held,
        heldMessages,
        sending,
        access,
        attachments,
        directory,
        audit,
        requireAdmin,
        clock,
      }),
      messageChanges: new MessageChanges({
        log,
        previews,
        reader,
        history,
        mentions,
        words,
        heldMessages,
        attachments,
        directory,
        bus,
        audit,
        clock,
        review,
        editWindowSeconds: config.editWindowSeconds,
      }),
      history,
      lookups: new MessageLookups({ messages, positions, reader, history }),
      reader,
      /** Removes all messages of a chat, which is itself being removed. */
      erase: (chatId: string) => log.erase(chatId, (media) => attachments.release(media)),
    },
    subscriptions: heldSubscriptions,
    /** Reads whose pages have held messages. */
    start: () => heldMessages.start(),
  };
};
