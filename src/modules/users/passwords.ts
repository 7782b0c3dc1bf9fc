import bcrypt from 'bcrypt';
import { createHash } from 'node:crypto';
import { ConcurrencyLimiter } from '../../platform/concurrency-limiter.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { rateLimited } from '../../platform/rate-limiter.js';
import { AppError } from '../../shared/errors.js';
import { canBeHashed, passwordForm } from './account-fields.js';

/** The limits of the hasher. */
export interface PasswordHasherOptions {
  /** bcrypt's cost (log2). */
  rounds: number;
  /** Hashes computed at the same time. */
  concurrency: number;
  /** Calls that may wait; more are refused. */
  maxQueue: number;
}

/**
 * Tells whether an account still has the password that it had: 32 hexadecimal digits, which differ after every change.
 * They give nothing away that the hash of the password would not.
 */
export const markOfPassword = ({ passwordHash }: { passwordHash: string }): string =>
  createHash('sha256').update(passwordHash).digest('hex').slice(0, 32);

/** Seconds after which a refused hash or attempt may be tried again. */
const RETRY_AFTER = 2;

/**
 * Hashes and compares passwords, a few at a time: every hash keeps a processor core busy, and more at once
 * would only slow down all of them, and everything else.
 */
export class PasswordHasher {
  private readonly limiter: ConcurrencyLimiter;
  private readonly dummyHash: string;

  constructor(private readonly options: PasswordHasherOptions) {
    this.limiter = new ConcurrencyLimiter({
      concurrency: options.concurrency,
      maxWaiting: options.maxQueue,
      refusal: () =>
        new AppError('OVERLOADED', 'Too many people are signing in; try again', {
          retryAfter: RETRY_AFTER,
        }),
    });
    const cost = String(options.rounds).padStart(2, '0');
    // A well-formed hash of the same cost that matches no password.
    this.dummyHash = `$2b$${cost}$${'.'.repeat(53)}`;
  }

  /**
   * Hashes a new password, which its schema has already converted to its form.
   *
   * @throws {AppError} OVERLOADED when too many calls are waiting.
   */
  hash(password: string): Promise<string> {
    return this.limiter.run(() => bcrypt.hash(password, this.options.rounds));
  }

  /**
   * Whether the password, in its form, has this hash. Without a hash the answer is no, after the same time: the
   * response time must not tell whether an account exists.
   *
   * @throws {AppError} OVERLOADED when too many calls are waiting.
   */
  matches(password: string, hash: string | undefined): Promise<boolean> {
    return this.compare(passwordForm(password), hash);
  }

  /** As {@link matches}, for a hash from before the form: of the password as it was given. */
  matchesAsGiven(password: string, hash: string | undefined): Promise<boolean> {
    return this.compare(password, hash);
  }

  private async compare(text: string, hash: string | undefined): Promise<boolean> {
    const isMatch = await this.limiter.run(() => bcrypt.compare(text, hash ?? this.dummyHash));
    return isMatch && hash !== undefined && canBeHashed(text);
  }
}

/** Concurrent attempts under one key. */
interface Group {
  /** Makes the attempts reserve one after the other. */
  queue: ConcurrencyLimiter;
  /** Attempts that wait or run. */
  size: number;
  /** Attempts that have reserved and run. */
  running: number;
  /** Attempts that have ended. */
  ended: number;
  /** Called when the next attempt ends. */
  onEnd: (() => void) | undefined;
}

/** Attempts under one key that may wait; more are refused. */
const MAX_WAITING = 64;

const isWrongGuess = (error: unknown): boolean =>
  error instanceof AppError &&
  (error.code === 'INVALID_CREDENTIALS' || error.code === 'TOTP_INVALID');

/**
 * Limits wrong passwords, or wrong codes, per key. Each attempt reserves one of the allowed failures before it runs, so that a
 * parallel burst cannot pass the limit, and gives it back unless it was wrong. When all failures
 * are reserved, but some by attempts that still run on this node, an attempt waits for these: right passwords
 * are not refused only because they arrive together.
 */
export class FailedAttempts {
  private readonly groups = new Map<string, Group>();

  constructor(private readonly limiter: RateLimiter) {}

  /**
   * Runs an attempt; it counts when it is rejected with INVALID_CREDENTIALS or TOTP_INVALID.
   *
   * @throws {AppError} RATE_LIMITED when the limit is passed, OVERLOADED when too many attempts wait, or what
   *   the attempt is rejected with.
   */
  async run<T>(key: string, attempt: () => Promise<T>): Promise<T> {
    if (this.limiter.rule.limit === 0) return attempt();
    const group = this.groups.get(key) ?? newGroup();
    this.groups.set(key, group);
    group.size += 1;
    try {
      const giveBack = await group.queue.run(() => this.reserve(key, group));
      return await this.runReserved(attempt, giveBack, group);
    } finally {
      group.size -= 1;
      if (group.size === 0) this.groups.delete(key);
    }
  }

  private async reserve(key: string, group: Group): Promise<() => Promise<void>> {
    for (;;) {
      const { ended } = group;
      const { allowed, resetSeconds, giveBack } = await this.limiter.reserve(key);
      if (allowed) {
        group.running += 1;
        return giveBack;
      }
      if (group.ended !== ended) continue;
      if (group.running === 0) throw rateLimited(resetSeconds);
      await new Promise<void>((resolve) => {
        group.onEnd = resolve;
      });
    }
  }

  private async runReserved<T>(
    attempt: () => Promise<T>,
    giveBack: () => Promise<void>,
    group: Group,
  ): Promise<T> {
    let counts = false;
    try {
      return await attempt();
    } catch (error) {
      counts = isWrongGuess(error);
      throw error;
    } finally {
      if (!counts) await giveBack();
      group.running -= 1;
      group.ended += 1;
      group.onEnd?.();
      group.onEnd = undefined;
    }
  }
}

const newGroup = (): Group => ({
  queue: new ConcurrencyLimiter({
    concurrency: 1,
    maxWaiting: MAX_WAITING,
    refusal: () =>
      new AppError('OVERLOADED', 'Too many attempts to sign in at once; try again', {
        retryAfter: RETRY_AFTER,
      }),
  }),
  size: 0,
  running: 0,
  ended: 0,
  onEnd: undefined,
});
