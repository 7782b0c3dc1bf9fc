import { trusted } from 'mongoose';
import type { Connection, Model, QueryFilter, Types } from 'mongoose';
import { metadataCondition } from '../../platform/metadata-indexes.js';
import { firstIdOf, objectId } from '../../platform/object-id.js';
import type { UserRole } from '../../shared/actor.js';
import type { Metadata, MetadataFilter } from '../../shared/metadata.js';
import type { PageQuery } from '../../shared/pagination.js';
import { FORMER_NAME_RULES, NAME_RULES, nameWords } from './name-words.js';
import type {
  AccountBan,
  AccountStatus,
  AccountStatusChange,
  SeenToken,
  UserRecord,
  UserStatus,
} from './users.model.js';
import { banAt } from './account-fields.js';

/** The fields that everybody may see in lists. */
export type CardFields = Pick<
  UserRecord,
  | '_id'
  | 'username'
  | 'firstName'
  | 'lastName'
  | 'avatar'
  | 'deactivatedAt'
  | 'externalId'
  | 'issuer'
>;

/** The fields that a new account starts with; the others have their defaults. */
export type NewUser = Pick<
  UserRecord,
  'username' | 'usernameLower' | 'email' | 'emailLower' | 'passwordHash' | 'firstName' | 'lastName'
> &
  Partial<
    Pick<
      UserRecord,
      | '_id'
      | 'role'
      | 'issuer'
      | 'externalId'
      | 'metadata'
      | 'avatar'
      | 'bio'
      | 'locale'
      | 'mustVerifyEmail'
    >
  >;

/** Fields of an account that change; absent ones do not, and `metadata: null` takes away what there is. */
export type UserChanges = Omit<Partial<UserRecord>, 'metadata'> & { metadata?: Metadata | null };

/** The stored presence of a user. */
export interface StoredPresence {
  status: UserStatus;
  customStatus: string;
  lastSeenAt: Date | null;
}

/** Operators on the ids of accounts, as in `{ $lt: id }`. */
export type IdOperators = Record<string, Types.ObjectId | Types.ObjectId[]>;

/** A search for people; each word must begin one of their `nameWords`. */
export interface PeopleQuery extends PageQuery {
  words: string[];
  /** Only these accounts; undefined: all. */
  amongIds: string[] | undefined;
  exceptUserId: string;
  /** People that are counted at most. */
  maxCount: number;
}

/** The conditions of a list of accounts; absent ones do not apply. */
export interface AccountFilter extends PageQuery {
  words: string[];
  role: UserRole | undefined;
  isDeactivated: boolean | undefined;
  metadata: MetadataFilter | undefined;
}

const CARD_FIELDS = {
  username: 1,
  firstName: 1,
  lastName: 1,
  avatar: 1,
  deactivatedAt: 1,
  externalId: 1,
  issuer: 1,
} as const;
/** Updates that are sent to the database together. */
const MAX_WRITES = 1000;
/** Ids that `closedIds` yields at a time. */
const PORTION = 1000;
/** Sorts after every character that a name may have. */
const LAST_CHARACTER = '\u{10FFFF}';

/** Accounts one of whose words starts with the word: a range, in which no character is special. */
const startsWithWord = (word: string): QueryFilter<UserRecord> => ({
  nameWords: trusted({ $elemMatch: { $gte: word, $lt: `${word}${LAST_CHARACTER}` } }),
});

/** The fields that hold an account's search words. */
const namesIn = (user: Pick<UserRecord, 'username' | 'firstName' | 'lastName'>) => ({
  nameWords: nameWords(user),
  nameRules: NAME_RULES,
});

/** Sets the words of an account, unless its names have changed again meanwhile. */
const nameWordsUpdate = (user: Pick<UserRecord, '_id' | 'username' | 'firstName' | 'lastName'>) => {
  const { _id, username, firstName, lastName } = user;
  return [{ _id, username, firstName, lastName }, { $set: namesIn(user) }] as const;
};

/** Part of each write that changes a profile or rights; a crash cannot come between. */
const NOTING_CHANGE = { $currentDate: { changedAt: true } } as const;

/** The stored accounts. */
export class UsersRepository {
  private readonly users: Model<UserRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.users = connection.model<UserRecord>('User');
  }

  /** @throws a duplicate-key error when the username or the e-mail address is taken. */
  async create(user: NewUser): Promise<UserRecord> {
    const names = { ...namesIn(user), names: [user.usernameLower] };
    return (await this.users.create({ ...user, ...names })).toObject();
  }

  /** Whether the name is taken, or kept for a former owner. */
  async hasUsername(usernameLower: string): Promise<boolean> {
    const holders = { $or: [{ usernameLower }, { names: usernameLower }] };
    return (await this.users.exists(holders)) !== null;
  }

  /** Frees a former username whose time for its former owner is over. */
  async releaseUsername(name: string, now: Date): Promise<void> {
    await this.users.updateOne(
      { names: name, formerNames: trusted({ $elemMatch: { name, until: { $lte: now } } }) },
      { $pull: { names: name, formerNames: { name } } },
    );
  }

  /**
   * Gives an account another username, with other changes, unless it has another one than `from` by now;
   * answers the account as it is then, or null.
   *
   * @throws a duplicate-key error when the name is taken.
   */
  async rename(userId: string, from: string, changes: UserChanges): Promise<UserRecord | null> {
    return this.change({ _id: objectId(userId), usernameLower: from }, changes);
  }

  /**
   * Gives an account another e-mail address, with other changes, unless it has another one than `from` by now;
   * answers the account as it is then, or null.
   *
   * @throws a duplicate-key error when the address is taken.
   */
  async changeEmail(
    userId: string,
    from: string,
    changes: Partial<UserRecord>,
  ): Promise<UserRecord | null> {
    return this.change({ _id: objectId(userId), emailLower: from }, changes);
  }

  /** The accounts that were made since a time; read as they are asked for. */
  createdSince(since: Date): AsyncIterable<UserRecord> {
    return this.users
      .find({ _id: trusted({ $gte: firstIdOf(since) }) })
      .lean()
      .cursor();
  }

  /** The accounts whose profile or rights have changed since a time, in that order. */
  changedSince(since: Date): AsyncIterable<UserRecord> {
    return this.users
      .find({ changedAt: trusted({ $gte: since }) })
      .sort({ changedAt: 1 })
      .lean()
      .cursor();
  }

  async hasEmail(emailLower: string): Promise<boolean> {
    return (await this.users.exists({ emailLower })) !== null;
  }

  async findById(userId: string): Promise<UserRecord | null> {
    return this.users.findById(userId).lean();
  }

  /** The account with this id of an issuer's. */
  async findByExternalId(issuer: string, externalId: string): Promise<UserRecord | null> {
    return this.users.findOne({ issuer, externalId }).lean();
  }

  /** The accounts with these external ids, and maybe others of the same issuers. */
  async idsByExternalIds(
    wanted: { issuer: string; externalId: string }[],
  ): Promise<{ _id: Types.ObjectId; issuer: string; externalId: string }[]> {
    const issuer = trusted({ $in: [...new Set(wanted.map((one) => one.issuer))] });
    const externalId = trusted({ $in: wanted.map((one) => one.externalId) });
    return this.users
      .find({ issuer, externalId }, { issuer: 1, externalId: 1 })
      .lean<{ _id: Types.ObjectId; issuer: string; externalId: string }[]>();
  }

  async findByUsername(usernameLower: string): Promise<UserRecord | null> {
    return this.users.findOne({ usernameLower }).lean();
  }

  async findByEmail(emailLower: string): Promise<UserRecord | null> {
    return this.users.findOne({ emailLower }).lean();
  }

  /** The URL of a user's picture; null when there is no picture or no user. */
  async pictureOf(userId: string): Promise<string | null> {
    const user = await this.users.findById(userId, { avatar: 1 }).lean();
    return user?.avatar ?? null;
  }

  /** Sets the given fields; answers the account as it is then, or null when there is none. */
  async update(userId: string, changes: UserChanges): Promise<UserRecord | null> {
    return this.change({ _id: objectId(userId) }, changes);
  }

  /**
   * The same with what a token of an issuer says, and the token as `seenToken`; changes nothing and answers null when
   * a newer token has been seen.
   */
  async updateFromToken(
    userId: string,
    changes: UserChanges & { seenToken: SeenToken },
  ): Promise<UserRecord | null> {
    const issuedAt = trusted({ $not: { $gt: changes.seenToken.issuedAt } });
    return this.change({ _id: objectId(userId), 'seenToken.issuedAt': issuedAt }, changes);
  }

  private async change(
    which: QueryFilter<UserRecord>,
    { metadata, ...changes }: UserChanges,
  ): Promise<UserRecord | null> {
    const isRenamed = 'username' in changes || 'firstName' in changes || 'lastName' in changes;
    const user = await this.users
      .findOneAndUpdate(
        which,
        // After a crash before the words are made, `makeNameWords` makes them.
        {
          $set: {
            ...changes,
            ...(isRenamed && { nameRules: null }),
            ...(metadata && { metadata }),
          },
          ...(metadata === null && { $unset: { metadata: 1 } }),
          ...(!('passwordHash' in changes) && NOTING_CHANGE),
        },
        { returnDocument: 'after' },
      )
      .lean();
    if (user && isRenamed) await this.users.collection.updateOne(...nameWordsUpdate(user));
    return user;
  }

  /** Makes the words of up to `limit` accounts that have none, or those of former rules; answers of how many. */
  async makeNameWords(limit: number): Promise<number> {
    const users = await this.users
      .find(
        { nameRules: trusted({ $in: FORMER_NAME_RULES }) },
        { username: 1, firstName: 1, lastName: 1 },
      )
      .limit(limit)
      .lean();
    if (users.length === 0) return 0;
    const writes = users.map((user) => {
      const [filter, update] = nameWordsUpdate(user);
      return { updateOne: { filter, update } };
    });
    await this.users.collection.bulkWrite(writes, { ordered: false });
    return users.length;
  }

  /** A page of open accounts by username, and how many there are up to `maxCount`. */
  async searchPeople({
    words,
    amongIds,
    exceptUserId,
    maxCount,
    page,
    limit,
  }: PeopleQuery): Promise<{ users: CardFields[]; total: number }> {
    const filter: QueryFilter<UserRecord> = {
      _id: trusted({
        $ne: objectId(exceptUserId),
        ...(amongIds && { $in: amongIds.map(objectId) }),
      }),
      deactivatedAt: null,
      $and: words.map(startsWithWord),
    };
    const [users, total] = await Promise.all([
      this.users
        .find(filter, CARD_FIELDS)
        .sort({ usernameLower: 1 })
        .skip((page - 1) * limit)
        .limit(limit)
        .lean(),
      this.users.countDocuments(filter, { limit: maxCount }),
    ]);
    return { users, total };
  }

  /** A page of accounts by username, closed ones too, and how many there are. */
  async list({
    words,
    role,
    isDeactivated,
    metadata,
    page,
    limit,
  }: AccountFilter): Promise<{ users: UserRecord[]; total: number }> {
    const filter: QueryFilter<UserRecord> = {
      ...(words.length > 0 && { $and: words.map(startsWithWord) }),
      ...(role && { role }),
      ...(isDeactivated === false && { deactivatedAt: null }),
      ...(isDeactivated === true && { deactivatedAt: trusted({ $ne: null }) }),
      ...(metadata && metadataCondition(metadata)),
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
    return { users, total };
  }

  /** Sets a new password hash if the old one is still in force; answers whether it was. */
  async replacePasswordHash(userId: string, oldHash: string, newHash: string): Promise<boolean> {
    const { matchedCount } = await this.users.updateOne(
      { _id: userId, passwordHash: oldHash },
      { $set: { passwordHash: newHash } },
    );
    return matchedCount === 1;
  }

  /**
   * Changes somebody's rights; answers whether there is such an account.
   *
   * @param seenAt only while the newest token that was seen of the account is the one issued then (seconds).
   */
  async setRights(userId: string, change: AccountStatusChange, seenAt?: number): Promise<boolean> {
    const { matchedCount } = await this.users.updateOne(
      { _id: userId, ...(seenAt !== undefined && { 'seenToken.issuedAt': seenAt }) },
      { $set: change, ...NOTING_CHANGE },
    );
    return matchedCount === 1;
  }

  /**
   * Carries out a numbered loss of rights, unless the account has had this one or a later one; answers
   * whether it did so.
   */
  async lose(userId: string, change: AccountStatusChange, number: number): Promise<boolean> {
    const { modifiedCount } = await this.users.updateOne(
      { _id: userId, lossNumber: trusted({ $not: { $gte: number } }) },
      { $set: { ...change, lossNumber: number }, ...NOTING_CHANGE },
    );
    return modifiedCount === 1;
  }

  /** Marks a loss of rights as done without carrying it out. */
  async skipLoss(userId: string, number: number): Promise<void> {
    await this.users.updateOne({ _id: userId }, { $max: { lossNumber: number } });
  }

  /** The rights of users by id, of those that there are. */
  async statuses(userIds: string[], now = Date.now()): Promise<Map<string, AccountStatus>> {
    const users = await this.users
      .find(
        { _id: trusted({ $in: userIds }) },
        { role: 1, deactivatedAt: 1, totpEnabledAt: 1, ban: 1 },
      )
      .lean();
    return new Map(
      users.map(({ _id, role, deactivatedAt, totpEnabledAt, ban: last }) => {
        const ban = banAt({ ban: last ?? null }, now);
        const isDeactivated = deactivatedAt !== null || ban !== undefined;
        const hasTotp = Boolean(totpEnabledAt);
        return [_id.toHexString(), { role, isDeactivated, hasTotp, ...(ban && { ban }) }];
      }),
    );
  }

  /** Stores a ban, or with null takes it away; false when there is no such user. */
  async setBan(userId: string, ban: AccountBan | null): Promise<boolean> {
    const { matchedCount } = await this.users.updateOne({ _id: userId }, { $set: { ban } });
    return matchedCount === 1;
  }

  /** The card fields of those users that there are. */
  async cards(userIds: string[]): Promise<CardFields[]> {
    return this.users.find({ _id: trusted({ $in: userIds }) }, CARD_FIELDS).lean();
  }

  /** Ids by lower-case username, of those names that belong to open accounts. */
  async idsByUsername(usernames: string[]): Promise<Map<string, string>> {
    const users = await this.users
      .find(
        { usernameLower: trusted({ $in: usernames }), deactivatedAt: null },
        { usernameLower: 1 },
      )
      .lean();
    return new Map(users.map(({ usernameLower, _id }) => [usernameLower, _id.toHexString()]));
  }

  /** The stored presence of those users that exist, by id. */
  async presence(userIds: string[]): Promise<Map<string, StoredPresence>> {
    const users = await this.users
      .find({ _id: trusted({ $in: userIds }) }, { status: 1, customStatus: 1, lastSeenAt: 1 })
      .lean();
    return new Map(
      users.map(({ _id, status, customStatus, lastSeenAt }) => [
        _id.toHexString(),
        { status, customStatus: customStatus ?? '', lastSeenAt: lastSeenAt ?? null },
      ]),
    );
  }

  /** Sets the chosen status; an absent `customStatus` stays as it is. */
  async setPresence(userId: string, status: UserStatus, customStatus?: string): Promise<void> {
    await this.users.updateOne(
      { _id: userId },
      { $set: { status, ...(customStatus !== undefined && { customStatus }) } },
    );
  }

  /**
   * Sets when users were last connected; an earlier time never replaces a later one.
   *
   * @param exceptHiding leaves out those whose chosen status is `offline`.
   */
  async setLastSeen(
    left: Map<string, Date>,
    { exceptHiding }: { exceptHiding: boolean },
  ): Promise<void> {
    const writes = [...left].map(([userId, lastSeenAt]) => ({
      updateOne: {
        filter: {
          _id: objectId(userId),
          ...(exceptHiding && { status: { $ne: 'offline' as const } }),
        },
        update: { $max: { lastSeenAt } },
      },
    }));
    for (let i = 0; i < writes.length; i += MAX_WRITES) {
      const batch = writes.slice(i, i + MAX_WRITES);
      await this.users.collection.bulkWrite(batch, { ordered: false });
    }
  }

  /** The ids of all accounts with the role of admin, closed ones too. */
  async adminIds(): Promise<string[]> {
    const admins = await this.users.find({ role: 'admin' }, { _id: 1 }).lean();
    return admins.map(({ _id }) => _id.toHexString());
  }

  /** Whether somebody other than the user is an admin and may act. */
  async hasOtherAdmin(userId: string): Promise<boolean> {
    const other = await this.users.exists({
      _id: trusted({ $ne: userId }),
      role: 'admin',
      deactivatedAt: null,
    });
    return other !== null;
  }

  /** How many open accounts have an id that fits. */
  async countOpen(ids: IdOperators): Promise<number> {
    return this.users.countDocuments({ _id: trusted(ids), deactivatedAt: null });
  }

  /** The ids of closed accounts among those that fit, in portions. */
  async *closedIds(ids: IdOperators): AsyncGenerator<Types.ObjectId[]> {
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
}
