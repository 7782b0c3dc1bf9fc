import { randomBytes } from 'node:crypto';
import type { Logger } from '../../platform/logger.js';
import type { SecretBox } from '../../platform/secret-box.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { OnceCall, OnceCalls } from '../../shared/server-caller.js';
import type { OnceAttempt, OnceCallRecord, OnceCallsRepository } from './server-keys.repository.js';
import { FAILED } from './server-keys.repository.js';

/** How long the answer to a call is kept, in milliseconds. */
const KEPT_MS = 24 * 3600 * 1000;
/**
 * After this long an attempt that has stored no answer counts as interrupted by the end of its process, in
 * milliseconds. It is far beyond every deadline: an attempt that is only slow must not be done a second time.
 */
const INTERRUPTED_MS = 120_000;
/** Seconds after which a call that is under way may be tried again. */
const RETRY_AFTER = 1;

/**
 * Does calls once per server key and `Idempotency-Key`. The unique index lets one attempt begin; the others get its
 * stored answer, or are told that it is under way. A call that was refused may be tried again under the same key, also
 * with other input; and after a day a key is as good as new.
 *
 * A process may end after the work and before its answer is stored. Then, after two minutes, a retry does the work
 * again, with the same `onceId`: what the work makes under this id is found instead of made a second time.
 */
export class StoredOnceCalls implements OnceCalls {
  constructor(
    private readonly calls: OnceCallsRepository,
    /** Seals the answers. */
    private readonly box: SecretBox,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async run<Answer extends object>(
    call: OnceCall,
    work: (onceId: string) => Promise<Answer>,
  ): Promise<{ answer: Answer; isReplay: boolean }> {
    const begunAt = new Date(this.clock.now());
    const { onceId, earlierAnswer } = await this.beginOrFind(call, begunAt);
    if (earlierAnswer !== undefined) {
      return { answer: JSON.parse(earlierAnswer) as Answer, isReplay: true };
    }
    let answer: Answer;
    try {
      answer = await work(onceId);
    } catch (error) {
      await this.settle(call, () => this.calls.release(call, begunAt));
      throw error;
    }
    const sealed = this.box.seal(JSON.stringify(answer), ownerOf(call));
    await this.settle(call, () => this.calls.conclude(call, begunAt, sealed));
    return { answer, isReplay: false };
  }

  /**
   * Begins the call, unless it has an answer.
   *
   * @returns without `earlierAnswer` when the caller has to do the work.
   * @throws {AppError} IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS.
   */
  private async beginOrFind(
    call: OnceCall,
    begunAt: Date,
  ): Promise<{ onceId: string; earlierAnswer?: string }> {
    const { fingerprint, idempotencyKey, keyId } = call;
    const expiresAt = new Date(begunAt.getTime() + KEPT_MS);
    const attempt = { fingerprint, begunAt, expiresAt, onceId: newOnceId() };
    if (await this.calls.begin({ keyId, idempotencyKey, ...attempt })) return attempt;
    const earlier = await this.calls.find(call);
    // The database has removed it between the two.
    if (!earlier) throw inProgress();
    const hasFailed = earlier.begunAt.getTime() === FAILED.getTime();
    const isOther = earlier.fingerprint !== fingerprint;
    // The database removes what has expired, but not at once.
    if (earlier.expiresAt <= begunAt || (hasFailed && isOther)) return this.begin(earlier, attempt);
    if (isOther) throw reused();
    const earlierAnswer = this.answerOf(call, earlier);
    if (earlierAnswer !== undefined) return { onceId: earlier.onceId, earlierAnswer };
    const isUnderWay = begunAt.getTime() - earlier.begunAt.getTime() <= INTERRUPTED_MS;
    if (isUnderWay && earlier.answer === undefined) throw inProgress();
    return this.begin(earlier, { ...attempt, onceId: earlier.onceId });
  }

  /** Begins an attempt in place of an earlier one, as the first to do so. */
  private async begin(earlier: OnceCallRecord, attempt: OnceAttempt): Promise<OnceAttempt> {
    if (await this.calls.replace(earlier, attempt)) return attempt;
    throw inProgress();
  }

  /** The answer as JSON text; undefined when there is none, and for one that was sealed under another JWT_SECRET. */
  private answerOf(call: OnceCall, { answer }: OnceCallRecord): string | undefined {
    if (answer === undefined) return undefined;
    try {
      return this.box.open(answer, ownerOf(call));
    } catch (error) {
      this.logger.warn({ err: error, serverKey: call.keyId }, 'a stored answer cannot be read');
      return undefined;
    }
  }

  /** Does not throw: the work has ended, and its caller gets its outcome. A retry waits for two minutes then. */
  private async settle({ keyId }: OnceCall, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.logger.error({ err: error, serverKey: keyId }, 'the answer to a call was not stored');
    }
  }
}

/** Within the 64 characters that ids of clients may have. */
const newOnceId = (): string => randomBytes(32).toString('base64url');

const ownerOf = ({ keyId, idempotencyKey }: OnceCall): string => `${keyId} ${idempotencyKey}`;

const reused = (): AppError =>
  new AppError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was already used for a different call',
  );

const inProgress = (): AppError =>
  new AppError('IDEMPOTENCY_IN_PROGRESS', 'The call under this Idempotency-Key is under way', {
    retryAfter: RETRY_AFTER,
  });
