import type { Model, Types } from 'mongoose';
import type { MessageDoc } from './message.model.js';

/** What one user may not have read of a chat. */
export interface UnreadSpan {
  chatId: Types.ObjectId;
  userId: Types.ObjectId;
  /** A number that has been given out, or 0. */
  afterSeq: number;
  /** The same; up to the newest when absent. */
  upToSeq?: number | undefined;
}

/** How often a count is worked out again because of deletions that came in between. */
const TRIES = 3;
const UNCOUNTED = { uncounted: true };

/**
 * How many messages of a span match. Past mongoose, which takes a condition on one's place in a list for
 * the number of a user.
 */
const countWithin = (
  messages: Model<MessageDoc>,
  { chatId, afterSeq, upToSeq }: UnreadSpan,
  filter: object,
): Promise<number> =>
  messages.collection.countDocuments({
    ...filter,
    chatId,
    seq: { $gt: afterSeq, ...(upToSeq !== undefined && { $lte: upToSeq }) },
  });

/** What others have said and not deleted. */
const saidTo = ({ userId }: UnreadSpan) => ({ senderId: { $ne: userId }, uncounted: null });

/** The unread messages of a span that have something else in common, looked at one by one. */
export const countUnread = (
  messages: Model<MessageDoc>,
  span: UnreadSpan,
  filter: object = {},
): Promise<number> =>
  countWithin(messages, span, {
    ...filter,
    ...saidTo(span),
    deletedFor: { $ne: span.userId },
  });

/**
 * The unread messages of a span of any length. Numbers have no holes, so they are all but those that the
 * user has sent, those that count for nobody, and those that the user has deleted for themselves; of
 * these only the last are read, the others are counted from an index. What is deleted for everyone in the
 * middle of these questions would be taken for both sides of it; then they are asked again, and where
 * deleting does not end, every message is looked at.
 */
export const computeUnread = async (
  messages: Model<MessageDoc>,
  span: UnreadSpan & { upToSeq: number },
): Promise<number> => {
  const count = (filter: object) => countWithin(messages, span, filter);
  const mine = { senderId: span.userId };
  let before = await count(UNCOUNTED);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const [own, ownUncounted, hidden] = await Promise.all([
      count(mine),
      count({ ...mine, ...UNCOUNTED }),
      count({ ...saidTo(span), deletedFor: span.userId }),
    ]);
    const uncounted = await count(UNCOUNTED);
    if (uncounted === before) {
      const all = span.upToSeq - span.afterSeq;
      return Math.max(0, all - own - (uncounted - ownUncounted) - hidden);
    }
    before = uncounted;
  }
  return countUnread(messages, span);
};
