import { CoalescedTask } from './coalesced-task.js';

/** What is done with items that gather. */
export interface BatchedTaskOptions<Item> {
  /** Hands over what has gathered, all of it; the collection bounds itself. */
  take(): Item[];
  /** Items that are handled at once at most. */
  maxItems: number;
  /** Handles some items; needs a deadline, because everything else waits for it. */
  handle(items: Item[]): Promise<void>;
  /** Called when that has failed; the items after these are handled all the same. */
  onError(error: unknown, items: Item[]): void;
}

/**
 * Handles what gathers for a while in a few calls, one at a time: while one is slow, more gathers for the
 * next. Two others gather by rules of their own: the write queues of the message log, which keep chats apart,
 * and `createBatchLoader`, which answers each key.
 */
export class BatchedTask<Item> {
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly rounds = new CoalescedTask(() => this.round());

  constructor(private readonly options: BatchedTaskOptions<Item>) {}

  /** Begins within this time, in milliseconds; does nothing when that is planned already, or after `close`. */
  startWithin(delayMs: number): void {
    if (this.isClosed) return;
    this.timer ??= setTimeout(() => {
      void this.flush();
    }, delayMs);
  }

  /** Resolves when everything that has gathered so far is handled, or has failed. Never rejects. */
  flush(): Promise<void> {
    return this.rounds.run();
  }

  /** Resolves when what is under way has ended. */
  idle(): Promise<void> {
    return this.rounds.idle();
  }

  /** Flushes, and begins no more by itself: the node is shutting down. */
  async close(): Promise<void> {
    await this.flush();
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private async round(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { handle, maxItems, onError, take } = this.options;
    const items = take();
    for (let start = 0; start < items.length; start += maxItems) {
      const some = items.slice(start, start + maxItems);
      try {
        await handle(some);
      } catch (error) {
        onError(error, some);
      }
    }
  }
}
