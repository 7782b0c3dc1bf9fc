import type { Model, UpdateQuery } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { notFound } from '../../shared/errors.js';
import { MAX_ATTEMPTS, contention } from './log-inserts.js';
import type { ChatQueue, PendingChange } from './message-log.types.js';
import type { MessageDoc, VersionMark } from './message.model.js';

/** Numbers given up longer ago than this can no longer be taken by a node that lags behind. */
const VERSION_MEMORY_MS = 10 * 60_000;

/** Changes messages that are there, and gives each change the chat's next version. */
export class LogChanges {
  constructor(
    private readonly messages: Model<MessageDoc>,
    private readonly clock: Clock,
  ) {}

  /** Does the change at the front of a queue and answers it; one that came too late goes back. */
  async apply(queue: ChatQueue): Promise<void> {
    const item = queue.items.shift() as PendingChange;
    try {
      const filter = { _id: objectId(item.messageId), chatId: objectId(queue.chatId) };
      const current = await withDeadline(
        this.messages.findOne(filter).lean().exec(),
        QUEUE_STEP_MS,
      );
      if (!current) throw notFound('Message');
      const update = item.mutate(current);
      if (!update) {
        // Only a write proves that the head is current; without one it must not grow old unnoticed.
        queue.head = undefined;
        item.resolve({ message: current, changed: false });
        return;
      }
      const message = await withDeadline(this.writeChange(queue, current, update), QUEUE_STEP_MS);
      if (message) {
        item.resolve({ message, changed: true });
        return;
      }
      // Another change to this message, or a taken number: work it out again.
      item.attempts += 1;
      if (item.attempts > MAX_ATTEMPTS) throw contention();
      queue.head = undefined;
      queue.items.unshift(item);
    } catch (error) {
      queue.head = undefined;
      item.reject(error);
    }
  }

  private async writeChange(
    queue: ChatQueue,
    current: MessageDoc,
    update: UpdateQuery<MessageDoc>,
  ): Promise<MessageDoc | undefined> {
    const now = new Date(this.clock.now());
    // The message itself may have moved past what this node knows of the chat. The index over numbers
    // would not notice: it lets one message hold the same number twice.
    const version = Math.max(queue.head!.version, current.version) + 1;
    const memory = versionMemory(current, now);
    try {
      const message = await this.messages
        .findOneAndUpdate(
          { _id: current._id, version: current.version },
          {
            ...update,
            $set: {
              ...update.$set,
              version,
              versions: [...memory.versions, version],
              versionMark: memory.mark,
              updatedAt: now,
            },
          },
          { returnDocument: 'after' },
        )
        .lean();
      if (message) queue.head = { seq: queue.head!.seq, version };
      return message ?? undefined;
    } catch (error) {
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
  }
}

/**
 * The numbers that a message about to change must still remember. They are forgotten a span at a time:
 * a mark says when the present span began, and when it is over, what is older than it goes. So every
 * number is kept for at least one span, and a message that changes without end stays small.
 */
const versionMemory = (
  { version, versions, versionMark, updatedAt }: MessageDoc,
  now: Date,
): { versions: number[]; mark: VersionMark } => {
  const isPast = (at: Date) => now.getTime() - at.getTime() >= VERSION_MEMORY_MS;
  const newMark = { version, at: now };
  if (isPast(updatedAt)) return { versions: [version], mark: newMark };
  if (!versionMark) return { versions, mark: newMark };
  if (!isPast(versionMark.at)) return { versions, mark: versionMark };
  return { versions: versions.filter((kept) => kept >= versionMark.version), mark: newMark };
};
