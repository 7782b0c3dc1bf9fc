import type { PositionEvent } from '../../modules/receipts/index.js';
import type { Part } from '../../transport/socket/rendering.js';

/**
 * Who is told of a receipt: everybody in the chat; in a large one only those whose messages it is about, or
 * every reader would be announced to thousands.
 */
export const receiptPart = ({ isLarge, senderIds }: PositionEvent): { part?: Part } =>
  isLarge ? { part: { userIds: senderIds } } : {};
