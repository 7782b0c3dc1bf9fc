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
  /** Their senders, for dialects that send confirmations to the senders only. */
  senderIds: string[];
  at: string;
  /** Whether the chat has so many members that not all of them follow each other's positions. */
  isLarge: boolean;
}

/** The domain events of receipts. */
export interface ReceiptEvents {
  'messages.read': PositionEvent;
  'messages.delivered': PositionEvent;
}
