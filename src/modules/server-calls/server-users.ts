import { createHash, randomInt } from 'node:crypto';
import type { Metadata } from '../../shared/metadata.js';
import { hasMetadata } from '../../shared/metadata.js';
import type { NameFilter } from '../../shared/name-filter.js';
import { AppError, forbidden } from '../../shared/errors.js';
import type { Pagination } from '../../shared/pagination.js';
import type { ServerCaller } from '../../shared/server-caller.js';
import { requireScope } from '../../shared/server-caller.js';
import type { Admin } from '../moderation/index.js';
import type {
  AccountQuery,
  Accounts,
  MintedLogin,
  MintedLogins,
  MintOptions,
  Profiles,
  UserAdministration,
  UserRecord,
} from '../users/index.js';
import { isReservedUsername } from '../users/index.js';
import type { ActingRecords } from './acting.js';
import { asSystem } from './acting.js';

/** The fields of an account that a server sets; absent ones do not change. */
export interface ServerUserFields {
  username?: string | undefined;
  email?: string | undefined;
  firstName?: string | undefined;
  lastName?: string | undefined;
  bio?: string | undefined;
  avatar?: string | null | undefined;
  metadata?: Metadata | null | undefined;
}

/** An account to be made. */
export type NewServerUser = ServerUserFields & { externalId?: string | undefined };

/** What has become of one account of many. */
export type UpsertResult = { externalId: string } & (
  { status: 'created' | 'updated'; user: UserRecord } | { status: 'failed'; error: AppError }
);

/** Accounts of one call that are written at a time. */
const AT_ONCE = 4;
/** Attempts to find a username that is free. */
const MAX_ATTEMPTS = 5;
/** Characters of a made username before its number. */
const MAX_STEM = 22;

/** What servers do with accounts. The accounts of admins are none of theirs. */
export class ServerUsers {
  constructor(
    private readonly deps: {
      accounts: Accounts;
      profiles: Profiles;
      names: NameFilter;
      administration: UserAdministration;
      admin: Pick<Admin, 'endSessions' | 'setActive'>;
      mintedLogins: MintedLogins;
      records: ActingRecords;
      /** Whose external ids these are: the only configured issuer, or ''. */
      issuer: string;
      /** Ends what a configured issuer's tokens allow the user, too. */
      revokeForeignTokens(userId: string): Promise<void>;
    },
  ) {}

  /**
   * Makes an account without a password. Without a username it gets one made of its names. Under an
   * `Idempotency-Key` it is made once, also across a crash.
   *
   * @throws {AppError} USERNAME_TAKEN, EMAIL_TAKEN, CONFLICT for an `externalId` that is taken, VALIDATION.
   */
  async create(caller: ServerCaller, user: NewServerUser): Promise<UserRecord> {
    const { username, metadata, externalId, ...fields } = user;
    const { firstName, lastName, bio } = fields;
    this.deps.names.assertNames({ username, firstName, lastName, bio });
    const account = {
      ...fields,
      ...(caller.onceId !== undefined && { id: userIdOf(caller.onceId) }),
      ...(externalId !== undefined && { externalId, issuer: this.deps.issuer }),
      ...(hasMetadata(metadata) && { metadata }),
    };
    if (user.avatar != null) this.deps.profiles.requireAllowedPicture(user.avatar);
    if (username !== undefined) return this.deps.accounts.create({ ...account, username });
    const stem = stemOf(user);
    for (let attempt = 1; ; attempt += 1) {
      const isPlain = attempt === 1 && !isReservedUsername(stem);
      const made = isPlain ? stem : `${stem}${randomInt(1_000_000)}`;
      try {
        return await this.deps.accounts.create({ ...account, username: made });
      } catch (error) {
        const isTaken = error instanceof AppError && error.code === 'USERNAME_TAKEN';
        if (!isTaken || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** @throws {AppError} NOT_FOUND */
  one(userId: string): Promise<UserRecord> {
    return this.deps.administration.one(userId);
  }

  /** A page of the accounts, closed ones too. */
  page(query: AccountQuery): Promise<{ users: UserRecord[]; pagination: Pagination }> {
    return this.deps.administration.list(query);
  }

  /**
   * Changes an account.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for an admin's, USERNAME_TAKEN, EMAIL_TAKEN, VALIDATION, RATE_LIMITED.
   */
  async update(
    caller: ServerCaller,
    userId: string,
    { email, ...changes }: ServerUserFields,
  ): Promise<UserRecord> {
    const user = await this.changeable(userId);
    if (email !== undefined && email !== user.email) {
      // Whoever has the address can set a new password, and so sign in.
      if (user.passwordHash !== '') requireScope(caller, 'users:token');
      await this.deps.accounts.setEmail(userId, email);
    }
    const { username, ...others } = withoutUndefined(changes);
    const isRenamed = username !== undefined && username !== user.username;
    const fields = { ...others, ...(isRenamed && { username }) };
    if (Object.keys(fields).length === 0) return this.one(userId);
    return this.deps.profiles.updateProfile({ ...asSystem(caller), userId }, fields);
  }

  /** Makes or changes accounts by their external ids, each for itself; the results are in their order. */
  async upsert(
    caller: ServerCaller,
    users: (NewServerUser & { externalId: string })[],
  ): Promise<UpsertResult[]> {
    const results: UpsertResult[] = [];
    for (let i = 0; i < users.length; i += AT_ONCE) {
      const some = users.slice(i, i + AT_ONCE);
      results.push(...(await Promise.all(some.map((user) => this.upsertOne(caller, user)))));
    }
    return results;
  }

  /**
   * Closes an account, or opens a closed one; audited.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for an admin's.
   */
  async setActive(caller: ServerCaller, userId: string, isActive: boolean): Promise<UserRecord> {
    await this.changeable(userId);
    return this.deps.admin.setActive(asSystem(caller), userId, isActive);
  }

  /**
   * Signs a user in; audited once an hour for each user.
   *
   * @throws {AppError} NOT_FOUND, ACCOUNT_DEACTIVATED, FORBIDDEN for an admin.
   */
  async mintToken(
    caller: ServerCaller,
    userId: string,
    options: MintOptions,
    ip: string,
  ): Promise<MintedLogin> {
    const origin = { ip, userAgent: `Server key: ${caller.keyName}` };
    await this.changeable(userId);
    await this.deps.records.note(caller, 'server.mint_token', userId);
    return this.deps.mintedLogins.mint(userId, options, origin);
  }

  /**
   * Ends all logins of a user, and what tokens of a configured issuer allow them; audited.
   *
   * @returns how many logins have ended.
   * @throws {AppError} NOT_FOUND
   */
  async revoke(caller: ServerCaller, userId: string): Promise<number> {
    await this.one(userId);
    await this.deps.revokeForeignTokens(userId);
    return this.deps.admin.endSessions(asSystem(caller), userId);
  }

  private async upsertOne(
    caller: ServerCaller,
    user: NewServerUser & { externalId: string },
  ): Promise<UpsertResult> {
    const { externalId, ...fields } = user;
    try {
      const existing = await this.byExternalId(externalId);
      if (existing) return await this.updated(caller, existing, externalId, fields);
      // Each account of the call would get the id that is made for the call.
      const made = await this.create({ ...caller, onceId: undefined }, user).catch(
        async (error: unknown) => {
          // Another call has made it meanwhile.
          const twin = await this.byExternalId(externalId);
          if (!twin) throw error;
          return twin;
        },
      );
      return { externalId, status: 'created', user: made };
    } catch (error) {
      // The next ones would fail like it.
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      return { externalId, status: 'failed', error };
    }
  }

  private async updated(
    caller: ServerCaller,
    existing: UserRecord,
    externalId: string,
    fields: ServerUserFields,
  ): Promise<UpsertResult> {
    const user = await this.update(caller, existing._id.toHexString(), fields);
    return { externalId, status: 'updated', user };
  }

  private byExternalId(externalId: string): Promise<UserRecord | null> {
    return this.deps.accounts.findByExternalId(this.deps.issuer, externalId);
  }

  /** A key that could change an admin's account would have the rights of all keys. */
  private async changeable(userId: string): Promise<UserRecord> {
    const user = await this.one(userId);
    if (user.role === 'admin')
      throw forbidden('A server key cannot change the account of an admin');
    return user;
  }
}

/** 24 hexadecimal digits, the same in every retry. */
const userIdOf = (onceId: string): string =>
  createHash('sha256').update(`user ${onceId}`).digest('hex').slice(0, 24);

/** The beginning of a username, from what is known of somebody. */
const stemOf = ({ firstName = '', lastName = '', externalId = '' }: NewServerUser): string => {
  const signs = (text: string) =>
    text
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9]+/g, '')
      .toLowerCase();
  const stem = signs(`${firstName}${lastName}`) || signs(externalId);
  return `${stem.slice(0, MAX_STEM)}${stem.length < 3 ? 'user' : ''}`;
};

const withoutUndefined = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
