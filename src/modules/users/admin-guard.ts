import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { AccountService, AccountStatusChange } from './account.js';
import type { AdminGuardDoc } from './admin-guard.model.js';
import { ADMIN_GUARD_ID } from './admin-guard.model.js';
import type { UserDoc } from './users.model.js';

/** How long a decided loss may wait to be carried out, in milliseconds; no request takes as long. */
const OVERDUE_MS = 60_000;
/** Attempts to be next before giving up: so many admins do not lose their rights at once. */
const MAX_ATTEMPTS = 100;

/**
 * Takes rights away so that an admin is left, whoever takes them from whom at the same moment on
 * whatever node, and without a moment in which there is none.
 *
 * Losses happen one after the other: a loss is decided by one write to the guard document, which fails
 * when another has been decided since the look at who is an admin. What is decided is carried out by
 * whoever comes by first, so that nobody waits for a server that has stopped; what nobody has come by for
 * within a minute is dropped. The account remembers the number of its last loss: one that is carried out
 * late, after all has moved on, changes nothing.
 */
export class AdminGuard {
  constructor(
    private readonly guards: Model<AdminGuardDoc>,
    private readonly users: Model<UserDoc>,
    private readonly accounts: AccountService,
    private readonly clock: Clock,
  ) {}

  /**
   * Closes an account, or takes the role of admin from it.
   *
   * @throws {AppError} LAST_ADMIN when nobody else is an admin; UNAVAILABLE when too many try.
   */
  async take(userId: string, change: AccountStatusChange): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const guard = await this.read();
      if (guard.pending) {
        if (this.isOverdue(guard.pending)) await this.drop(guard);
        else await this.carryOut(guard);
        continue;
      }
      await this.requireAnotherAdmin(userId);
      const decided = {
        revision: guard.revision + 1,
        pending: { userId: objectId(userId), change, decidedAt: new Date(this.clock.now()) },
      };
      const { modifiedCount } = await this.guards.updateOne(
        { _id: ADMIN_GUARD_ID, revision: guard.revision, pending: null },
        { $set: decided },
      );
      if (modifiedCount === 1) return this.carryOut({ ...guard, ...decided });
    }
    throw new AppError('UNAVAILABLE', 'Too many admins change at once; try again', {
      retryAfter: 1,
    });
  }

  private async read(): Promise<AdminGuardDoc> {
    const guard = await this.guards.findById(ADMIN_GUARD_ID).lean();
    if (guard) return guard;
    const first: AdminGuardDoc = { _id: ADMIN_GUARD_ID, revision: 0, pending: null };
    try {
      await this.guards.create(first);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return this.read();
    }
    return first;
  }

  private async carryOut({ revision, pending }: AdminGuardDoc): Promise<void> {
    if (!pending) return;
    await this.accounts.lose(pending.userId.toHexString(), pending.change, revision);
    await this.settle(revision);
  }

  /** Whoever asked for it was told of an error, and has gone on since: it must not come true later. */
  private isOverdue({ decidedAt }: NonNullable<AdminGuardDoc['pending']>): boolean {
    return decidedAt.getTime() < this.clock.now() - OVERDUE_MS;
  }

  /** Sees that a loss is never carried out, also not by a server that has only been held up. */
  private async drop({ revision, pending }: AdminGuardDoc): Promise<void> {
    if (!pending) return;
    await this.accounts.forgo(pending.userId.toHexString(), revision);
    await this.settle(revision);
  }

  private async settle(revision: number): Promise<void> {
    await this.guards.updateOne({ _id: ADMIN_GUARD_ID, revision }, { $set: { pending: null } });
  }

  private async requireAnotherAdmin(userId: string): Promise<void> {
    const other = await this.users.exists({
      _id: trusted({ $ne: userId }),
      role: 'admin',
      deactivatedAt: null,
    });
    if (!other) throw new AppError('LAST_ADMIN', 'There must be an admin left');
  }
}
