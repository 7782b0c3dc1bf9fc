import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';

/**
 * What became of an action: `begun` until it has ended (and for good, when the server stopped in
 * between), then `done` or `failed`.
 */
export const AUDIT_OUTCOMES = ['begun', 'done', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Something that somebody did, or set out to do, with more rights than others have. */
export interface AuditEvent {
  _id: Types.ObjectId;
  /** Null: the system itself, by a program on the server. */
  actorId: Types.ObjectId | null;
  /** What was done, as in `chats.read_history`. */
  action: string;
  /** Whom or what it was done to: an id. */
  subject: string;
  /** What else is worth knowing, such as the role that was given, or the code of a failure. */
  details?: Record<string, unknown>;
  outcome: AuditOutcome;
  /** When it was begun. */
  at: Date;
}

const auditEventSchema = new Schema<AuditEvent>(
  {
    actorId: { type: Schema.Types.ObjectId, default: null },
    action: { type: String, required: true },
    subject: { type: String, required: true },
    details: Schema.Types.Mixed,
    // What was noted before outcomes were, was noted when it was done.
    outcome: { type: String, enum: AUDIT_OUTCOMES, default: 'done' },
    at: { type: Date, required: true },
  },
  { collection: 'auditevents', versionKey: false },
);

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

  /** Sets how an event ended; absent `details` leaves the stored ones. */
  async conclude(
    id: Types.ObjectId,
    outcome: AuditOutcome,
    details?: Record<string, unknown>,
  ): Promise<void> {
    await this.events.updateOne({ _id: id }, { $set: { outcome, ...(details && { details }) } });
  }

  /** The newest events first, at most `limit`; only those before the event `before`, when it is given. */
  async newest(before: string | undefined, limit: number): Promise<AuditEvent[]> {
    return this.events
      .find(before === undefined ? {} : { _id: trusted({ $lt: objectId(before) }) })
      .sort({ _id: -1 })
      .limit(limit)
      .lean({ defaults: true });
  }
}
