import type { FairLimiterOptions } from './fair-limiter.js';
import { FairLimiter } from './fair-limiter.js';

/** How much work is let through, how much may wait, how long, and the error for what is refused. */
export type ConcurrencyLimiterOptions = Pick<
  FairLimiterOptions,
  'concurrency' | 'maxWaiting' | 'maxWaitMs' | 'refusal'
>;

/** The key of all work. */
const ONE = '';

/**
 * Lets work through a few pieces at a time, first come, first served, and refuses what would wait too long:
 * a `FairLimiter` with one key.
 */
export class ConcurrencyLimiter {
  private readonly limiter: FairLimiter;

  constructor(options: ConcurrencyLimiterOptions) {
    this.limiter = new FairLimiter({
      ...options,
      concurrencyPerKey: Infinity,
      maxWaitingPerKey: Infinity,
    });
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.limiter.waiting;
  }

  /**
   * Does the work when its turn comes.
   *
   * @param isWanted asked when the turn comes: work that nobody waits for any more is refused instead.
   * @throws {AppError} the refusal, when too many wait, this has waited too long, or is not wanted.
   */
  run<T>(work: () => Promise<T>, isWanted?: () => boolean): Promise<T> {
    return this.limiter.run(ONE, work, isWanted);
  }
}
