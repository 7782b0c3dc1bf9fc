import { Types } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { writeOrFind } from '../../platform/write-or-find.js';
import type { Actor, UserRole } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, notFound } from '../../shared/errors.js';
import type { Locale } from '../../shared/locale.js';
import type { Metadata } from '../../shared/metadata.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import { identityForm } from './account-fields.js';
import { usernameTaken } from './usernames.js';
import type { UserEvents } from './users.events.js';
import type { AccountBan, AccountStatus, AccountStatusChange, UserRecord } from './users.model.js';
import type { UsersRepository } from './users.repository.js';

/** The fields of a new account. */
export interface NewAccount {
  /** Made by the caller: an account that has it already is the answer. */
  id?: string | undefined;
  username: string;
  /** Absent for accounts of a server's, which sign in by its tokens. */
  email?: string | undefined;
  passwordHash?: string | undefined;
  firstName?: string | undefined;
  lastName?: string | undefined;
  role?: UserRole | undefined;
  /** The id that the account has elsewhere, and whose id that is; both or neither. */
  externalId?: string | undefined;
  issuer?: string | undefined;
  metadata?: Metadata | undefined;
  avatar?: string | null | undefined;
  bio?: string | undefined;
  /** Whether nobody may sign in before the address is confirmed. */
  mustVerifyEmail?: boolean | undefined;
  locale?: Locale | undefined;
}

/** Whether an account has the rights of an admin; a closed one has none, nor has one that does not exist. */
export const isAdminNow = (status: AccountStatus | undefined): boolean =>
  status?.role === 'admin' && !status.isDeactivated;

/** Begins what stands in place of the address of an account without one; no address begins so. */
const NO_EMAIL = 'none:';

const emailTaken = (): AppError =>
  new AppError('EMAIL_TAKEN', 'This e-mail address already has an account');

const externalIdTaken = (): AppError =>
  new AppError('CONFLICT', 'This externalId already has an account');

const withoutUndefined = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
/** The refusal to sign in to an account that is banned. */
export const accountBanned = ({ until, reason }: AccountBan): AppError =>
  new AppError('BANNED', 'This account is banned', { until, reason });

/** Makes and finds accounts, and changes their passwords and rights. */
export class Accounts {
  private readonly statuses;

  constructor(
    private readonly deps: {
      users: UsersRepository;
      bus: Publisher<UserEvents>;
      clock: Clock;
      accessChanges: AccessChangePoster;
    },
  ) {
    this.statuses = createBatchLoader((userIds) => deps.users.statuses(userIds, deps.clock.now()));
  }

  /**
   * Makes an account.
   *
   * @throws {AppError} USERNAME_TAKEN, EMAIL_TAKEN, or CONFLICT for an external id that is taken, also when another
   *   call was faster.
   */
  async create(account: NewAccount): Promise<UserRecord> {
    const { id = new Types.ObjectId().toHexString(), email, username, ...fields } = account;
    const { firstName = '', lastName = '', passwordHash = '' } = fields;
    await this.releaseUsername(username);
    return writeOrFind(
      () =>
        this.deps.users.create({
          ...withoutUndefined(fields),
          _id: objectId(id),
          username,
          usernameLower: identityForm(username),
          email: email ?? '',
          emailLower: email === undefined ? `${NO_EMAIL}${id}` : identityForm(email),
          passwordHash,
          firstName,
          lastName,
        }),
      async () => {
        const made = account.id === undefined ? null : await this.findById(account.id);
        if (made) return made;
        if (await this.hasExternalId(account)) throw externalIdTaken();
        await this.requireAvailable(username, email);
        return undefined;
      },
    );
  }

  /** The account with this id of an issuer's. */
  findByExternalId(issuer: string, externalId: string): Promise<UserRecord | null> {
    return this.deps.users.findByExternalId(issuer, externalId);
  }

  /**
   * Gives an account another e-mail address.
   *
   * @throws {AppError} NOT_FOUND, EMAIL_TAKEN.
   */
  async setEmail(userId: string, email: string): Promise<void> {
    const { accessChanges, bus, users } = this.deps;
    await accessChanges.post([{ kind: 'profile', userId }]);
    try {
      const changed = await users.update(userId, {
        email,
        emailLower: identityForm(email),
        emailVerifiedAt: null,
      });
      if (!changed) throw notFound('User');
    } catch (error) {
      throw isDuplicateKey(error) ? emailTaken() : error;
    }
    bus.emit('user.updated', { userId }, { scope: 'cluster' });
  }

  private async hasExternalId({ issuer = '', externalId }: NewAccount): Promise<boolean> {
    return externalId !== undefined && (await this.findByExternalId(issuer, externalId)) !== null;
  }

  /** @throws {AppError} USERNAME_TAKEN or EMAIL_TAKEN when an account has the name or the address. */
  async requireAvailable(username: string, email?: string): Promise<void> {
    await this.releaseUsername(username);
    if (await this.deps.users.hasUsername(identityForm(username))) throw usernameTaken();
    if (email !== undefined && (await this.deps.users.hasEmail(identityForm(email)))) {
      throw emailTaken();
    }
  }

  /** Frees a username that is not kept for its former owner any more. */
  private releaseUsername(username: string): Promise<void> {
    const { clock, users } = this.deps;
    return users.releaseUsername(identityForm(username), new Date(clock.now()));
  }

  /** The account with this username, in any case. */
  findByUsername(username: string): Promise<UserRecord | null> {
    return this.deps.users.findByUsername(identityForm(username));
  }

  /** The account with this e-mail address, in any case. */
  findByEmail(email: string): Promise<UserRecord | null> {
    return this.deps.users.findByEmail(identityForm(email));
  }

  /** The account with this id. */
  findById(userId: string): Promise<UserRecord | null> {
    return this.deps.users.findById(userId);
  }

  /** The user's role and whether they may act at all; undefined when there is no such user. */
  status(userId: string): Promise<AccountStatus | undefined> {
    return this.statuses.load(userId);
  }

  /**
   * Refuses an actor who is no longer an admin, although their login was made as one, and a login by a server key. The router and the
   * dispatcher call it where the table says `auth: 'admin'`.
   *
   * @throws {AppError} FORBIDDEN
   */
  async requireAdmin({ userId, isMinted }: Actor): Promise<void> {
    const isAdmin = !isMinted && isAdminNow(await this.status(userId));
    if (!isAdmin) throw forbidden('Only admins may do this');
  }

  /** Sets a new password hash if the old one is still in force; answers whether it was. */
  replacePasswordHash(userId: string, oldHash: string, newHash: string): Promise<boolean> {
    return this.deps.users.replacePasswordHash(userId, oldHash, newHash);
  }

  /**
   * Makes the user an admin, or takes the role away.
   *
   * @throws {AppError} NOT_FOUND
   */
  async setRole(userId: string, role: UserRole): Promise<void> {
    await this.change(userId, { role });
  }

  /**
   * Makes the user an admin as a token of their issuer says, unless a newer one has been seen meanwhile.
   *
   * @param issuedAt when the token was issued, in seconds since 1970.
   */
  async makeAdminByToken(userId: string, issuedAt: number): Promise<void> {
    const change = { role: 'admin' } as const;
    await this.announce(userId, change);
    if (await this.deps.users.setRights(userId, change, issuedAt)) this.publish(userId, change);
  }

  /**
   * Closes an account: its sessions end, it is no longer found, its messages stay.
   *
   * @throws {AppError} NOT_FOUND
   */
  async deactivate(userId: string): Promise<void> {
    await this.change(userId, this.closed());
  }

  /**
   * Reopens a closed account; the user has to sign in again.
   *
   * @throws {AppError} NOT_FOUND
   */
  async reactivate(userId: string): Promise<void> {
    await this.change(userId, { deactivatedAt: null });
  }

  /**
   * Bans an account, or with null lifts the ban. The caller ends its logins.
   *
   * @throws {AppError} NOT_FOUND
   */
  async setBan(userId: string, ban: AccountBan | null): Promise<void> {
    await this.deps.accessChanges.post([{ kind: 'login', userId }]);
    if (!(await this.deps.users.setBan(userId, ban))) throw notFound('User');
    this.deps.bus.emit('user.updated', { userId }, { scope: 'cluster' });
  }

  /** The change that closes an account now. */
  closed(): Pick<UserRecord, 'deactivatedAt'> {
    return { deactivatedAt: new Date(this.deps.clock.now()) };
  }

  /** Carries out a numbered loss of rights, unless the account has had this one or a later one. */
  async lose(userId: string, change: AccountStatusChange, number: number): Promise<void> {
    await this.announce(userId, change);
    if (await this.deps.users.lose(userId, change, number)) this.publish(userId, change);
  }

  private async change(userId: string, change: AccountStatusChange): Promise<void> {
    await this.announce(userId, change);
    if (!(await this.deps.users.setRights(userId, change))) throw notFound('User');
    this.publish(userId, change);
  }

  /** Before the write, so that after a crash between the two the nodes check the user anyway. */
  private async announce(userId: string, change: AccountStatusChange): Promise<void> {
    const kind = 'role' in change || change.deactivatedAt ? 'login' : 'profile';
    await this.deps.accessChanges.post([{ kind, userId }]);
  }

  private publish(userId: string, change: AccountStatusChange): void {
    const { bus } = this.deps;
    if ('role' in change) {
      bus.emit('user.role_changed', { userId, role: change.role }, { scope: 'cluster' });
      return;
    }
    bus.emit('user.updated', { userId }, { scope: 'cluster' });
    if (change.deactivatedAt) bus.emit('user.deactivated', { userId }, { scope: 'cluster' });
  }
}
