import type { AppError } from '../shared/errors.js';

/** How much work is let through, in all and of one key. */
export interface FairLimiterOptions {
  /** Pieces of work under way at the same time. */
  concurrency: number;
  /** Of these, pieces of one key. */
  concurrencyPerKey: number;
  /** Pieces that may wait; the next one is refused. */
  maxWaiting: number;
  /** Of these, pieces of one key. */
  maxWaitingPerKey: number;
  /** The error for what is refused. */
  refusal(): AppError;
}

/** What one key has under way and waiting. Keys are kept only while they have something. */
interface Lane {
  running: number;
  waiting: (() => void)[];
}

/**
 * Lets work through a few pieces at a time, and the keys (users) in turn: however much one of them
 * brings, the others wait for one piece of it at most.
 */
export class FairLimiter {
  /** In the order of their turns: who has had one goes to the end. */
  private readonly lanes = new Map<string, Lane>();
  private running = 0;
  private waiting = 0;

  constructor(private readonly options: FairLimiterOptions) {}

  /**
   * Does the work when the turn of its key comes.
   *
   * @throws {AppError} the refusal, when too many wait, of this key or in all.
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(key) ?? { running: 0, waiting: [] };
    if (this.mayStart(lane)) this.start(key, lane);
    else await this.turn(key, lane);
    try {
      return await work();
    } finally {
      this.running -= 1;
      lane.running -= 1;
      if (lane.running === 0 && lane.waiting.length === 0) this.lanes.delete(key);
      this.passOn();
    }
  }

  private mayStart({ running }: Lane): boolean {
    const { concurrency, concurrencyPerKey } = this.options;
    return this.running < concurrency && running < concurrencyPerKey;
  }

  private start(key: string, lane: Lane): void {
    this.running += 1;
    lane.running += 1;
    this.lanes.delete(key);
    this.lanes.set(key, lane);
  }

  private turn(key: string, lane: Lane): Promise<void> {
    const { maxWaiting, maxWaitingPerKey, refusal } = this.options;
    if (this.waiting >= maxWaiting || lane.waiting.length >= maxWaitingPerKey) {
      return Promise.reject(refusal());
    }
    this.waiting += 1;
    this.lanes.set(key, lane);
    return new Promise((resolve) => {
      lane.waiting.push(resolve);
    });
  }

  /** Starts the first waiting piece of the first key that may have one more under way. */
  private passOn(): void {
    for (const [key, lane] of this.lanes) {
      if (lane.waiting.length === 0 || !this.mayStart(lane)) continue;
      this.waiting -= 1;
      this.start(key, lane);
      lane.waiting.shift()!();
      return;
    }
  }
}
