import type { MessageStatus } from './message-history.service.js';
import type { MessageRecord } from './message.record.js';
import type { UserCard } from '../users/index.js';

/** Who may hear of something in a chat. */
export interface ChatAudience {
  /** The members; undefined in a large chat, where everybody in the chat's room is meant. */
  memberIds: string[] | undefined;
}

/** A message and what its presenters need beside it. */
export interface MessageEvent {
  message: MessageRecord;
  sender: UserCard;
  /** How far the message has come; a new one is `sent`. */
  status: MessageStatus;
  audience: ChatAudience;
}

/** What happens to messages. Published after the write, beside it. */
export interface MessageEvents {
  'message.sent': MessageEvent;
  /** The text has changed. */
  'message.edited': MessageEvent;
  /** Deleted for everyone; the message is its tombstone. */
  'message.deleted': MessageEvent & { actorId: string };
  /** Deleted by a user for themselves; only that user's devices are told. */
  'message.hidden': { chatId: string; messageIds: string[]; userId: string };
  'reaction.added': MessageEvent & { userId: string; emoji: string };
  'reaction.removed': MessageEvent & { userId: string; emoji: string };
  'message.pinned': MessageEvent & { actorId: string };
  'message.unpinned': MessageEvent & { actorId: string };
}
