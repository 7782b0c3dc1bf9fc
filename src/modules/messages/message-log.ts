import { LRUCache } from 'lru-cache';
import { Types, mongo, trusted } from 'mongoose';
import type { Model, UpdateQuery } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Metrics } from '../../platform/metrics.js';
import { objectId } from '../../platform/object-id.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { MessageDoc, VersionMark } from './message.model.js';

/** A message before it has its place: everything but numbers, id and times. */
export type MessageDraft = Omit<
  MessageDoc,
  '_id' | 'chatId' | 'seq' | 'version' | 'versions' | 'createdAt' | 'updatedAt'
>;

/** A written message; `isReplay` when an earlier send with the same client id had already written it. */
export interface Appended {
  message: MessageDoc;
  isReplay: boolean;
}

/**
 * Works out a change from the message as it is; returns undefined when there is nothing to change.
 * May be called again when another change came first.
 */
export type Mutation = (current: MessageDoc) => UpdateQuery<MessageDoc> | undefined;

/** The newest numbers of a chat. */
export interface Head {
  seq: number;
  version: number;
}

interface PendingInsert {
  kind: 'insert';
  /** Chosen once, so that a write whose answer was lost is recognised when it is tried again. */
  id: Types.ObjectId;
  draft: MessageDraft;
  attempts: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

interface PendingChange {
  kind: 'change';
  messageId: string;
  mutate: Mutation;
  attempts: number;
  resolve(result: { message: MessageDoc; changed: boolean }): void;
  reject(error: unknown): void;
}

interface ChatQueue {
  chatId: string;
  items: (PendingInsert | PendingChange)[];
  /** Newest numbers as far as this node knows; undefined until read, and after a conflict. */
  head: Head | undefined;
  /** Another node writes here too: this chat's conflicts must not hold up other chats' batches. */
  isContended: boolean;
}

/** A numbered message on its way to the database. */
interface Placed {
  queue: ChatQueue;
  item: PendingInsert;
  doc: MessageDoc;
}

/** Limits of one insert and of the whole queue; past the latter, sends are refused as OVERLOADED. */
const MAX_BATCH = 500;
const MAX_PENDING = 20_000;
/** Batches under way at the same time, each over chats of its own. */
const MAX_IN_FLIGHT = 2;
/**
 * Batches start at least this far apart, in milliseconds: under load, more messages share a round trip;
 * on a quiet server the last batch is long over and nothing waits.
 */
const WINDOW_MS = 2;
/** How often a write may lose to other nodes before the client is asked to try again. */
const MAX_ATTEMPTS = 20;
/** Numbers given up longer ago than this can no longer be taken by a node that lags behind. */
const VERSION_MEMORY_MS = 10 * 60_000;
/** A node trusts what it knows of a chat's numbers for this long, far below the memory above. */
const HEAD_MAX_AGE_MS = 60_000;

/**
 * The numbered log of every chat, and the only writer of messages.
 *
 * Writes of all chats are gathered while the previous insert is under way and go out as one ordered
 * insert (group commit): a quiet server adds no delay, a busy one spends one round trip on hundreds of
 * messages. Numbers are `last + 1` under unique indexes. Two nodes that choose the same number are told
 * apart by the database: one gets a duplicate-key error, reads the last numbers again and retries. So
 * numbers have no holes and become visible in order, without transactions and without a counter that a
 * crash could leave ahead of its messages.
 */
export class MessageLog {
  /** Chats with work to do, in the order in which it came. */
  private readonly waiting = new Map<string, ChatQueue>();
  private readonly busy = new Set<string>();
  private readonly heads = new LRUCache<string, Head>({ max: 50_000, ttl: HEAD_MAX_AGE_MS });
  private readonly contended = new LRUCache<string, true>({ max: 1000, ttl: 10_000 });
  private pendingCount = 0;
  private inFlight = 0;
  private isScheduled = false;
  private lastStart = 0;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly messages: Model<MessageDoc>,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    /** Hears how far a chat's log has come, whenever that was read from the database. */
    private readonly onHead: (chatId: string, seq: number) => void = () => undefined,
  ) {}

  /**
   * Writes a message at the end of its chat; resolves when the database has it.
   *
   * @throws {AppError} CLIENT_MESSAGE_ID_REUSED when the sender has used the client id for another
   *   message in this chat, OVERLOADED or UNAVAILABLE when the client should try again.
   */
  append(chatId: string, draft: MessageDraft): Promise<Appended> {
    return this.enqueue(chatId, (resolve, reject) => ({
      kind: 'insert',
      id: new Types.ObjectId(),
      draft,
      attempts: 0,
      resolve,
      reject,
    }));
  }

  /**
   * Changes a message and gives it the chat's next version; resolves when the database has it.
   *
   * @throws {AppError} NOT_FOUND when the chat has no such message; whatever `mutate` throws.
   */
  change(
    chatId: string,
    messageId: string,
    mutate: Mutation,
  ): Promise<{ message: MessageDoc; changed: boolean }> {
    return this.enqueue(chatId, (resolve, reject) => ({
      kind: 'change',
      messageId,
      mutate,
      attempts: 0,
      resolve,
      reject,
    }));
  }

  /**
   * The chat's newest numbers, from the database: those that stand, or (`majority`) those that no
   * failover can take back, which alone are good for a reader's cursor: the messages up to that number
   * hold every change up to that version.
   */
  async readHead(chatId: string, concern: 'local' | 'majority' = 'local'): Promise<Head> {
    if (concern === 'local') {
      const [seq, version] = await Promise.all([
        this.newest('seq', chatId, concern),
        this.newest('version', chatId, concern),
      ]);
      return { seq, version };
    }
    // One after the other: what is written between the two must not be behind the version and yet
    // after the number, or a reader who takes the messages up to one and the version would miss it.
    const version = await this.newest('version', chatId, concern);
    const seq = await this.newest('seq', chatId, concern);
    return { seq, version };
  }

  /** The number of the chat's newest message, from the database; 0 for none. */
  newestSeq(chatId: string): Promise<number> {
    return this.newest('seq', chatId, 'local');
  }

  /** Resolves when everything accepted so far is written or refused. */
  drained(): Promise<void> {
    if (this.pendingCount === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private async newest(
    field: keyof Head,
    chatId: string,
    level: 'local' | 'majority',
  ): Promise<number> {
    const message = await this.messages.collection.findOne<Head>(
      { chatId: objectId(chatId) },
      { projection: { [field]: 1, _id: 0 }, sort: { [field]: -1 }, readConcern: { level } },
    );
    return message?.[field] ?? 0;
  }

  private enqueue<T>(
    chatId: string,
    makeItem: (
      resolve: (value: T) => void,
      reject: (error: unknown) => void,
    ) => PendingInsert | PendingChange,
  ): Promise<T> {
    if (this.pendingCount >= MAX_PENDING) {
      return Promise.reject(
        new AppError('OVERLOADED', 'Too many messages are waiting; try again', { retryAfter: 1 }),
      );
    }
    return new Promise<T>((resolve, reject) => {
      this.pendingCount += 1;
      let isSettled = false;
      const settle =
        <V>(end: (value: V) => void) =>
        (value: V) => {
          if (isSettled) return;
          isSettled = true;
          this.pendingCount -= 1;
          end(value);
          if (this.pendingCount === 0) for (const waiter of this.idleWaiters.splice(0)) waiter();
        };
      this.queueOf(chatId).items.push(makeItem(settle(resolve), settle(reject)));
      this.schedule();
    });
  }

  private queueOf(chatId: string): ChatQueue {
    let queue = this.waiting.get(chatId);
    if (!queue) {
      queue = {
        chatId,
        items: [],
        head: this.heads.get(chatId),
        isContended: this.contended.has(chatId),
      };
      this.waiting.set(chatId, queue);
    }
    return queue;
  }

  /** Starts a batch once the current turn of the event loop, or the window, has collected its share. */
  private schedule(): void {
    if (this.isScheduled || this.inFlight >= MAX_IN_FLIGHT) return;
    this.isScheduled = true;
    const start = () => {
      this.isScheduled = false;
      this.startBatches();
    };
    const wait = this.lastStart + WINDOW_MS - performance.now();
    if (wait > 0) setTimeout(start, wait);
    else setImmediate(start);
  }

  private startBatches(): void {
    while (this.inFlight < MAX_IN_FLIGHT) {
      const chosen = this.chooseQueues();
      if (chosen.length === 0) return;
      this.inFlight += 1;
      this.lastStart = performance.now();
      for (const queue of chosen) {
        this.waiting.delete(queue.chatId);
        this.busy.add(queue.chatId);
      }
      void this.runBatch(chosen);
    }
  }

  /** The next chats to write: several uncontended ones together, or a contended one alone. */
  private chooseQueues(): ChatQueue[] {
    const chosen: ChatQueue[] = [];
    let size = 0;
    for (const queue of this.waiting.values()) {
      if (this.busy.has(queue.chatId)) continue;
      if (queue.isContended) {
        if (chosen.length === 0) return [queue];
        continue;
      }
      chosen.push(queue);
      size += queue.items.length;
      if (size >= MAX_BATCH) break;
    }
    return chosen;
  }

  private async runBatch(queues: ChatQueue[]): Promise<void> {
    // What comes in from now on waits in another queue, so this is all that the batch can touch.
    const taken = queues.flatMap(({ items }) => items);
    try {
      await withDeadline(this.loadHeads(queues), QUEUE_STEP_MS);
      const placed: Placed[] = [];
      const changes: Promise<void>[] = [];
      for (const queue of queues) {
        if (queue.items[0]?.kind === 'change') changes.push(this.applyChange(queue));
        else placed.push(...this.placeInserts(queue, MAX_BATCH - placed.length));
      }
      const outcomes = await Promise.allSettled([this.insert(placed), ...changes]);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    } catch (error) {
      // The heads could not be read, or something failed that no step expects. Everybody gets an
      // answer; those who have one keep it. What was written all the same is found by a retry.
      for (const queue of queues) {
        queue.head = undefined;
        queue.items.length = 0;
      }
      for (const item of taken) item.reject(error);
    }
    for (const queue of queues) this.release(queue);
    this.inFlight -= 1;
    this.schedule();
  }

  /** Gives the chat back, keeping what is left before what has come in the meantime. */
  private release(queue: ChatQueue): void {
    this.busy.delete(queue.chatId);
    if (queue.head) this.heads.set(queue.chatId, queue.head);
    else this.heads.delete(queue.chatId);
    const arrived = this.waiting.get(queue.chatId);
    if (arrived) {
      arrived.items.unshift(...queue.items);
      arrived.head = queue.head;
      arrived.isContended = queue.isContended;
    } else if (queue.items.length > 0) {
      this.waiting.set(queue.chatId, queue);
    }
  }

  private async loadHeads(queues: ChatQueue[]): Promise<void> {
    await Promise.all(
      queues
        .filter((queue) => !queue.head)
        .map(async (queue) => {
          queue.head = await this.readHead(queue.chatId);
          this.onHead(queue.chatId, queue.head.seq);
        }),
    );
  }

  private placeInserts(queue: ChatQueue, room: number): Placed[] {
    const now = new Date(this.clock.now());
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
        createdAt: now,
        updatedAt: now,
      };
      placed.push({ queue, item, doc });
    }
    return placed;
  }

  private async insert(placed: Placed[]): Promise<void> {
    if (placed.length === 0) return;
    this.metrics.commitSize.observe(placed.length);
    try {
      await withDeadline(
        this.messages.collection.insertMany(
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
    this.metrics.messagesSent.inc(placed.length);
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
      queue.isContended = true;
      this.contended.set(queue.chatId, true);
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
    const own = await this.messages.findById(id).lean();
    if (own) return own;
    if (draft.clientMessageId === undefined) return undefined;
    const original = await this.messages
      .findOne({
        chatId: objectId(chatId),
        senderId: draft.senderId,
        clientMessageId: draft.clientMessageId,
      })
      .lean();
    if (!original) return undefined;
    if (original.fingerprint !== draft.fingerprint) throw clientMessageIdReused();
    return original;
  }

  private async applyChange(queue: ChatQueue): Promise<void> {
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

  /**
   * Messages of a chat that changed after a version, oldest change first, at most `limit`. Only what no
   * failover can take back is shown: a reader's cursor must not run ahead of the log.
   */
  async changedSince(chatId: string, version: number, limit: number): Promise<MessageDoc[]> {
    return this.messages
      .find({ chatId: objectId(chatId), version: trusted({ $gt: version }) })
      .sort({ version: 1 })
      .limit(limit)
      .read('primary')
      .readConcern('majority')
      .lean();
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

/** Whether what a failed bulk write did write has reached a majority. */
const isDurable = (error: mongo.MongoBulkWriteError): boolean =>
  error.result.getWriteConcernError() === undefined;

const firstWriteErrorIndex = (error: mongo.MongoBulkWriteError): number | undefined => {
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return errors[0]?.index;
};

const contention = (): AppError =>
  new AppError('UNAVAILABLE', 'This chat is very busy; try again', { retryAfter: 1 });

/** The error for a client id that already stands for another message. */
export const clientMessageIdReused = (): AppError =>
  new AppError(
    'CLIENT_MESSAGE_ID_REUSED',
    'This clientMessageId was already used for a different message',
  );
