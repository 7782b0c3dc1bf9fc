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

  /** Sets the outcome of an event; without `details`, the stored ones stay. */
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
