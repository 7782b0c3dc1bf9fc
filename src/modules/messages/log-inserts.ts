import type { Model, Types } from 'mongoose';
import { mongo } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Metrics } from '../../platform/metrics.js';
import { equalText } from '../../platform/typed-index.js';
import { objectId } from '../../platform/object-id.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { AppError } from '../../shared/errors.js';
import type { ChatQueue, MessageDraft, PendingInsert } from './message-log.types.js';
import type { MessageDoc } from './message.model.js';

/** A numbered message on its way to the database. */
export interface Placed {
  queue: ChatQueue;
  item: PendingInsert;
  doc: MessageDoc;
}

/** How often a write may lose to other nodes before the client is asked to try again. */
export const MAX_ATTEMPTS = 20;

/** What inserting is built from. */
export interface LogInsertsParts {
  messages: Model<MessageDoc>;
  clock: Clock;
  metrics: Metrics;
  /** Says that another node has taken a number in this chat. */
  markContended(queue: ChatQueue): void;
}

/** Numbers new messages and writes those of many chats in one ordered insert. */
export class LogInserts {
  constructor(private readonly parts: LogInsertsParts) {}

  /** Takes up to `room` new messages from the front of a queue and numbers them. */
  place(queue: ChatQueue, room: number): Placed[] {
    const now = new Date(this.parts.clock.now());
    const placed: Placed[] = [];
    let { seq, version } = queue.head!;
    while (placed.length < room && queue.items[0]?.kind === 'insert') {
      const item = queue.items.shift() as PendingInsert;
      seq += 1;
      version += 1;
      const doc: MessageDoc = {
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
      placed.push({ queue, item, doc });
    }
    return placed;
  }

  /** Writes numbered messages and answers their senders; what another node came before goes back. */
  async insert(placed: Placed[]): Promise<void> {
    if (placed.length === 0) return;
    this.parts.metrics.commitSize.observe(placed.length);
    try {
      await withDeadline(
        this.parts.messages.collection.insertMany(
          placed.map(({ doc }) => doc),
          { ordered: true },
        ),
        QUEUE_STEP_MS,
      );
      this.acknowledge(placed);
    } catch (error) {
      await this.afterFailedInsert(placed, error);
    }
  }

  private acknowledge(placed: Placed[]): void {
    this.parts.metrics.messagesSent.inc(placed.length);
    for (const { queue, item, doc } of placed) {
      queue.head = { seq: doc.seq, version: doc.version };
      item.resolve({ message: doc, isReplay: false });
    }
  }

  /**
   * An ordered insert stops at its first error: what stands before it is written, what stands after it
   * is not. After any other failure nobody knows; the clients retry under the same client id.
   */
  private async afterFailedInsert(placed: Placed[], error: unknown): Promise<void> {
    const failedAt =
      error instanceof mongo.MongoBulkWriteError && isDuplicateKey(error) && isDurable(error)
        ? firstWriteErrorIndex(error)
        : undefined;
    const failed = failedAt === undefined ? undefined : placed[failedAt];
    if (failedAt === undefined || !failed) {
      for (const { queue, item } of placed) {
        queue.head = undefined;
        item.reject(error);
      }
      return;
    }
    this.acknowledge(placed.slice(0, failedAt));
    const unwritten = placed.slice(failedAt + 1);
    for (const { queue, item } of unwritten.reverse()) queue.items.unshift(item);
    await this.afterDuplicate(failed);
  }

  /**
   * Tells a message that is already there, by an earlier send or by a write of ours whose answer was
   * lost, from a number that another node has taken.
   */
  private async afterDuplicate({ queue, item }: Placed): Promise<void> {
    queue.head = undefined;
    try {
      const original = await withDeadline(
        this.findOriginal(queue.chatId, item.draft, item.id),
        QUEUE_STEP_MS,
      );
      if (original) {
        item.resolve({ message: original, isReplay: !original._id.equals(item.id) });
        return;
      }
      item.attempts += 1;
      if (item.attempts > MAX_ATTEMPTS) throw contention();
      this.parts.markContended(queue);
      queue.items.unshift(item);
    } catch (error) {
      item.reject(error);
    }
  }

  /** The message under this id, or the one that its sender has already written under the client id. */
  private async findOriginal(
    chatId: string,
    draft: MessageDraft,
    id: Types.ObjectId,
  ): Promise<MessageDoc | undefined> {
    const own = await this.parts.messages.findById(id).lean();
    if (own) return own;
    return findWritten(this.parts.messages, { ...draft, chatId: objectId(chatId) });
  }
}

/**
 * The message that a sender has already written under a client id.
 *
 * @throws {AppError} CLIENT_MESSAGE_ID_REUSED when it is another message.
 */
export const findWritten = async (
  messages: Model<MessageDoc>,
  draft: Pick<MessageDoc, 'chatId' | 'senderId' | 'clientMessageId' | 'fingerprint'>,
): Promise<MessageDoc | undefined> => {
  const { chatId, senderId, clientMessageId, fingerprint } = draft;
  if (clientMessageId === undefined) return undefined;
  const original = await messages
    .findOne({ chatId, senderId, clientMessageId: equalText(clientMessageId) })
    .lean();
  if (original && original.fingerprint !== fingerprint) throw clientMessageIdReused();
  return original ?? undefined;
};

/** Whether what a failed bulk write did write has reached a majority. */
const isDurable = (error: mongo.MongoBulkWriteError): boolean =>
  error.result.getWriteConcernError() === undefined;

const firstWriteErrorIndex = (error: mongo.MongoBulkWriteError): number | undefined => {
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return errors[0]?.index;
};

/** The error for a write that has lost to other nodes too often. */
export const contention = (): AppError =>
  new AppError('UNAVAILABLE', 'This chat is very busy; try again', { retryAfter: 1 });

/** The error for a client id that already stands for another message. */
export const clientMessageIdReused = (): AppError =>
  new AppError(
    'CLIENT_MESSAGE_ID_REUSED',
    'This clientMessageId was already used for a different message',
  );
