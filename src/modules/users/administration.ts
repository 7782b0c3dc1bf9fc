import type { Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { UserRole } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { notFound, AppError } from '../../shared/errors.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import { searchWords } from './account-fields.js';
import type { Accounts } from './accounts.js';
import type { AdminGuardRepository, PendingLoss } from './admin-guard.repository.js';
import type { UserRecord, AccountStatusChange } from './users.model.js';
import type { IdOperators, UsersRepository } from './users.repository.js';

/** Which accounts an admin wants to see. */
export interface AccountQuery extends PageQuery {
  /** Start of a username or name. */
  q?: string | undefined;
  role?: UserRole | undefined;
  status?: 'active' | 'deactivated' | undefined;
}

/** What admins do with other people's accounts. There is always an admin left. */
export class UserAdministration {
  constructor(
    private readonly users: UsersRepository,
    private readonly accounts: Accounts,
    private readonly guard: AdminGuard,
  ) {}

  /** Accounts by username, closed ones too. */
  async list({ q, role, status, page, limit }: AccountQuery): Promise<{
    users: UserRecord[];
    pagination: Pagination;
  }> {
    const { users, total } = await this.users.list({
      words: q === undefined ? [] : searchWords(q),
      role,
      isDeactivated: status && status === 'deactivated',
      page,
      limit,
    });
    return { users, pagination: paginate({ page, limit }, total) };
  }

  /**
   * Makes somebody an admin, or takes the role away.
   *
   * @throws {AppError} NOT_FOUND, LAST_ADMIN when nobody else would be one.
   */
  async setRole(userId: string, role: UserRole): Promise<UserRecord> {
    const { role: before } = await this.one(userId);
    if (before !== role) {
      if (role === 'user') await this.guard.take(userId, { role });
      else await this.accounts.setRole(userId, role);
    }
    return this.one(userId);
  }

  /**
   * Closes an account, or opens a closed one.
   *
   * @throws {AppError} NOT_FOUND, LAST_ADMIN when no admin would be left.
   */
  async setActive(userId: string, isActive: boolean): Promise<UserRecord> {
    await this.one(userId);
    if (isActive) await this.accounts.reactivate(userId);
    else await this.guard.take(userId, this.accounts.closed());
    return this.one(userId);
  }

  /** The ids of all admins, of closed accounts too. */
  adminIds(): Promise<string[]> {
    return this.users.adminIds();
  }

  /** How many open accounts have an id that fits these operators. */
  count(ids: IdOperators): Promise<number> {
    return this.users.countOpen(ids);
  }

  /** The ids of closed accounts among those that fit these operators, in portions. */
  closedIds(ids: IdOperators): AsyncGenerator<Types.ObjectId[]> {
    return this.users.closedIds(ids);
  }

  /** @throws {AppError} NOT_FOUND when there is no such account. */
  async one(userId: string): Promise<UserRecord> {
    const user = await this.users.findById(userId);
    if (!user) throw notFound('User');
    return user;
  }
}

/** How long a decided loss may wait to be carried out, in milliseconds; no request takes as long. */
const OVERDUE_MS = 60_000;
/** Attempts to be next before giving up: so many admins do not lose their rights at once. */
const MAX_ATTEMPTS = 100;

/**
 * Takes rights away so that at least one admin is left, also when several nodes do so at once. At no moment is
 * there no admin.
 *
 * Losses happen one after the other. One write to the guard document decides a loss; it fails when another loss
 * has been decided since the lookup of the remaining admins. Whoever comes next carries out a decided loss, so
 * nobody waits for a server that has stopped. A loss that nobody has carried out within a minute is dropped. The
 * account stores the number of its last loss: a loss that is carried out late changes nothing.
 */
export class AdminGuard {
  constructor(
    private readonly guard: AdminGuardRepository,
    private readonly users: UsersRepository,
    private readonly accounts: Accounts,
    private readonly clock: Clock,
  ) {}

  /**
   * Closes an account, or takes the role of admin from it.
   *
   * @throws {AppError} LAST_ADMIN when nobody else is an admin; UNAVAILABLE when too many try.
   */
  async take(userId: string, change: AccountStatusChange): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { pending, revision } = await this.guard.read();
      if (pending) {
        if (this.isOverdue(pending)) await this.drop(pending, revision);
        else await this.carryOut(pending, revision);
        continue;
      }
      if (!(await this.users.hasOtherAdmin(userId))) {
        throw new AppError('LAST_ADMIN', 'There must be an admin left');
      }
      const loss = { userId: objectId(userId), change, decidedAt: new Date(this.clock.now()) };
      if (await this.guard.decide(revision, loss)) return this.carryOut(loss, revision + 1);
    }
    throw new AppError('UNAVAILABLE', 'Too many admins change at once; try again', {
      retryAfter: 1,
    });
  }

  private async carryOut({ userId, change }: PendingLoss, revision: number): Promise<void> {
    await this.accounts.lose(userId.toHexString(), change, revision);
    await this.guard.settle(revision);
  }

  /** Whoever asked for an overdue loss has received an error and moved on: it must not come true later. */
  private isOverdue({ decidedAt }: PendingLoss): boolean {
    return decidedAt.getTime() < this.clock.now() - OVERDUE_MS;
  }

  /** The account skips the loss, so that a server that was only held up does not carry it out either. */
  private async drop({ userId }: PendingLoss, revision: number): Promise<void> {
    await this.users.skipLoss(userId.toHexString(), revision);
    await this.guard.settle(revision);
  }
}
