import { AppError } from '../shared/errors.js';

/** What is stored of the losses among some people, one of whom must be left. */
export interface LossRecord<Loss> {
  /** The number of the last loss; goes up by one with every loss. */
  revision: number;
  /** The loss that is decided but perhaps not carried out yet; null when there is none. */
  pending: Loss | null;
}

/** The steps of a loss. */
export interface LossSteps<Loss extends { decidedAt: Date }> {
  read(): Promise<LossRecord<Loss>>;
  /**
   * Makes the loss that is asked for; undefined when there is nothing to lose.
   *
   * @throws {AppError} when nobody would be left.
   */
  propose(): Promise<Loss | undefined>;
  /** Stores the loss under the number after `revision`; false when another has been decided since it was read. */
  decide(revision: number, loss: Loss): Promise<boolean>;
  /** Carries out the loss of this number. Several may do it at once, and one may do it late. */
  carryOut(loss: Loss, revision: number): Promise<void>;
  /** Sees to it that a loss that was not carried out in time never is. */
  drop(loss: Loss, revision: number): Promise<void>;
  /** Marks the loss of this number as done with: the next one may be decided. */
  settle(revision: number): Promise<void>;
  /** The time, in milliseconds since 1970. */
  now(): number;
  /** What the error says when too many try. */
  refusal: string;
}

/** How long a decided loss may wait to be carried out, in milliseconds; no operation takes as long. */
const OVERDUE_MS = 60_000;
/** Attempts to be next before giving up: so many do not lose something at once. */
const MAX_ATTEMPTS = 100;

/**
 * Takes something from somebody so that at least one is left who has it, also when several nodes do so at
 * once. At no moment does nobody have it.
 *
 * Losses happen one after the other. One write decides a loss; it fails when another has been decided since
 * those who would be left were looked up. Whoever comes next carries out a decided loss, so nobody waits for
 * a server that has stopped. A loss that nobody has carried out within a minute is dropped: whoever asked for
 * it has received an error and moved on, so it must not come true later. What is lost keeps the number of its
 * last loss, so that a loss that is carried out late changes nothing.
 *
 * @returns false when there was nothing to lose.
 * @throws {AppError} UNAVAILABLE when too many try; and whatever the steps throw.
 */
export const loseInTurn = async <Loss extends { decidedAt: Date }>(
  steps: LossSteps<Loss>,
): Promise<boolean> => {
  const carryOut = async (loss: Loss, revision: number) => {
    await steps.carryOut(loss, revision);
    await steps.settle(revision);
  };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const { pending, revision } = await steps.read();
    if (!pending) {
      const loss = await steps.propose();
      if (!loss) return false;
      if (!(await steps.decide(revision, loss))) continue;
      await carryOut(loss, revision + 1);
      return true;
    }
    if (pending.decidedAt.getTime() >= steps.now() - OVERDUE_MS) await carryOut(pending, revision);
    else {
      await steps.drop(pending, revision);
      await steps.settle(revision);
    }
  }
  throw new AppError('UNAVAILABLE', steps.refusal, { retryAfter: 1 });
};
