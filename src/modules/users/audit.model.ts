import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';

/**
 * What became of an action: `begun` until it has ended (and for good, when the server stopped in
 * between), then `done` or `failed`.
 */
export const AUDIT_OUTCOMES = ['begun', 'done', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Something that somebody did, or set out to do, with more rights than others have. */
export interface AuditEvent {
  _id: Types.ObjectId;
  actorId: Types.ObjectId;
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
    actorId: { type: Schema.Types.ObjectId, required: true },
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
