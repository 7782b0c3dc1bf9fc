import type { Logger } from '../../platform/logger.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { AuditEvent, AuditFilter, AuditOutcome, AuditRepository } from './audit.repository.js';

/** A page of the trail. */
export interface AuditQuery extends AuditFilter {
  before?: string | undefined;
  limit: number;
}

/** The user, or the system, that acts. */
export type AuditActor = Actor | 'system';

/** An action that is about to begin. */
export interface AuditedAction {
  /** Such as `users.deactivate`. */
  action: string;
  /** Id of the user or object that the action is on. */
  subject: string;
  /** Facts known beforehand, such as the role that is given. */
  details?: Record<string, unknown>;
}

/** The audit trail: the actions of admins. */
export class AuditTrail {
  constructor(
    private readonly events: AuditRepository,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Records that the actor is about to read something; resolves when the database has the record. */
  async record(
    actor: Actor,
    action: string,
    subject: string,
    details?: Record<string, unknown>,
  ): Promise<void> {
    await this.add(actor, { action, subject, ...(details && { details }) }, 'done');
  }

  /**
   * Records an action, does it, and records its outcome: every action has a record, even when the server
   * stops in between, which leaves the record at `begun`.
   *
   * @param actor `system` for a program on the server, which acts for the person who started it.
   * @param work does the action.
   * @param describe facts known only afterwards, for the details of the record.
   * @throws what `work` throws; its code is then in the details.
   */
  async during<Result>(
    actor: AuditActor,
    audited: AuditedAction,
    work: () => Promise<Result>,
    describe: (result: Result) => Record<string, unknown> = () => ({}),
  ): Promise<Result> {
    const id = await this.add(actor, audited, 'begun');
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

  /** The records, newest first; `before` is the id of an event. */
  async list({
    before,
    limit,
    ...filter
  }: AuditQuery): Promise<{ events: AuditEvent[]; hasMore: boolean }> {
    const events = await this.events.newest(filter, before, limit + 1);
    return { events: events.slice(0, limit), hasMore: events.length > limit };
  }

  /** All records that fit, newest first; they are read as they are asked for, and never all in memory. */
  each(filter: AuditFilter): AsyncIterable<AuditEvent> {
    return this.events.each(filter);
  }

  private add(
    actor: AuditActor,
    audited: AuditedAction,
    outcome: AuditOutcome,
  ): Promise<AuditEvent['_id']> {
    return this.events.create({
      ...audited,
      actorId: actor === 'system' || actor.server ? null : objectId(actor.userId),
      ...(actor !== 'system' && actor.server && { keyId: objectId(actor.server.keyId) }),
      outcome,
      at: new Date(this.clock.now()),
    });
  }

  /**
   * Does not throw: when only the outcome cannot be recorded, the action has been done and is reported as
   * done.
   */
  private async conclude(
    id: AuditEvent['_id'],
    outcome: AuditOutcome,
    details: Record<string, unknown>,
  ): Promise<void> {
    try {
      const hasDetails = Object.keys(details).length > 0;
      await this.events.conclude(id, outcome, hasDetails ? details : undefined);
    } catch (error) {
      this.logger.error(
        { err: error, auditEvent: id },
        'the end of an audited action was not recorded',
      );
    }
  }
}
