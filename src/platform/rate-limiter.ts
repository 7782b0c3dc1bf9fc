import { createHash } from 'node:crypto';
import type { ClientRateLimitInfo, Options, Store } from 'express-rate-limit';
import { MemoryStore } from 'express-rate-limit';
import { RedisStore } from 'rate-limit-redis';
import { AppError } from '../shared/errors.js';
import type { Logger } from './logger.js';
import type { RedisClients } from './redis.js';

/** A limit: at most `limit` hits per `windowMs` milliseconds and key; 0 means no limit. */
export interface RateLimitRule {
  name: string;
  limit: number;
  windowMs: number;
}

/** The state of a key after a hit. */
export interface RateLimitState {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** Seconds until the window ends. */
  resetSeconds: number;
}

/** A hit that can be taken back. */
export interface Reservation extends RateLimitState {
  /** Takes the hit back; without effect when its window is over, or when it was not allowed. */
  giveBack(): Promise<void>;
}

/**
 * Counts hits per key in windows, shared by all nodes when there is a Redis. While Redis is away each
 * node counts for itself: a limit may then be as many times too generous as there are nodes, but
 * nobody is locked out and nothing waits.
 */
export class RateLimiter {
  private readonly local: Store;
  private readonly shared: Store | undefined;

  constructor(
    readonly rule: RateLimitRule,
    private readonly logger: Logger,
    redis?: RedisClients,
  ) {
    this.local = initialised(new MemoryStore(), rule);
    this.shared = redis && initialised(redisStore(rule, redis), rule);
  }

  /** Counts one hit and answers the state of the key. */
  async hit(key: string): Promise<RateLimitState> {
    const { limit } = this.rule;
    if (limit === 0) return { allowed: true, limit: 0, remaining: Infinity, resetSeconds: 0 };
    const { totalHits, resetTime } = await this.increment(key);
    const resetMs = resetTime ? resetTime.getTime() - Date.now() : this.rule.windowMs;
    return {
      allowed: totalHits <= limit,
      limit,
      remaining: Math.max(0, limit - totalHits),
      resetSeconds: Math.max(1, Math.ceil(resetMs / 1000)),
    };
  }

  /**
   * Counts one hit.
   *
   * @throws {AppError} RATE_LIMITED with `retryAfter` in seconds, when the limit is passed.
   */
  async consume(key: string): Promise<void> {
    const state = await this.hit(key);
    if (!state.allowed) throw rateLimited(state.resetSeconds);
  }

  /** Counts one hit for something that may turn out not to count; one that is not allowed is not counted. */
  async reserve(key: string): Promise<Reservation> {
    const state = await this.hit(key);
    const endsAt = Date.now() + state.resetSeconds * 1000;
    if (!state.allowed) await this.refund(key);
    return {
      ...state,
      giveBack: async () => {
        // In the next window it would take back somebody else's hit.
        if (state.allowed && Date.now() < endsAt) await this.refund(key);
      },
    };
  }

  /**
   * Counts hits for work that may be refused, and then costs nothing.
   *
   * @param hits how many; when not all of them are allowed, none is counted and nothing is done.
   * @throws {AppError} RATE_LIMITED, and what the work throws.
   */
  async during<T>(key: string, hits: number, work: () => Promise<T>): Promise<T> {
    const reserved: Reservation[] = [];
    try {
      while (reserved.length < hits) {
        const next = await this.reserve(key);
        if (!next.allowed) throw rateLimited(next.resetSeconds);
        reserved.push(next);
      }
      return await work();
    } catch (error) {
      await Promise.all(reserved.map((reservation) => reservation.giveBack()));
      throw error;
    }
  }

  /** Gives a hit back, for a call that turned out to cost nothing (a replay). */
  async refund(key: string): Promise<void> {
    if (this.rule.limit === 0) return;
    try {
      await (this.shared ?? this.local).decrement(key);
    } catch {
      await this.local.decrement(key);
    }
  }

  private async increment(key: string): Promise<ClientRateLimitInfo> {
    if (this.shared) {
      try {
        return await this.shared.increment(key);
      } catch (error) {
        this.logger.debug({ err: error, limit: this.rule.name }, 'shared rate limit unavailable');
      }
    }
    return this.local.increment(key);
  }
}

/** The error of a passed limit; `retryAfter` in seconds. */
export const rateLimited = (retryAfter: number): AppError =>
  new AppError('RATE_LIMITED', `Too many requests; try again in ${retryAfter} s`, { retryAfter });

const initialised = (store: Store, rule: RateLimitRule): Store => {
  // A store reads only the window from the options that express-rate-limit would hand it.
  void store.init?.({ windowMs: rule.windowMs } as Options);
  return store;
};

const redisStore = (rule: RateLimitRule, redis: RedisClients): Store => {
  const client = redis.client('limits');
  /**
   * The store loads its scripts when it is made, and again when Redis does not know them. A failure to
   * load is not an error: a script's name is its digest, so it is known all the same, and the next hit
   * finds out that the script is missing and loads it.
   */
  const loadScript = (source: string, args: string[]) =>
    client.call('SCRIPT', ...args).catch(() => createHash('sha1').update(source).digest('hex'));
  return new RedisStore({
    prefix: `parley:limit:${rule.name}:`,
    sendCommand: (command: string, ...args: string[]) =>
      (command === 'SCRIPT' && args[1] !== undefined
        ? loadScript(args[1], args)
        : client.call(command, ...args)) as never,
  });
};
