import type { ChatState } from '../chats/index.js';

/** How far the members shown have come. */
export const positionsOf = ({ members }: ChatState) =>
  members.map(({ card, lastReadSeq, lastDeliveredSeq }) => ({
    userId: card.id,
    lastReadSeq,
    lastDeliveredSeq,
  }));
