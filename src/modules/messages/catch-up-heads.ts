import { Types, trusted } from 'mongoose';
import type { Model } from 'mongoose';
import type { ChatHeads } from './chat-heads.js';
import type { MessageDoc } from './message.model.js';

/** How far before the newest message a crashed node may have left the lists behind, in seconds. */
const WINDOW_SECONDS = 600;
/** Messages that are looked at; more than a node writes between a message and its list. */
const MAX_MESSAGES = 50_000;

/**
 * Brings the chat lists up to the log after a crash between a message and its list. Ids carry the time
 * of the write, so the newest messages are found without an index of their own; lists that are already
 * there stay as they are.
 */
export const catchUpHeads = async (
  messages: Model<MessageDoc>,
  heads: ChatHeads,
): Promise<void> => {
  const newest = await messages.findOne({}, { _id: 1 }).sort({ _id: -1 }).lean();
  if (!newest) return;
  const since = newest._id.getTimestamp().getTime() / 1000 - WINDOW_SECONDS;
  const recent = messages
    .find({ _id: trusted({ $gte: Types.ObjectId.createFromTime(since) }) })
    .sort({ _id: -1 })
    .limit(MAX_MESSAGES)
    .lean()
    .cursor({ batchSize: 1000 });
  for await (const message of recent) heads.note(message);
  await heads.settle();
};
