import type { Connection, Model } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { AnyRoute } from '../../http/route.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { AnyCommand } from '../../realtime/command.js';
import type { Clock } from '../../shared/clock.js';
import type { ChatAccess, MembershipDoc } from '../chats/index.js';
import type { UserDirectory } from '../users/index.js';
import type { ChatPreviews } from './chat-heads.js';
import { DeleteMessage } from './delete-message.service.js';
import { EditMessage } from './edit-message.service.js';
import { ForwardMessage } from './forward-message.service.js';
import { MentionResolver } from './mention-resolver.js';
import { MessageReader } from './message-access.service.js';
import { MessageChange } from './message-change.service.js';
import { messageChangeCommands } from './message-changes.gateway.js';
import { messageChangeRoutes } from './message-changes.routes.js';
import { MessageBuilder } from './message-drafting.service.js';
import { MessageHistory } from './message-history.service.js';
import type { MessageLog } from './message-log.js';
import { MessageLookups } from './message-lookups.service.js';
import { messageLookupRoutes } from './message-lookups.routes.js';
import { defineMessageModel } from './message.model.js';
import type { MessageDoc } from './message.model.js';
import type { MessageEvents } from './messages.events.js';
import { messageCommands } from './messages.gateway.js';
import { messageRoutes } from './messages.routes.js';
import type { RoomResolver } from './messages.routes.js';
import { PinMessage } from './pin-message.service.js';
import { React } from './react.service.js';
import { SendMessage } from './send-message.service.js';
import type { AttachmentClaims } from './send-message.types.js';

export { catchUpPreviews } from './catch-up-heads.js';
export { ChatPreviews } from './chat-heads.js';
export { MessageHistory, statusOf } from './message-history.service.js';
export type { HistoryQuery, MessageStatus, MessageView } from './message-history.service.js';
export { MessageLog } from './message-log.js';
export type { Head } from './message-log.types.js';
export {
  CHAT_FILES_BY_TYPE_INDEX,
  CHAT_FILES_INDEX,
  MESSAGE_TYPES,
  WITHOUT_PAST_TEXTS,
} from './message.model.js';
export type { Attachment, MessageDoc, MessageType, Reaction } from './message.model.js';
export { toRecord } from './message.record.js';
export type { MessageRecord } from './message.record.js';
export type { MessageEvent, MessageEvents } from './messages.events.js';
export { canonicalEmoji } from './emoji.js';
export type { DeleteMessage, DeleteTarget } from './delete-message.service.js';
export type { EditMessage } from './edit-message.service.js';
export type { ForwardMessage } from './forward-message.service.js';
export type { MessageReader, SeenMessage } from './message-access.service.js';
export type { Changed } from './message-change.service.js';
export { messageChangeRenderings } from './message-changes.gateway.js';
export { emojiSchema, messageParams } from './message-changes.schemas.js';
export type { MessageLookups } from './message-lookups.service.js';
export type { PinMessage } from './pin-message.service.js';
export type { React, Reacted, ReactionAction, ReactionInput } from './react.service.js';
export { messageRenderings } from './messages.gateway.js';
export type { UnreadAt } from './messages.gateway.js';
export { presentMessage } from './messages.presenter.js';
export {
  attachmentSchema,
  clientMessageIdSchema,
  contentSchema,
  historyQuery,
  mediaSchema,
  messageResponse,
  roomSchema,
} from './messages.schemas.js';
export type { SendMessage } from './send-message.service.js';
export type { AttachmentClaims, SendInput, Sent } from './send-message.types.js';
export { SystemMessages } from './system-messages.service.js';
export type { SystemFacts } from './system-messages.service.js';
export { UnreadCounter } from './unread-counter.service.js';

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
  rooms: RoomResolver;
  /** Messages per user. */
  limit: RateLimiter;
  clock: Clock;
  config: Pick<Config, 'messageMaxLength' | 'editWindowSeconds'>;
}

/** The messages module: its use cases, routes and commands. */
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
  routes: AnyRoute[];
  commands: AnyCommand[];
}

/** Builds the messages module. */
export const createMessagesModule = (parts: MessagesParts): MessagesModule => {
  const maxLength = parts.config.messageMaxLength;
  const mentions = new MentionResolver(parts.directory, parts.access);
  const seen = new MessageReader(parts.messages, parts.memberships, parts.access);
  const drafting = new MessageBuilder({ ...parts, seen, mentions });
  const sender = new SendMessage({ ...parts, drafting });
  const history = new MessageHistory({ ...parts, access: seen });
  const change = new MessageChange({ ...parts, history });
  const changes = { ...parts, access: seen, change };
  const lookups = new MessageLookups({ messages: parts.messages, access: seen, history });
  const services = {
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
  return {
    ...services,
    routes: [
      ...messageRoutes({ ...parts, sender, history, maxLength }),
      ...messageLookupRoutes({ history, lookups }),
      ...messageChangeRoutes({ ...services, maxLength }),
    ],
    commands: [
      ...messageCommands(sender, maxLength),
      ...messageChangeCommands({ ...services, maxLength }),
    ],
  };
};
