import type { RateLimiter } from './rate-limiter.js';

/**
 * What is counted per user, over both transports and all dialects, because it costs much more than its
 * frame: `changes` of messages, which everybody in the chat hears of; `live` streams; `lookups`, which
 * read much; `signals`, which many hear of; `sync`, which reads most.
 */
export type UserLimitName = 'changes' | 'live' | 'lookups' | 'signals' | 'sync';

/** Counts the calls of each user that cost much. */
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
