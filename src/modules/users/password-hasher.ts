import bcrypt from 'bcrypt';
import { ConcurrencyLimiter } from '../../platform/concurrency-limiter.js';
import { AppError } from '../../shared/errors.js';

/** How much work the hasher takes on. */
export interface PasswordHasherOptions {
  /** bcrypt's cost (log2). */
  rounds: number;
  /** Hashes computed at the same time. */
  concurrency: number;
  /** Calls that may wait for their turn; the next one is refused. */
  maxQueue: number;
}

/** Seconds after which a refused call may be tried again. */
const RETRY_AFTER = 2;

/**
 * Hashes and compares passwords, a few at a time: every hash keeps a processor core busy, and more of
 * them at once would only make all of them, and everything else, slower.
 */
export class PasswordHasher {
  private readonly turnstile: ConcurrencyLimiter;
  private readonly dummyHash: string;

  constructor(private readonly options: PasswordHasherOptions) {
    this.turnstile = new ConcurrencyLimiter({
      concurrency: options.concurrency,
      maxWaiting: options.maxQueue,
      refusal: () =>
        new AppError('OVERLOADED', 'Too many people are signing in; try again', {
          retryAfter: RETRY_AFTER,
        }),
    });
    const cost = String(options.rounds).padStart(2, '0');
    // The form of a real hash of the same cost, which no password has.
    this.dummyHash = `$2b$${cost}$${'.'.repeat(53)}`;
  }

  /** @throws {AppError} OVERLOADED when too many calls are waiting. */
  hash(password: string): Promise<string> {
    return this.turnstile.run(() => bcrypt.hash(password, this.options.rounds));
  }

  /**
   * Whether the password has this hash. Without a hash the answer is no, after the same time, so that
   * the time does not tell whether there is an account.
   *
   * @throws {AppError} OVERLOADED when too many calls are waiting.
   */
  async matches(password: string, hash: string | undefined): Promise<boolean> {
    const isMatch = await this.turnstile.run(() =>
      bcrypt.compare(password, hash ?? this.dummyHash),
    );
    return isMatch && hash !== undefined;
  }
}
