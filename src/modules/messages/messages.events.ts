import type { ForClients } from '../../shared/audience.js';
import type { MessageRecord, MessageStatus } from './message.record.js';
import type { UserCard } from '../users/index.js';

/** A message and what its presenters need beside it. */
export interface MessageEvent extends ForClients {
  message: MessageRecord;
  sender: UserCard;
  /** How far the message has come; a new one is `sent`. */
  status: MessageStatus;
  /** The members of the chat; undefined in a large one. */
  memberIds: string[] | undefined;
}

/**
 * The domain events of messages, published by the code that writes, after the write. A change is for those
 * who still have the message: members who have deleted it for themselves, or the history up to it, must not
 * receive it; their devices get the change's number with the next sync.
 */
export interface MessageEvents {
  'message.sent': MessageEvent;
  /** The text has changed. */
  'message.edited': MessageEvent;
  /** Deleted for everyone; the message is its tombstone. */
  'message.deleted': MessageEvent & { actorId: string };
  /** Deleted by a user for themselves; only that user's devices are notified. */
  'message.hidden': ForClients & { chatId: string; messageIds: string[]; userId: string };
  'reaction.added': MessageEvent & { userId: string; emoji: string };
  'reaction.removed': MessageEvent & { userId: string; emoji: string };
  /** Held outside the log, or changed there; only its sender's devices are notified. */
  'message.held': MessageEvent;
  /** Written by somebody whose messages nobody else sees; their devices alone are told, as of any message. */
  'message.shadowed': MessageEvent;
  /** A held message has ended; a released one has just been sent under the same `clientMessageId`. */
  'message.unheld': ForClients & {
    chatId: string;
    messageId: string;
    clientMessageId: string;
    outcome: 'released' | 'refused' | 'deleted';
  };
  'message.pinned': MessageEvent & { actorId: string };
  'message.unpinned': MessageEvent & { actorId: string };
}
