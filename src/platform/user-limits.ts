import type { RateLimiter } from './rate-limiter.js';

/**
 * The allowances, per user, over both transports and all dialects. Whatever asks the database names one.
 *
 * - `changes` of messages, which are sent to everybody in the chat
 * - `live` streams
 * - `lookups`, which read much: searches, lists of who is online
 * - `marks`: read positions, views opened and left, ends of typing, logging out; what no client should
 *   have to keep to itself
 * - `reads` of a page, a list or one thing
 * - `sends`: attempts to send a message, retries too; messages themselves are counted where they are sent
 * - `signals`, which are sent to many
 * - `sync`, which reads most
 * - `uploads`
 * - `writes`: everything else that is written
 */
export type UserLimitName =
  | 'changes'
  | 'live'
  | 'lookups'
  | 'marks'
  | 'reads'
  | 'sends'
  | 'signals'
  | 'sync'
  | 'uploads'
  | 'writes';

/** Counts the calls of each user. */
export class UserLimits {
  constructor(private readonly limiters: Record<UserLimitName, RateLimiter>) {}

  /**
   * Counts a call.
   *
   * @throws {AppError} RATE_LIMITED with `retryAfter` in seconds, when the limit is passed.
   */
  consume(name: UserLimitName, userId: string): Promise<void> {
    return this.limiters[name].consume(userId);
  }
}
