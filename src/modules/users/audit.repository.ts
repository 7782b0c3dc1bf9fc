import { trusted } from 'mongoose';
import type { Connection, Model, Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { AuditEvent, AuditOutcome } from './audit.model.js';

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
