import { LRUCache } from 'lru-cache';
import type { Types, UpdateQuery } from 'mongoose';
import { AppError } from '../../../shared/errors.js';
import type { StoredMessage } from '../message.model.js';
import type { NewestNumbers } from '../messages.repository.js';
import { atMost } from '../../../shared/at-most.js';

/** A message before it is in the log: everything but numbers, id and times. */
export type MessageDraft = Omit<
  StoredMessage,
  '_id' | 'chatId' | 'seq' | 'version' | 'versions' | 'uncounted' | 'createdAt' | 'updatedAt'
>;

/** A written message; `isReplay` when an earlier send with the same client id had already written it. */
export interface Appended {
  message: StoredMessage;
  isReplay: boolean;
}

/**
 * Computes a change from the current message; returns undefined when there is nothing to change. May be
 * called again when another change came first.
 */
export type Mutation = (current: StoredMessage) => UpdateQuery<StoredMessage> | undefined;

/** A message that waits for its number. */
export interface PendingInsert {
  kind: 'insert';
  /** Chosen once, so that a retry recognises a write whose answer was lost. */
  id: Types.ObjectId;
  draft: MessageDraft;
  attempts: number;
  /** When it was added, by `performance.now()`. */
  since: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** A change that waits for its number. */
export interface PendingChange {
  kind: 'change';
  messageId: string;
  mutate: Mutation;
  /** The message as its caller has read it; absent once a change to it has come first. */
  read?: StoredMessage | undefined;
  attempts: number;
  /** When it was added, by `performance.now()`. */
  since: number;
  resolve(result: { message: StoredMessage; changed: boolean }): void;
  reject(error: unknown): void;
}

/** The pending writes of one chat. */
export interface ChatQueue {
  chatId: string;
  items: (PendingInsert | PendingChange)[];
  /** Newest numbers as far as this node knows; undefined until read, and after a conflict. */
  newest: NewestNumbers | undefined;
  /** Another node writes here too: this chat's conflicts must not hold up other chats' batches. */
  isContended: boolean;
}

/** Items of one batch, and of all queues together; past the latter, sends are refused as OVERLOADED. */
export const MAX_BATCH = 500;
const MAX_PENDING = 20_000;
/** Batches under way at the same time, each over chats of its own. */
const MAX_IN_FLIGHT = 2;
/**
 * After a batch of several items the next one starts later, by so much for each item, up to a bound, in milliseconds:
 * under load more messages share a round trip; after a batch of one nothing waits.
 */
const WINDOW_MS = { perItem: 2, max: 10 };
/**
 * After a batch of this length the database counts as stuck. Whatever has waited for longer than
 * `WAITED_MS` is refused rather than kept for another batch that may end the same way: together with
 * the database's own time limit, nobody waits for more than three seconds. Both in milliseconds.
 */
const STUCK_MS = 1500;
const WAITED_MS = 1000;
/** How long a node trusts its cached numbers of a chat: far shorter than versions are kept. */
const NEWEST_MAX_AGE_MS = 60_000;
/** How long a chat gets batches of its own after another node has written to it, in milliseconds. */
const CONTENTION_MS = 10_000;

/**
 * Queues the pending writes by chat, and makes batches of them. A chat is in one batch at a time, so that its
 * writes come one after the other.
 */
export class WriteQueues {
  /** Chats with pending writes, in the order of their first one. */
  private readonly waiting = new Map<string, ChatQueue>();
  private readonly busy = new Set<string>();
  private readonly newest = new LRUCache<string, NewestNumbers>({
    ...atMost(50_000),
    ttl: NEWEST_MAX_AGE_MS,
  });

  private readonly contended = new LRUCache<string, true>({ ...atMost(1000), ttl: CONTENTION_MS });
  private pendingCount = 0;
  private inFlight = 0;
  private isScheduled = false;
  private lastStart = 0;
  /** How far the next batch starts from the last one, in milliseconds. */
  private windowMs = 0;
  private idleWaiters: (() => void)[] = [];

  /**
   * @param write takes items out of the queues, writes and settles them; items that it leaves are tried again
   */
  constructor(private readonly write: (queues: ChatQueue[]) => Promise<void>) {}

  /**
   * Adds an item, made with what settles it.
   *
   * @throws {AppError} OVERLOADED when too much is waiting.
   */
  add<T>(
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

  /** Resolves when everything accepted so far is written or refused. */
  drained(): Promise<void> {
    if (this.pendingCount === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** Called when another node writes to the chat too: for a while it gets batches of its own. */
  markContended(queue: ChatQueue): void {
    queue.isContended = true;
    this.contended.set(queue.chatId, true);
  }

  private queueOf(chatId: string): ChatQueue {
    let queue = this.waiting.get(chatId);
    if (!queue) {
      queue = {
        chatId,
        items: [],
        newest: this.newest.get(chatId),
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
    const wait = this.lastStart + this.windowMs - performance.now();
    if (wait > 0) setTimeout(start, wait);
    else setImmediate(start);
  }

  private startBatches(): void {
    while (this.inFlight < MAX_IN_FLIGHT) {
      const chosen = this.chooseQueues();
      if (chosen.length === 0) return;
      this.inFlight += 1;
      this.lastStart = performance.now();
      this.windowMs = windowAfter(chosen);
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
    // New items wait in another queue, so the batch contains only these.
    const taken = queues.flatMap(({ items }) => items);
    const start = performance.now();
    try {
      await this.write(queues);
    } catch (error) {
      // The newest numbers could not be read, or something failed that no step expects. Items that are not
      // settled yet are refused. A retry finds those that were written all the same.
      for (const queue of queues) {
        queue.newest = undefined;
        queue.items.length = 0;
      }
      for (const item of taken) item.reject(error);
    }
    for (const queue of queues) this.release(queue);
    this.inFlight -= 1;
    if (performance.now() - start >= STUCK_MS) this.refuseWaiting(performance.now() - WAITED_MS);
    this.schedule();
  }

  /** Refuses items that have been waiting since before a time; none of them has been written. */
  private refuseWaiting(before: number): void {
    for (const queue of this.waiting.values()) {
      const refused = queue.items.filter(({ since }) => since < before);
      if (refused.length === 0) continue;
      queue.items = queue.items.filter(({ since }) => since >= before);
      if (queue.items.length === 0) this.waiting.delete(queue.chatId);
      const error = new AppError('OVERLOADED', 'The database does not keep up; try again', {
        retryAfter: 1,
      });
      for (const item of refused) item.reject(error);
    }
  }

  /** Releases the chat; items that are left come before those added meanwhile. */
  private release(queue: ChatQueue): void {
    this.busy.delete(queue.chatId);
    if (queue.newest) this.newest.set(queue.chatId, queue.newest);
    else this.newest.delete(queue.chatId);
    const arrived = this.waiting.get(queue.chatId);
    if (arrived) {
      arrived.items.unshift(...queue.items);
      arrived.newest = queue.newest;
      arrived.isContended = queue.isContended;
    } else if (queue.items.length > 0) {
      this.waiting.set(queue.chatId, queue);
    }
  }
}

const windowAfter = (queues: ChatQueue[]): number => {
  const size = queues.reduce((sum, { items }) => sum + items.length, 0);
  return size <= 1 ? 0 : Math.min(WINDOW_MS.max, WINDOW_MS.perItem * size);
};
