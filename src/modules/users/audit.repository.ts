import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';

/**
 * The outcome of an action: `begun` until it has ended (and for ever, when the server stopped in between),
 * then `done` or `failed`.
 */
export const AUDIT_OUTCOMES = ['begun', 'done', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** An action that somebody took, or began, with more rights than other users have. */
export interface AuditEvent {
  _id: Types.ObjectId;
  /** Null: the system itself, by a program on the server, or a server key. */
  actorId: Types.ObjectId | null;
  /** The server key that acted; absent for people and programs. */
  keyId?: Types.ObjectId;
  /** The action, such as `chats.read_history`. */
  action: string;
  /** Id of the user or object that the action was on. */
  subject: string;
  /** Further facts, such as the role that was given, or the code of a failure. */
  details?: Record<string, unknown>;
  outcome: AuditOutcome;
  /** When it was begun. */
  at: Date;
  /** Of an event that stands for several: what they have in common. */
  gathered?: string;
}

const auditEventSchema = new Schema<AuditEvent>(
  {
    actorId: { type: Schema.Types.ObjectId, default: null },
    keyId: Schema.Types.ObjectId,
    action: { type: String, required: true },
    subject: { type: String, required: true },
    details: Schema.Types.Mixed,
    // Events stored before there were outcomes were stored when the action was done.
    outcome: { type: String, enum: AUDIT_OUTCOMES, default: 'done' },
    at: { type: Date, required: true },
    gathered: String,
  },
  { collection: 'auditevents', versionKey: false },
);

// The newest of a person, as who acted or as who it was done to, and of one kind of action.
auditEventSchema.index({ actorId: 1, _id: -1 });
auditEventSchema.index({ subject: 1, _id: -1 });
auditEventSchema.index({ action: 1, _id: -1 });
// Failed logins of one account from one address within an hour are one event.
auditEventSchema.index(
  { gathered: 1 },
  { unique: true, partialFilterExpression: { gathered: { $type: 'string' } } },
);

/** Which events are asked for. */
export interface AuditFilter {
  /** Who has acted, or to whom it was done. */
  userId?: string | undefined;
  /** The action, or with a dot at the end its beginning, as in `users.`. */
  action?: string | undefined;
  /** Begun at this time or later. */
  from?: Date | undefined;
  /** Begun before this time. */
  to?: Date | undefined;
}

/** Registers the audit trail on a connection. */
export const defineAuditModel = (connection: Connection): void => {
  connection.model<AuditEvent>('AuditEvent', auditEventSchema);
};

/** The stored audit trail. */
export class AuditRepository {
  private readonly events: Model<AuditEvent>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.events = connection.model<AuditEvent>('AuditEvent');
  }

  /** Adds an event; answers its id. */
  async create(event: Omit<AuditEvent, '_id'>): Promise<Types.ObjectId> {
    const { _id } = await this.events.create(event);
    return _id;
  }

  /** Sets the outcome of an event; without `details`, the stored ones stay. */
  async conclude(
    id: Types.ObjectId,
    outcome: AuditOutcome,
    details?: Record<string, unknown>,
  ): Promise<void> {
    await this.events.updateOne({ _id: id }, { $set: { outcome, ...(details && { details }) } });
  }

  /** Counts an event with others of its kind, as one: `details.count` and `details.lastAt` grow. */
  async gather(
    event: Omit<AuditEvent, '_id'> & { gathered: string },
    count: number,
  ): Promise<void> {
    const { gathered, details, ...rest } = event;
    const facts = Object.entries(details ?? {}).map(([name, value]) => [`details.${name}`, value]);
    await this.events.updateOne(
      { gathered },
      {
        $setOnInsert: { ...rest, ...(Object.fromEntries(facts) as object) },
        $inc: { 'details.count': count },
        $set: { 'details.lastAt': event.at },
      },
      { upsert: true },
    );
  }

  /** The newest events first, at most `limit`; only those before the event `before`, when it is given. */
  async newest(
    filter: AuditFilter,
    before: string | undefined,
    limit: number,
  ): Promise<AuditEvent[]> {
    return this.found(filter, before).limit(limit).lean({ defaults: true });
  }

  /** All events that fit, newest first, read as they are asked for. */
  each(filter: AuditFilter): AsyncIterable<AuditEvent> {
    return this.found(filter, undefined).lean({ defaults: true }).cursor({ batchSize: 500 });
  }

  private found({ userId, action, from, to }: AuditFilter, before: string | undefined) {
    const time = { ...(from && { $gte: from }), ...(to && { $lt: to }) };
    const beginning = action?.endsWith('.') ? action.slice(0, -1) : undefined;
    return this.events
      .find({
        ...(userId !== undefined && { $or: [{ actorId: objectId(userId) }, { subject: userId }] }),
        ...(action !== undefined && {
          // A slash comes right after the dot: the range holds what begins with it.
          action:
            beginning === undefined
              ? action
              : trusted({ $gte: `${beginning}.`, $lt: `${beginning}/` }),
        }),
        ...((from ?? to) && { at: trusted(time) }),
        ...(before !== undefined && { _id: trusted({ $lt: objectId(before) }) }),
      })
      .sort({ _id: -1 });
  }
}
