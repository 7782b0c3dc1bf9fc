import type { PositionEvent } from '../../modules/receipts/index.js';
import type { Part } from '../../transport/socket/rendering.js';

/**
 * The users who receive a receipt: everybody in the chat; in a large one only the senders of its messages,
 * because otherwise each reader would cause thousands of events.
 */
export const receiptPart = ({ isLarge, senderIds }: PositionEvent): { part?: Part } =>
  isLarge ? { part: { userIds: senderIds } } : {};
