import type { MessageStatus } from './message-history.service.js';
import type { MessageRecord } from './message.record.js';
import type { UserCard } from '../users/index.js';

/** Who may hear of something in a chat. */
export interface ChatAudience {
  /** The members; undefined in a large chat, where everybody in the chat's room is meant. */
  memberIds: string[] | undefined;
}

/** Who may hear of a change to a message. */
export interface ChangeAudience extends ChatAudience {
  /** Members to whom the message is gone: they have deleted it for themselves, or the history up to it. */
  withoutIds: string[];
}

/** A message and what its presenters need beside it. */
export interface MessageEvent {
  message: MessageRecord;
  sender: UserCard;
  /** How far the message has come; a new one is `sent`. */
  status: MessageStatus;
  audience: ChatAudience;
}

/** A message after a change. */
export interface MessageChangeEvent extends MessageEvent {
  audience: ChangeAudience;
}

/** What happens to messages. Published after the write, beside it. */
export interface MessageEvents {
  'message.sent': MessageEvent;
  /** The text has changed. */
  'message.edited': MessageChangeEvent;
  /** Deleted for everyone; the message is its tombstone. */
  'message.deleted': MessageChangeEvent & { actorId: string };
  /** Deleted by a user for themselves; only that user's devices are told. */
  'message.hidden': { chatId: string; messageIds: string[]; userId: string };
  'reaction.added': MessageChangeEvent & { userId: string; emoji: string };
  'reaction.removed': MessageChangeEvent & { userId: string; emoji: string };
  'message.pinned': MessageChangeEvent & { actorId: string };
  'message.unpinned': MessageChangeEvent & { actorId: string };
}
