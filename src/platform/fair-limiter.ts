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
  /** How long one may wait before it is refused, in milliseconds; absent: as long as it takes. */
  maxWaitMs?: number | undefined;
  /** The error for what is refused. */
  refusal(): AppError;
}

interface Waiting {
  proceed(): void;
  refuse(): void;
  isWanted(): boolean;
}

/** What one key has under way and waiting. Keys are kept only while they have something. */
interface Lane {
  running: number;
  waiting: Set<Waiting>;
}

const always = (): boolean => true;

/**
 * Lets work through a few pieces at a time, and the keys (users) in turn: however much one of them
 * brings, the others wait for one piece of it at most.
 */
export class FairLimiter {
  /** In the order of their turns: who has had one goes to the end. */
  private readonly lanes = new Map<string, Lane>();
  private running = 0;
  private waitingCount = 0;

  constructor(private readonly options: FairLimiterOptions) {}

  /** How many pieces wait for their turn. */
  get waiting(): number {
    return this.waitingCount;
  }

  /** How many keys have something under way. */
  get keys(): number {
    return this.lanes.size;
  }

  /**
   * Does the work when the turn of its key comes.
   *
   * @param isWanted asked when the turn comes: work that nobody waits for any more is refused instead.
   * @throws {AppError} the refusal, when too many wait, of this key or in all, when this has waited too long,
   *   or is not wanted.
   */
  async run<T>(key: string, work: () => Promise<T>, isWanted: () => boolean = always): Promise<T> {
    const lane = this.lanes.get(key) ?? { running: 0, waiting: new Set() };
    if (this.mayStart(lane)) this.start(key, lane);
    else await this.turn(key, lane, isWanted);
    try {
      return await work();
    } finally {
      this.end(key, lane);
    }
  }

  private get isFull(): boolean {
    return this.running >= this.options.concurrency;
  }

  private mayStart({ running }: Lane): boolean {
    return !this.isFull && running < this.options.concurrencyPerKey;
  }

  private start(key: string, lane: Lane): void {
    this.running += 1;
    lane.running += 1;
    this.lanes.delete(key);
    this.lanes.set(key, lane);
  }

  private turn(key: string, lane: Lane, isWanted: () => boolean): Promise<void> {
    const { maxWaiting, maxWaitingPerKey, maxWaitMs, refusal } = this.options;
    if (this.waitingCount >= maxWaiting || lane.waiting.size >= maxWaitingPerKey) {
      return Promise.reject(refusal());
    }
    this.waitingCount += 1;
    this.lanes.set(key, lane);
    return new Promise((resolve, reject) => {
      const leave = (end: () => void) => () => {
        clearTimeout(timer);
        this.waitingCount -= 1;
        lane.waiting.delete(waiting);
        this.dropIdle(key, lane);
        end();
      };
      const waiting: Waiting = {
        isWanted,
        proceed: leave(resolve),
        refuse: leave(() => {
          reject(refusal());
        }),
      };
      const timer = maxWaitMs === undefined ? undefined : setTimeout(waiting.refuse, maxWaitMs);
      lane.waiting.add(waiting);
    });
  }

  private end(key: string, lane: Lane): void {
    const wasFull = this.isFull;
    this.running -= 1;
    lane.running -= 1;
    // While there was room for all, only what waits for this key was held up.
    if (wasFull) this.passOn();
    else this.startNext(key, lane);
    this.dropIdle(key, lane);
  }

  /** Starts the first waiting piece of the first key that may have one more under way. */
  private passOn(): void {
    for (const [key, lane] of this.lanes) if (this.startNext(key, lane)) return;
  }

  /** Starts the key's first waiting piece that is wanted, if it may have one more; answers whether it did. */
  private startNext(key: string, lane: Lane): boolean {
    if (!this.mayStart(lane)) return false;
    for (const waiting of lane.waiting) {
      if (waiting.isWanted()) {
        this.start(key, lane);
        waiting.proceed();
        return true;
      }
      waiting.refuse();
    }
    return false;
  }

  private dropIdle(key: string, lane: Lane): void {
    if (lane.running === 0 && lane.waiting.size === 0) this.lanes.delete(key);
  }
}
