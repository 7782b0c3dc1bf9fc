import type { Connection, Model } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { AdminGuardRecord } from './users.model.js';
import { ADMIN_GUARD_ID } from './users.model.js';

/** A decided loss of rights. */
export type PendingLoss = NonNullable<AdminGuardRecord['pending']>;

/** The one document that orders the losses of rights among admins. */
export class AdminGuardRepository {
  private readonly guards: Model<AdminGuardRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.guards = connection.model<AdminGuardRecord>('AdminGuard');
  }

  /** The document; created when it is missing. */
  async read(): Promise<AdminGuardRecord> {
    const guard = await this.guards.findById(ADMIN_GUARD_ID).lean();
    if (guard) return guard;
    const first: AdminGuardRecord = { _id: ADMIN_GUARD_ID, revision: 0, pending: null };
    try {
      await this.guards.create(first);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return this.read();
    }
    return first;
  }

  /** Decides the loss after `revision`, unless another one has been decided since; answers whether it did. */
  async decide(revision: number, pending: PendingLoss): Promise<boolean> {
    const { modifiedCount } = await this.guards.updateOne(
      { _id: ADMIN_GUARD_ID, revision, pending: null },
      { $set: { revision: revision + 1, pending } },
    );
    return modifiedCount === 1;
  }

  /** Marks the loss of this revision as carried out. */
  async settle(revision: number): Promise<void> {
    await this.guards.updateOne({ _id: ADMIN_GUARD_ID, revision }, { $set: { pending: null } });
  }
}
