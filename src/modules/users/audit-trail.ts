import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import type { Logger } from '../../platform/logger.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { AuditEventDoc, AuditOutcome } from './audit-event.model.js';

/** A page of the trail. */
export interface AuditQuery {
  before?: string | undefined;
  limit: number;
}

/** What an admin sets out to do. */
export interface AuditedAction {
  /** As in `users.deactivate`. */
  action: string;
  /** Id of whom or what it is done to. */
  subject: string;
  /** What is known beforehand, such as the role that is given. */
  details?: Record<string, unknown>;
}

/** Remembers what admins do with their rights. */
export class AuditTrail {
  constructor(
    private readonly events: Model<AuditEventDoc>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Notes something that is about to be shown; resolves when the database has it. */
  async record(
    actor: Actor,
    action: string,
    subject: string,
    details?: Record<string, unknown>,
  ): Promise<void> {
    await this.note(actor, { action, subject, ...(details && { details }) }, 'done');
  }

  /**
   * Notes what is about to be done, does it, and notes how it ended: so nothing is done without a trace,
   * even when the server stops in between, which leaves the entry at `begun`.
   *
   * @param work does it.
   * @param describe what is only known afterwards, for the entry's details.
   * @throws what `work` throws; its code then stands in the details.
   */
  async during<Result>(
    actor: Actor,
    audited: AuditedAction,
    work: () => Promise<Result>,
    describe: (result: Result) => Record<string, unknown> = () => ({}),
  ): Promise<Result> {
    const id = await this.note(actor, audited, 'begun');
    let result: Result;
    try {
      result = await work();
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'INTERNAL';
      await this.conclude(id, 'failed', { ...audited.details, code });
      throw error;
    }
    await this.conclude(id, 'done', { ...audited.details, ...describe(result) });
    return result;
  }

  /** What was noted, newest first; `before` is the id of an event. */
  async list({
    before,
    limit,
  }: AuditQuery): Promise<{ events: AuditEventDoc[]; hasMore: boolean }> {
    const events = await this.events
      .find(before === undefined ? {} : { _id: trusted({ $lt: objectId(before) }) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean({ defaults: true });
    return { events: events.slice(0, limit), hasMore: events.length > limit };
  }

  private async note(
    actor: Actor,
    audited: AuditedAction,
    outcome: AuditOutcome,
  ): Promise<AuditEventDoc['_id']> {
    const { _id } = await this.events.create({
      ...audited,
      actorId: objectId(actor.userId),
      outcome,
      at: new Date(this.clock.now()),
    });
    return _id;
  }

  /** What was done stays done, and is told as done, when only its end cannot be noted. */
  private async conclude(
    id: AuditEventDoc['_id'],
    outcome: AuditOutcome,
    details: Record<string, unknown>,
  ): Promise<void> {
    try {
      await this.events.updateOne(
        { _id: id },
        { $set: { outcome, ...(Object.keys(details).length > 0 && { details }) } },
      );
    } catch (error) {
      this.logger.error({ err: error, auditEvent: id }, 'the end of an action was not noted');
    }
  }
}
