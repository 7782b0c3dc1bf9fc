import { timedOut, withDeadline } from '../shared/deadline.js';
import { FairLimiter } from './fair-limiter.js';
import { rateLimited } from './rate-limiter.js';

/** Pieces of one user's work that may wait for their turn. */
export const MAX_WAITING = 100;
/** Seconds after which work beyond that may be tried again. */
const RETRY_AFTER = 1;

/**
 * Lets a few pieces of each user's work be under way at a time, over all sockets, transports and dialects
 * of this node, first come, first served: nobody's own work keeps the database from everybody else.
 */
export class UserTurns {
  private readonly limiter: FairLimiter | undefined;

  /** @param concurrency pieces of one user's work under way at a time; 0 for no bound. */
  constructor(concurrency: number) {
    if (concurrency === 0) return;
    this.limiter = new FairLimiter({
      concurrency: Infinity,
      concurrencyPerKey: concurrency,
      maxWaiting: Infinity,
      maxWaitingPerKey: MAX_WAITING,
      refusal: () => rateLimited(RETRY_AFTER),
    });
  }

  /**
   * Does the work when the user's turn comes, and ends the turn when the work has ended.
   *
   * @param isWanted asked when the turn comes: work that nobody waits for any more is not begun.
   * @throws {AppError} RATE_LIMITED with `retryAfter`, when 100 pieces of the user's work wait already.
   */
  async run<T>(userId: string, work: () => Promise<T>, isWanted?: () => boolean): Promise<T> {
    return this.limiter ? this.limiter.run(userId, work, isWanted) : work();
  }

  /**
   * As `run`, but for no longer than `timeoutMs` milliseconds from now, the wait included. The turn ends
   * then, too: work that is lost without an answer must not keep the user out for ever.
   *
   * @throws {AppError} RATE_LIMITED as `run`; TIMEOUT.
   */
  runWithin<T>(userId: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
    const giveUpAt = performance.now() + timeoutMs;
    const remaining = () => giveUpAt - performance.now();
    const turn = this.run(userId, async () => {
      if (remaining() <= 0) throw timedOut();
      return withDeadline(work(), remaining());
    });
    return withDeadline(turn, timeoutMs);
  }

  /** How many users have work under way. */
  get users(): number {
    return this.limiter?.keys ?? 0;
  }
}
