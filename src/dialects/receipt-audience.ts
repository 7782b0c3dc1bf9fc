import type { PositionEvent } from '../modules/receipts/index.js';
import type { Audience } from '../realtime/rendering.js';
import { rooms } from '../realtime/rooms.js';

/**
 * Who is told of a receipt: the whole chat; in a large one only those whose messages it is about, or
 * every reader would be announced to thousands.
 */
export const receiptAudiences = ({ chatId, senderIds, audience }: PositionEvent): Audience[] =>
  audience.memberIds
    ? [{ room: rooms.chat(chatId) }]
    : senderIds.map((senderId) => ({ room: rooms.user(senderId) }));
