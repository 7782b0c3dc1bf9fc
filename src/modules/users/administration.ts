import type { Types } from 'mongoose';
import type { UserRole } from '../../shared/actor.js';
import { notFound } from '../../shared/errors.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import { searchWords } from './account-fields.js';
import type { Accounts } from './accounts.js';
import type { AdminGuard } from './admin-guard.js';
import type { UserRecord } from './users.model.js';
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
