import type { Request, Response } from 'express';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { rateLimited } from '../../platform/rate-limiter.js';
import { addressKey } from '../../platform/tally.js';

/** The limits a request can fall under. */
export type RequestLimit = 'general' | 'user' | 'files' | 'logouts' | 'server-key' | 'refused-keys';

/** Applies the request limits and says in the `RateLimit` headers how much is left. */
export class RequestLimits {
  constructor(private readonly limiters: Record<RequestLimit, RateLimiter>) {}

  /**
   * Counts a request, per user or server key when its id is given, else per client address.
   *
   * @throws {AppError} RATE_LIMITED when the limit is passed.
   */
  async consume(
    limit: RequestLimit,
    req: Request,
    res: Response,
    callerId?: string,
  ): Promise<void> {
    const limiter = this.limiters[limit];
    if (limiter.rule.limit === 0) return;
    const state = await limiter.hit(callerId ?? addressKey(req.ip ?? ''));
    const windowSeconds = limiter.rule.windowMs / 1000;
    res.set('RateLimit-Policy', `"${limit}";q=${state.limit};w=${windowSeconds}`);
    res.set('RateLimit', `"${limit}";r=${state.remaining};t=${state.resetSeconds}`);
    if (!state.allowed) throw rateLimited(state.resetSeconds);
  }
}
