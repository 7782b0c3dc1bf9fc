import type { ChatAudience } from '../messages/index.js';

/** A member's position has moved forward. */
export interface PositionEvent {
  chatId: string;
  /** Whose position it is. */
  userId: string;
  /** Everything up to here is read, or delivered. */
  seq: number;
  /** The messages by others that this newly covers; the nearest ones when there are very many. */
  messageIds: string[];
  /** Who wrote them, so that confirmations go to them alone where a dialect does that. */
  senderIds: string[];
  at: string;
  audience: ChatAudience;
}

/** What happens to receipts. */
export interface ReceiptEvents {
  'messages.read': PositionEvent;
  'messages.delivered': PositionEvent;
}
