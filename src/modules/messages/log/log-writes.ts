import { mongo } from 'mongoose';
import type { UpdateQuery } from 'mongoose';
import { isDuplicateKey } from '../../../platform/driver-error.js';
import type { Metrics } from '../../../platform/metrics.js';
import { objectId } from '../../../platform/object-id.js';
import type { Clock } from '../../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../../shared/deadline.js';
import { AppError, notFound } from '../../../shared/errors.js';
import { findWritten } from '../idempotency.js';
import type { StoredMessage, VersionMark } from '../message.model.js';
import type { LogRepository } from './log.repository.js';
import type { ChatQueue, PendingInsert, PendingChange } from './write-queues.js';

/** A numbered message on its way to the database. */
export interface Numbered {
  queue: ChatQueue;
  item: PendingInsert;
  doc: StoredMessage;
}

/** How often a write may lose to other nodes before it is refused with a `retryAfter`. */
export const MAX_ATTEMPTS = 20;

/** Numbers new messages and writes those of many chats in one ordered insert. */
export class LogInserts {
  constructor(
    private readonly deps: {
      messages: LogRepository;
      clock: Clock;
      metrics: Metrics;
      /** Called when another node has taken a number in this chat. */
      markContended(queue: ChatQueue): void;
    },
  ) {}

  /** Takes up to `limit` new messages from the front of a queue and numbers them. */
  number(queue: ChatQueue, limit: number): Numbered[] {
    const now = new Date(this.deps.clock.now());
    const numbered: Numbered[] = [];
    let { seq, version } = queue.newest!;
    while (numbered.length < limit && queue.items[0]?.kind === 'insert') {
      const item = queue.items.shift() as PendingInsert;
      seq += 1;
      version += 1;
      const doc: StoredMessage = {
        _id: item.id,
        chatId: objectId(queue.chatId),
        seq,
        version,
        versions: [version],
        ...item.draft,
        ...(item.draft.messageType === 'system' && { uncounted: true as const }),
        createdAt: now,
        updatedAt: now,
      };
      numbered.push({ queue, item, doc });
    }
    return numbered;
  }

  /**
   * Writes numbered messages and settles their sends; those that lost to another node go back into the queue.
   */
  async insert(numbered: Numbered[]): Promise<void> {
    if (numbered.length === 0) return;
    this.deps.metrics.commitSize.observe(numbered.length);
    try {
      await withDeadline(
        this.deps.messages.insertInOrder(numbered.map(({ doc }) => doc)),
        QUEUE_STEP_MS,
      );
      this.acknowledge(numbered);
    } catch (error) {
      await this.afterFailedInsert(numbered, error);
    }
  }

  private acknowledge(numbered: Numbered[]): void {
    this.deps.metrics.messagesSent.inc(numbered.length);
    for (const { queue, item, doc } of numbered) {
      queue.newest = { seq: doc.seq, version: doc.version };
      item.resolve({ message: doc, isReplay: false });
    }
  }

  /**
   * An ordered insert stops at its first error: messages before it are written, messages after it are not.
   * After any other failure the outcome is unknown; the clients retry under the same client id.
   */
  private async afterFailedInsert(numbered: Numbered[], error: unknown): Promise<void> {
    const failedAt =
      error instanceof mongo.MongoBulkWriteError && isDuplicateKey(error) && isDurable(error)
        ? firstWriteErrorIndex(error)
        : undefined;
    const failed = failedAt === undefined ? undefined : numbered[failedAt];
    if (failedAt === undefined || !failed) {
      for (const { queue, item } of numbered) {
        queue.newest = undefined;
        item.reject(error);
      }
      return;
    }
    this.acknowledge(numbered.slice(0, failedAt));
    const unwritten = numbered.slice(failedAt + 1);
    for (const { queue, item } of unwritten.reverse()) queue.items.unshift(item);
    await this.afterDuplicate(failed);
  }

  /**
   * Distinguishes a message that is already there, by an earlier send or by a write of ours whose answer
   * was lost, from a number that another node has taken.
   */
  private async afterDuplicate({ queue, item }: Numbered): Promise<void> {
    queue.newest = undefined;
    try {
      const original = await withDeadline(this.findOriginal(queue.chatId, item), QUEUE_STEP_MS);
      if (original) {
        item.resolve({ message: original, isReplay: !original._id.equals(item.id) });
        return;
      }
      item.attempts += 1;
      if (item.attempts > MAX_ATTEMPTS) throw contention();
      this.deps.markContended(queue);
      queue.items.unshift(item);
    } catch (error) {
      item.reject(error);
    }
  }

  /** The message under this id, or the one that its sender has already written under the client id. */
  private async findOriginal(
    chatId: string,
    { id, draft }: PendingInsert,
  ): Promise<StoredMessage | undefined> {
    const own = await this.deps.messages.byId(id);
    if (own) return own;
    return findWritten(this.deps.messages, { ...draft, chatId: objectId(chatId) });
  }
}

/** Whether the written part of a failed bulk write has reached a majority. */
const isDurable = (error: mongo.MongoBulkWriteError): boolean =>
  error.result.getWriteConcernError() === undefined;

const firstWriteErrorIndex = (error: mongo.MongoBulkWriteError): number | undefined => {
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return errors[0]?.index;
};

/** The error for a write that has lost to other nodes too often. */
export const contention = (): AppError =>
  new AppError('UNAVAILABLE', 'This chat is very busy; try again', { retryAfter: 1 });

/** A node that lags behind can no longer take a number given up longer ago than this, in milliseconds. */
const VERSION_MEMORY_MS = 10 * 60_000;

/** Changes existing messages, and gives each change the chat's next version. */
export class LogChanges {
  constructor(
    private readonly messages: LogRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes the change at the front of a queue and settles it; one that lost to another write goes back into
   * the queue.
   */
  async apply(queue: ChatQueue): Promise<void> {
    const item = queue.items.shift() as PendingChange;
    try {
      const { current, update } = updateOfRead(item) ?? (await this.updateOfCurrent(queue, item));
      if (!update) {
        // Only a write proves that the numbers are current; without one they must be read again in time.
        queue.newest = undefined;
        item.resolve({ message: current, changed: false });
        return;
      }
      const message = await withDeadline(this.writeChange(queue, current, update), QUEUE_STEP_MS);
      if (message) {
        item.resolve({ message, changed: true });
        return;
      }
      // Another change to this message, or a taken number: compute the change again.
      item.attempts += 1;
      if (item.attempts > MAX_ATTEMPTS) throw contention();
      queue.newest = undefined;
      queue.items.unshift({ ...item, read: undefined });
    } catch (error) {
      queue.newest = undefined;
      item.reject(error);
    }
  }

  private async updateOfCurrent(
    queue: ChatQueue,
    item: PendingChange,
  ): Promise<{ current: StoredMessage; update: UpdateQuery<StoredMessage> | undefined }> {
    const current = await withDeadline(
      this.messages.inChat(queue.chatId, item.messageId),
      QUEUE_STEP_MS,
    );
    if (!current) throw notFound('Message');
    return { current, update: item.mutate(current) };
  }

  private async writeChange(
    queue: ChatQueue,
    current: StoredMessage,
    update: UpdateQuery<StoredMessage>,
  ): Promise<StoredMessage | undefined> {
    const now = new Date(this.clock.now());
    // The message's version may be newer than the chat's newest version known to this node. The index over
    // numbers would not notice: it lets one message hold the same number twice.
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
 * The update of the message as its caller has read it: the write notices when that is out of date. That there is
 * nothing to change, or that it is refused, must be said of the message as it is now; then the answer is undefined.
 */
const updateOfRead = ({
  read,
  mutate,
}: PendingChange): { current: StoredMessage; update: UpdateQuery<StoredMessage> } | undefined => {
  if (!read) return undefined;
  try {
    const update = mutate(read);
    return update && { current: read, update };
  } catch {
    return undefined;
  }
};

/**
 * The recent version numbers that a message keeps when it changes. They are dropped a span at a time: a mark
 * stores when the present span began, and when it is over, older numbers are removed. So every number is kept
 * for at least one span, and a message that changes without end stays small.
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
