import type { Types } from 'mongoose';
import { trusted } from 'mongoose';
import type { Model, QueryFilter } from 'mongoose';
import type { UserRole } from '../../shared/actor.js';
import { notFound } from '../../shared/errors.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { AccountService } from './account.js';
import type { AdminGuard } from './admin-guard.js';
import type { UserDoc } from './users.model.js';
import { searchWords, startsWithWord } from './users.js';

/** Which accounts an admin wants to see. */
export interface AccountQuery extends PageQuery {
  /** Start of a username or name. */
  q?: string | undefined;
  role?: UserRole | undefined;
  status?: 'active' | 'deactivated' | undefined;
}

/** Ids that are handed on at a time. */
const PORTION = 1000;

/** What admins do with other people's accounts. There is always an admin left. */
export class UserAdministration {
  constructor(
    private readonly users: Model<UserDoc>,
    private readonly accounts: AccountService,
    private readonly guard: AdminGuard,
  ) {}

  /** Accounts by username, closed ones too. */
  async list({ q, role, status, page, limit }: AccountQuery): Promise<{
    users: UserDoc[];
    pagination: Pagination;
  }> {
    const filter: QueryFilter<UserDoc> = {
      ...(q !== undefined && { $and: searchWords(q).map(startsWithWord) }),
      ...(role && { role }),
      ...(status === 'active' && { deactivatedAt: null }),
      ...(status === 'deactivated' && { deactivatedAt: trusted({ $ne: null }) }),
    };
    const [users, total] = await Promise.all([
      this.users
        .find(filter)
        .sort({ usernameLower: 1 })
        .skip((page - 1) * limit)
        .limit(limit)
        .lean(),
      this.users.countDocuments(filter),
    ]);
    return { users, pagination: paginate({ page, limit }, total) };
  }

  /**
   * Makes somebody an admin, or takes the role away.
   *
   * @throws {AppError} NOT_FOUND, LAST_ADMIN when nobody else would be one.
   */
  async setRole(userId: string, role: UserRole): Promise<UserDoc> {
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
  async setActive(userId: string, isActive: boolean): Promise<UserDoc> {
    await this.one(userId);
    if (isActive) await this.accounts.reactivate(userId);
    else await this.guard.take(userId, this.accounts.closed());
    return this.one(userId);
  }

  /** The ids of all admins. */
  async adminIds(): Promise<string[]> {
    const admins = await this.users.find({ role: 'admin' }, { _id: 1 }).lean();
    return admins.map(({ _id }) => _id.toHexString());
  }

  /** How many open accounts have an id that fits these operators. */
  async count(ids: Record<string, Types.ObjectId | Types.ObjectId[]>): Promise<number> {
    return this.users.countDocuments({ _id: trusted(ids), deactivatedAt: null });
  }

  /** The ids of closed accounts among those that fit these operators, in portions. */
  async *closedIds(
    ids: Record<string, Types.ObjectId | Types.ObjectId[]>,
  ): AsyncGenerator<Types.ObjectId[]> {
    const found = this.users
      .find({ _id: trusted(ids), deactivatedAt: trusted({ $ne: null }) }, { _id: 1 })
      .lean()
      .cursor({ batchSize: PORTION });
    let portion: Types.ObjectId[] = [];
    for await (const { _id } of found) {
      portion.push(_id);
      if (portion.length < PORTION) continue;
      yield portion;
      portion = [];
    }
    if (portion.length > 0) yield portion;
  }

  /** @throws {AppError} NOT_FOUND when there is no such account. */
  async one(userId: string): Promise<UserDoc> {
    const user = await this.users.findById(userId).lean();
    if (!user) throw notFound('User');
    return user;
  }
}
