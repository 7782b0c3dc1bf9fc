import { createHash } from 'node:crypto';
import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { OnceCall, OnceCalls } from '../../shared/server-caller.js';
import type { OnceCallRecord, OnceCallsRepository } from './server-keys.repository.js';

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
 * stored answer, or are told that it is under way. Failures are not stored: a call that was refused may be tried
 * again under the same key.
 *
 * A process may end after the work and before its answer is stored. Then, after two minutes, a retry does the work
 * again, with the same `onceId`: what the work makes under this id is found instead of made a second time.
 */
export class StoredOnceCalls implements OnceCalls {
  constructor(
    private readonly calls: OnceCallsRepository,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async run<Answer extends object>(
    call: OnceCall,
    work: (onceId: string) => Promise<Answer>,
  ): Promise<{ answer: Answer; isReplay: boolean }> {
    const begunAt = new Date(this.clock.now());
    const earlier = await this.beginOrFind(call, begunAt);
    if (earlier?.answer !== undefined) {
      return { answer: JSON.parse(earlier.answer) as Answer, isReplay: true };
    }
    let answer: Answer;
    try {
      answer = await work(onceIdOf(call));
    } catch (error) {
      await this.settle(call, () => this.calls.forget(call, begunAt));
      throw error;
    }
    await this.settle(call, () => this.calls.conclude(call, begunAt, JSON.stringify(answer)));
    return { answer, isReplay: false };
  }

  /**
   * Begins the call, unless it has an answer.
   *
   * @returns the call with its answer; undefined when the caller has to do the work.
   * @throws {AppError} IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS.
   */
  private async beginOrFind(call: OnceCall, begunAt: Date): Promise<OnceCallRecord | undefined> {
    const expiresAt = new Date(begunAt.getTime() + KEPT_MS);
    const { fingerprint, idempotencyKey, keyId } = call;
    if (await this.calls.begin({ keyId, idempotencyKey, fingerprint, begunAt, expiresAt })) return;
    const earlier = await this.calls.find(call);
    // It failed, and was forgotten, between the two.
    if (!earlier) throw inProgress();
    if (earlier.fingerprint !== fingerprint) throw reused();
    if (earlier.answer !== undefined) return earlier;
    const isInterrupted = begunAt.getTime() - earlier.begunAt.getTime() > INTERRUPTED_MS;
    if (!isInterrupted || !(await this.calls.takeOver(call, earlier.begunAt, begunAt))) {
      throw inProgress();
    }
    return undefined;
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
const onceIdOf = ({ keyId, idempotencyKey }: OnceCall): string =>
  createHash('sha256').update(`${keyId} ${idempotencyKey}`).digest('base64url');

const reused = (): AppError =>
  new AppError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was already used for a different call',
  );

const inProgress = (): AppError =>
  new AppError('IDEMPOTENCY_IN_PROGRESS', 'The call under this Idempotency-Key is under way', {
    retryAfter: RETRY_AFTER,
  });
