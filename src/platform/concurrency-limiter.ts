import type { AppError } from '../shared/errors.js';

/** How much work is let through. */
export interface TurnstileOptions {
  /** Pieces of work under way at the same time. */
  concurrency: number;
  /** Pieces that may wait for their turn; the next one is refused. */
  maxWaiting: number;
  /** How long one may wait before it is refused, in milliseconds; absent: as long as it takes. */
  maxWaitMs?: number;
  /** The error for what is refused. */
  refusal(): AppError;
}

interface Waiting {
  proceed(): void;
  refuse(): void;
  isWanted(): boolean;
}

const always = (): boolean => true;

/** Lets work through a few pieces at a time, first come, first served, and refuses what would wait too long. */
export class ConcurrencyLimiter {
  private readonly queue = new Set<Waiting>();
  private running = 0;

  constructor(private readonly options: TurnstileOptions) {}

  /** How many wait for their turn. */
  get waiting(): number {
    return this.queue.size;
  }

  /** Whether nothing is under way, and so nothing waits. */
  get isIdle(): boolean {
    return this.running === 0;
  }

  /**
   * Does the work when its turn comes.
   *
   * @param isWanted asked when the turn comes: work that nobody waits for any more is refused instead.
   * @throws {AppError} the refusal, when too many wait, this has waited too long, or is not wanted.
   */
  async run<T>(work: () => Promise<T>, isWanted: () => boolean = always): Promise<T> {
    if (this.running < this.options.concurrency) this.running += 1;
    else await this.turn(isWanted);
    try {
      return await work();
    } finally {
      this.passOn();
    }
  }

  private turn(isWanted: () => boolean): Promise<void> {
    const { maxWaiting, maxWaitMs, refusal } = this.options;
    if (this.queue.size >= maxWaiting) return Promise.reject(refusal());
    return new Promise((resolve, reject) => {
      const leave = (end: () => void) => () => {
        clearTimeout(timer);
        this.queue.delete(waiting);
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
      this.queue.add(waiting);
    });
  }

  /** The first one waiting takes over the place that has become free. */
  private passOn(): void {
    for (const waiting of this.queue) {
      if (waiting.isWanted()) {
        waiting.proceed();
        return;
      }
      waiting.refuse();
    }
    this.running -= 1;
  }
}
