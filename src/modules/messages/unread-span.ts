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

/** How often a count is worked out again because of changes that came in between. */
const TRIES = 3;
const UNCOUNTED = { uncounted: true };
/** The index over a chat's changes: nothing else can serve a look at the newest ones better. */
const CHANGES_INDEX = { chatId: 1, version: 1 };

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

const mentionsOf = ({ userId }: UnreadSpan) => ({ mentions: userId });

/** The unread messages of a span, looked at one by one. */
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

/** Of the unread messages, those that mention the user, looked at one by one. */
export const countMentions = (messages: Model<MessageDoc>, span: UnreadSpan): Promise<number> =>
  countUnread(messages, span, mentionsOf(span));

/**
 * The unread messages of a span of any length. Numbers have no holes, so they are all but those that the
 * user has sent, those that count for nobody, and those that the user has deleted for themselves; of
 * these only the last are read, the others are counted from an index.
 */
export const computeUnread = async (
  messages: Model<MessageDoc>,
  span: UnreadSpan & { upToSeq: number },
): Promise<number> => {
  const count = (filter: object) => countWithin(messages, span, filter);
  const mine = { senderId: span.userId };
  const unread = await workedOut(messages, span, async () => {
    const [own, uncounted, ownUncounted, hidden] = await Promise.all([
      count(mine),
      count(UNCOUNTED),
      count({ ...mine, ...UNCOUNTED }),
      count({ ...saidTo(span), deletedFor: span.userId }),
    ]);
    return span.upToSeq - span.afterSeq - own - (uncounted - ownUncounted) - hidden;
  });
  return unread ?? countUnread(messages, span);
};

/**
 * Of the unread messages of a span of any length, those that mention the user: all that do, but the user's
 * own and those that the user has deleted for themselves. What is deleted for everyone mentions nobody.
 */
export const computeMentions = async (
  messages: Model<MessageDoc>,
  span: UnreadSpan,
): Promise<number> => {
  const count = (filter: object) => countWithin(messages, span, { ...mentionsOf(span), ...filter });
  const unread = await workedOut(messages, span, async () => {
    const [all, own, hidden] = await Promise.all([
      count({}),
      count({ senderId: span.userId }),
      count({ ...saidTo(span), deletedFor: span.userId }),
    ]);
    return all - own - hidden;
  });
  return unread ?? countMentions(messages, span);
};

/**
 * What several counts amount to. A message that is in more than one of them, because it is the user's own
 * or was deleted by the user for themselves, must not change in the middle: it would be taken for both sides of
 * its change. Every change has a number, so that is noticed, and they are asked again.
 *
 * @returns undefined where such changes do not end.
 */
const workedOut = async (
  messages: Model<MessageDoc>,
  { chatId, userId }: UnreadSpan,
  work: () => Promise<number>,
): Promise<number | undefined> => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const newest = await messages.collection.findOne<Pick<MessageDoc, 'version'>>(
      { chatId },
      { projection: { version: 1, _id: 0 }, sort: { version: -1 }, hint: CHANGES_INDEX },
    );
    const amount = await work();
    const changed = await messages.collection.findOne(
      {
        chatId,
        version: { $gt: newest?.version ?? 0 },
        $or: [{ senderId: userId }, { deletedFor: userId }],
      },
      { projection: { _id: 1 }, hint: CHANGES_INDEX },
    );
    if (!changed) return Math.max(0, amount);
  }
  return undefined;
};
