import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { UserRole } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { UserEvents } from './users.events.js';
import type { UserDoc } from './users.model.js';

/** What a new account is made of. */
export interface NewAccount {
  username: string;
  email: string;
  passwordHash: string;
  firstName?: string;
  lastName?: string;
  role?: UserRole;
}

/** What decides whether a signed-in user may still act. */
export interface AccountStatus {
  role: UserRole;
  isDeactivated: boolean;
}

/** What accounts are built from, beside their collection. */
export interface AccountParts {
  bus: Publisher<UserEvents>;
  clock: Clock;
  accessChanges: AccessChangePoster;
}

/** A change of what somebody may do: their role, or whether the account is open. */
export type AccountStatusChange = Pick<UserDoc, 'role'> | Pick<UserDoc, 'deactivatedAt'>;

/** The form in which usernames, e-mail addresses and names are compared. */
export const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Accounts as signing in sees them: who there is, with which password and which rights. */
export class AccountService {
  private readonly statuses = createBatchLoader((userIds) => this.readStatuses(userIds));

  constructor(
    private readonly users: Model<UserDoc>,
    private readonly parts: AccountParts,
  ) {}

  /**
   * Makes an account.
   *
   * @throws {AppError} USERNAME_TAKEN or EMAIL_TAKEN, also when another sign-up was faster.
   */
  async create(account: NewAccount): Promise<UserDoc> {
    const { username, email, firstName = '', lastName = '' } = account;
    try {
      const user = await this.users.create({
        ...account,
        usernameLower: fold(username),
        emailLower: fold(email),
        firstName,
        firstNameLower: fold(firstName),
        lastName,
        lastNameLower: fold(lastName),
      });
      return user.toObject();
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      await this.requireAvailable(username, email);
      throw error;
    }
  }

  /** @throws {AppError} USERNAME_TAKEN or EMAIL_TAKEN when an account has the name or the address. */
  async requireAvailable(username: string, email: string): Promise<void> {
    if (await this.users.exists({ usernameLower: fold(username) })) {
      throw new AppError('USERNAME_TAKEN', 'This username is taken');
    }
    if (await this.users.exists({ emailLower: fold(email) })) {
      throw new AppError('EMAIL_TAKEN', 'This e-mail address already has an account');
    }
  }

  /** The account with this username, in any case. */
  async findByUsername(username: string): Promise<UserDoc | null> {
    return this.users.findOne({ usernameLower: fold(username) }).lean();
  }

  /** The account with this e-mail address, in any case. */
  async findByEmail(email: string): Promise<UserDoc | null> {
    return this.users.findOne({ emailLower: fold(email) }).lean();
  }

  /** The account with this id. */
  async findById(userId: string): Promise<UserDoc | null> {
    return this.users.findById(userId).lean();
  }

  /** The user's role and whether they may act at all; undefined when there is no such user. */
  status(userId: string): Promise<AccountStatus | undefined> {
    return this.statuses.load(userId);
  }

  /** Sets a new password hash if the old one is still in force; says whether it was. */
  async replacePasswordHash(userId: string, oldHash: string, newHash: string): Promise<boolean> {
    const { matchedCount } = await this.users.updateOne(
      { _id: userId, passwordHash: oldHash },
      { $set: { passwordHash: newHash } },
    );
    return matchedCount === 1;
  }

  /** Makes the user an admin, or takes the role away. */
  async setRole(userId: string, role: UserRole): Promise<void> {
    await this.change(userId, { role });
  }

  /** Closes an account: its sessions end, it is no longer found, its messages stay. */
  async deactivate(userId: string): Promise<void> {
    await this.change(userId, this.closed());
  }

  /** Opens a closed account again; the user has to sign in anew. */
  async reactivate(userId: string): Promise<void> {
    await this.change(userId, { deactivatedAt: null });
  }

  /** The change by which an account is closed now. */
  closed(): Pick<UserDoc, 'deactivatedAt'> {
    return { deactivatedAt: new Date(this.parts.clock.now()) };
  }

  /** Carries out a numbered loss of rights, unless the account has had this one or a later one. */
  async lose(userId: string, change: AccountStatusChange, number: number): Promise<void> {
    await this.notify(userId, change);
    const { modifiedCount } = await this.users.updateOne(
      { _id: userId, lossNumber: trusted({ $not: { $gte: number } }) },
      { $set: { ...change, lossNumber: number } },
    );
    if (modifiedCount === 1) this.tell(userId, change);
  }

  /** Has the account remember a loss as if it had been carried out, so that it never will be. */
  async forgo(userId: string, number: number): Promise<void> {
    await this.users.updateOne({ _id: userId }, { $max: { lossNumber: number } });
  }

  /** Tells the nodes beforehand to look at the user's rights anew. */
  private async notify(userId: string, change: AccountStatusChange): Promise<void> {
    if ('role' in change || change.deactivatedAt) {
      await this.parts.accessChanges.post([{ kind: 'login', userId }]);
    }
  }

  private tell(userId: string, change: AccountStatusChange): void {
    if ('role' in change) {
      this.parts.bus.emit('user.role_changed', { userId, role: change.role }, { scope: 'cluster' });
      return;
    }
    this.parts.bus.emit('user.updated', { userId }, { scope: 'cluster' });
    if (change.deactivatedAt)
      this.parts.bus.emit('user.deactivated', { userId }, { scope: 'cluster' });
  }

  private async readStatuses(userIds: string[]): Promise<Map<string, AccountStatus>> {
    const users = await this.users
      .find({ _id: trusted({ $in: userIds }) }, { role: 1, deactivatedAt: 1 })
      .lean();
    return new Map(
      users.map(({ _id, role, deactivatedAt }) => [
        _id.toHexString(),
        { role, isDeactivated: deactivatedAt !== null },
      ]),
    );
  }

  private async change(userId: string, change: AccountStatusChange): Promise<void> {
    await this.notify(userId, change);
    const { matchedCount } = await this.users.updateOne({ _id: userId }, { $set: change });
    if (matchedCount === 0) throw notFound('User');
    this.tell(userId, change);
  }
}
