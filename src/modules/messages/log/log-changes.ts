import type { UpdateQuery } from 'mongoose';
import { isDuplicateKey } from '../../../platform/driver-error.js';
import type { Clock } from '../../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../../shared/deadline.js';
import { notFound } from '../../../shared/errors.js';
import type { StoredMessage, VersionMark } from '../message.model.js';
import { MAX_ATTEMPTS, contention } from './log-inserts.js';
import type { LogRepository } from './log.repository.js';
import type { ChatQueue, PendingChange } from './write-queues.js';

/** A node that lags behind can no longer take a number given up longer ago than this, in milliseconds. */
const VERSION_MEMORY_MS = 10 * 60_000;

/** Changes messages that are there, and gives each change the chat's next version. */
export class LogChanges {
  constructor(
    private readonly messages: LogRepository,
    private readonly clock: Clock,
  ) {}

  /** Writes the change at the front of a queue and settles it; one that lost to another write goes back. */
  async apply(queue: ChatQueue): Promise<void> {
    const item = queue.items.shift() as PendingChange;
    try {
      const current = await withDeadline(
        this.messages.inChat(queue.chatId, item.messageId),
        QUEUE_STEP_MS,
      );
      if (!current) throw notFound('Message');
      const update = item.mutate(current);
      if (!update) {
        // Only a write proves that the numbers are current; without one they must not grow old unnoticed.
        queue.newest = undefined;
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
      queue.newest = undefined;
      queue.items.unshift(item);
    } catch (error) {
      queue.newest = undefined;
      item.reject(error);
    }
  }

  private async writeChange(
    queue: ChatQueue,
    current: StoredMessage,
    update: UpdateQuery<StoredMessage>,
  ): Promise<StoredMessage | undefined> {
    const now = new Date(this.clock.now());
    // The message itself may have moved past what this node knows of the chat. The index over numbers
    // would not notice: it lets one message hold the same number twice.
    const version = Math.max(queue.newest!.version, current.version) + 1;
    const memory = versionMemory(current, now);
    try {
      const message = await this.messages.changeAt(current, {
        ...update,
        $set: {
          ...update.$set,
          version,
          versions: [...memory.versions, version],
          versionMark: memory.mark,
          updatedAt: now,
        },
      });
      if (message) queue.newest = { seq: queue.newest!.seq, version };
      return message;
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
  { version, versions, versionMark, updatedAt }: StoredMessage,
  now: Date,
): { versions: number[]; mark: VersionMark } => {
  const isPast = (at: Date) => now.getTime() - at.getTime() >= VERSION_MEMORY_MS;
  const newMark = { version, at: now };
  if (isPast(updatedAt)) return { versions: [version], mark: newMark };
  if (!versionMark) return { versions, mark: newMark };
  if (!isPast(versionMark.at)) return { versions, mark: versionMark };
  return { versions: versions.filter((kept) => kept >= versionMark.version), mark: newMark };
};
