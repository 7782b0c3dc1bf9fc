import type { Connection, Model } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Clock } from '../../shared/clock.js';
import type { ChatAccess, MembershipDoc } from '../chats/index.js';
import type { UserDirectory } from '../users/index.js';
import type { ChatPreviews } from './chat-previews.js';
import { DeleteMessage } from './delete-message.js';
import { EditMessage } from './edit-message.js';
import { ForwardMessage } from './forward-message.js';
import { MentionResolver } from './mention-resolver.js';
import { MessageReader } from './message-reader.js';
import { MessageChange } from './message-change.js';
import { MessageBuilder } from './message-builder.js';
import { MessageHistory } from './message-history.js';
import type { MessageLog } from './message-log.js';
import { MessageLookups } from './message-lookups.js';
import { defineMessageModel } from './message.model.js';
import type { MessageDoc } from './message.model.js';
import type { MessageEvents } from './messages.events.js';
import { PinMessage } from './pin-message.js';
import { React } from './react.js';
import { SendMessage } from './send-message.js';
import type { AttachmentClaims } from './send-message.types.js';

export { catchUpPreviews } from './catch-up-previews.js';
export { ChatPreviews } from './chat-previews.js';
export { MessageHistory, statusOf } from './message-history.js';
export type { HistoryQuery, MessageStatus, MessageView } from './message-history.js';
export { MessageLog } from './message-log.js';
export type { Head } from './message-log.types.js';
export {
  CHAT_FILES_BY_TYPE_INDEX,
  CHAT_FILES_INDEX,
  MESSAGE_TYPES,
  WITHOUT_PAST_TEXTS,
} from './message.model.js';
export type { Attachment, MessageDoc, MessageType, Reaction } from './message.model.js';
export { MessagesRepository } from './messages.repository.js';
export type { ChangedMessage, NewestNumbers } from './messages.repository.js';
export { toRecord } from './message.record.js';
export type { MessageRecord } from './message.record.js';
export type { MessageEvent, MessageEvents } from './messages.events.js';
export { MessagesRepository } from './messages.repository.js';
export type { FilesQuery } from './messages.repository.js';
export { canonicalEmoji } from './emoji.js';
export type { DeleteMessage, DeleteTarget } from './delete-message.js';
export type { EditMessage } from './edit-message.js';
export type { ForwardMessage } from './forward-message.js';
export type { MessageReader, SeenMessage } from './message-reader.js';
export type { Changed } from './message-change.js';
export type { MessageLookups, SeqWindow } from './message-lookups.js';
export type { PinMessage } from './pin-message.js';
export type { React, Reacted, ReactionAction, ReactionInput } from './react.js';
export type { SendMessage } from './send-message.js';
export type { AttachmentClaims, SendInput, Sent } from './send-message.types.js';
export { SystemMessages } from './system-messages.js';
export type { SystemFacts } from './system-messages.js';
export { UnreadCounter } from './unread-counter.js';

/** Registers the collection of messages on a connection. */
export const defineMessageModels = (connection: Connection): Model<MessageDoc> =>
  defineMessageModel(connection);

/** What the module is built from. */
export interface MessagesParts {
  messages: Model<MessageDoc>;
  memberships: Model<MembershipDoc>;
  log: MessageLog;
  previews: ChatPreviews;
  access: ChatAccess;
  bus: Publisher<MessageEvents>;
  directory: UserDirectory;
  attachments: AttachmentClaims;
  /** Messages per user. */
  limit: RateLimiter;
  clock: Clock;
  config: Pick<Config, 'messageMaxLength' | 'editWindowSeconds'>;
}

/** The messages module: its use cases. */
export interface MessagesModule {
  sender: SendMessage;
  history: MessageHistory;
  seen: MessageReader;
  lookups: MessageLookups;
  edit: EditMessage;
  remove: DeleteMessage;
  react: React;
  pin: PinMessage;
  forward: ForwardMessage;
}

/** Builds the messages module. */
export const createMessagesModule = (parts: MessagesParts): MessagesModule => {
  const mentions = new MentionResolver(parts.directory, parts.access);
  const seen = new MessageReader(parts.messages, parts.memberships, parts.access);
  const drafting = new MessageBuilder({ ...parts, seen, mentions });
  const sender = new SendMessage({ ...parts, drafting });
  const history = new MessageHistory({ ...parts, access: seen });
  const change = new MessageChange({ ...parts, history });
  const changes = { ...parts, access: seen, change };
  const lookups = new MessageLookups({ messages: parts.messages, access: seen, history });
  return {
    sender,
    history,
    seen,
    lookups,
    edit: new EditMessage({
      ...changes,
      mentions,
      windowSeconds: parts.config.editWindowSeconds,
    }),
    remove: new DeleteMessage(changes),
    react: new React(changes),
    pin: new PinMessage(changes),
    forward: new ForwardMessage(seen, sender),
  };
};
