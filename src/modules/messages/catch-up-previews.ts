import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import type { ChatPreviews } from './chat-previews.js';
import type { MessageDoc } from './message.model.js';

/** How far before the newest change a crashed node may have left the lists behind, in milliseconds. */
const WINDOW_MS = 600_000;
/** Messages that are looked at; more than a node writes between a message and its list. */
const MAX_MESSAGES = 50_000;

/**
 * Brings the chat lists up to the log after a crash between a message, or a change of one, and its list:
 * what somebody has deleted must not stay in a list. Lists that are already there stay as they are.
 */
export const catchUpPreviews = async (
  messages: Model<MessageDoc>,
  previews: ChatPreviews,
): Promise<void> => {
  const newest = await messages.findOne({}, { updatedAt: 1 }).sort({ updatedAt: -1 }).lean();
  if (!newest) return;
  const since = new Date(newest.updatedAt.getTime() - WINDOW_MS);
  const recent = messages
    .find({ updatedAt: trusted({ $gte: since }) })
    .sort({ updatedAt: -1 })
    .limit(MAX_MESSAGES)
    .lean()
    .cursor({ batchSize: 1000 });
  for await (const message of recent) previews.note(message);
  await previews.settle();
};
