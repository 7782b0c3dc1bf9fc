import { loseInTurn } from '../../platform/at-least-one.js';
import type { Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { UserRole } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { notFound, AppError } from '../../shared/errors.js';
import type { MetadataFilter } from '../../shared/metadata.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { Accounts } from './accounts.js';
import type { AdminGuardRepository, PendingLoss } from './admin-guard.repository.js';
import type { UserRecord, AccountStatusChange } from './users.model.js';
import { searchWords } from './name-words.js';
import type { IdOperators, UsersRepository } from './users.repository.js';

/** A page of the accounts for admins. */
export interface AccountQuery extends PageQuery {
  /** Words, or their beginnings, of a username and names. */
  q?: string | undefined;
  role?: UserRole | undefined;
  status?: 'active' | 'deactivated' | undefined;
  /** Exact values in the metadata. */
  metadata?: MetadataFilter | undefined;
}

/** The admins' actions on other people's accounts. There is always an admin left. */
export class UserAdministration {
  constructor(
    private readonly users: UsersRepository,
    private readonly accounts: Accounts,
    private readonly guard: AdminGuard,
  ) {}

  /** Accounts by username, closed ones too. */
  async list({ q, role, status, metadata, page, limit }: AccountQuery): Promise<{
    users: UserRecord[];
    pagination: Pagination;
  }> {
    const { users, total } = await this.users.list({
      words: q === undefined ? [] : searchWords(q),
      role,
      isDeactivated: status && status === 'deactivated',
      metadata,
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

/**
 * Takes rights away so that at least one admin is left, also when several nodes do so at once. The guard
 * document orders the losses; the account stores the number of its last loss.
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
    const { accounts, clock, guard, users } = this;
    await loseInTurn<PendingLoss>({
      read: () => guard.read(),
      propose: async () => {
        if (!(await users.hasOtherAdmin(userId))) {
          throw new AppError('LAST_ADMIN', 'There must be an admin left');
        }
        return { userId: objectId(userId), change, decidedAt: new Date(clock.now()) };
      },
      decide: (revision, loss) => guard.decide(revision, loss),
      carryOut: (loss, revision) => accounts.lose(loss.userId.toHexString(), loss.change, revision),
      // The account skips the loss, so that a server that was only delayed does not carry it out either.
      drop: (loss, revision) => users.skipLoss(loss.userId.toHexString(), revision),
      settle: (revision) => guard.settle(revision),
      now: () => clock.now(),
      refusal: 'Too many admins change at once; try again',
    });
  }
}
