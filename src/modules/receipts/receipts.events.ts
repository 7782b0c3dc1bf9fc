import type { ForClients } from '../../shared/audience.js';

/** A member's position has moved forward. */
export interface PositionEvent extends ForClients {
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
  /** Whether the chat has so many members that not all of them follow each other's positions. */
  isLarge: boolean;
}

/** What happens to receipts. */
export interface ReceiptEvents {
  'messages.read': PositionEvent;
  'messages.delivered': PositionEvent;
}
