import { Schema } from 'mongoose';
import type { Connection, Types } from 'mongoose';
import type { UserRole } from '../../shared/actor.js';
import type { Locale } from '../../shared/locale.js';
import { LOCALES } from '../../shared/locale.js';
import type { Metadata } from '../../shared/metadata.js';

/** The availability that a user has chosen; `offline` hides them while they are connected. */
export const USER_STATUSES = ['online', 'away', 'busy', 'offline'] as const;

/** The status a user has chosen, whether or not they are connected. */
export type UserStatus = (typeof USER_STATUSES)[number];

/** The fields that decide whether a signed-in user may still act. */
export interface AccountStatus {
  role: UserRole;
  /** Closed, or banned now. */
  isDeactivated: boolean;
  /** Whether a login takes a second factor. */
  hasTotp?: boolean;
  /** The ban that applies now. */
  ban?: AccountBan;
  /** Asked about a login that a server key has made: `role` is `user` then. */
  isMinted?: true;
}

/** Nobody signs in to the account for a while. */
export interface AccountBan {
  /** Null: until somebody lifts it. */
  until: Date | null;
  reason: string;
}

/** A username that an account had. */
export interface FormerName {
  /** In lower case. */
  name: string;
  until: Date;
}

/** What a token of a configured issuer has said of its user. */
export interface SeenToken {
  /** Seconds since 1970. */
  issuedAt: number;
  name?: string;
  picture?: string;
}

/** An account, as stored. */
export interface UserRecord {
  _id: Types.ObjectId;
  username: string;
  /** Unique; usernames are looked up by it. */
  usernameLower: string;
  /**
   * The username and the former ones that are still kept from others, in lower case; unique, each of them.
   * Absent in accounts of versions in which usernames could not change.
   */
  names?: string[];
  /** Former usernames in lower case, and until when nobody else may have them. */
  formerNames?: FormerName[];
  /** Empty where there is none: a server has made the account. */
  email: string;
  /**
   * Unique; e-mail addresses are looked up by it. Where there is none, a text of the account's own that is no
   * address.
   */
  emailLower: string;
  /** When its owner has confirmed the address; null or absent: never. */
  emailVerifiedAt?: Date | null;
  /** Set while nobody may sign in before the address is confirmed. */
  mustVerifyEmail?: boolean;
  /** bcrypt; empty where nobody can sign in with a password. */
  passwordHash: string;
  /** Whose `externalId` it is: the name of a configured issuer, or empty. Absent without one. */
  issuer?: string;
  /** The id that the account has in the product whose users these are; unique per issuer. */
  externalId?: string;
  /** What the newest token of the issuer said of the user. Absent until there was one. */
  seenToken?: SeenToken;
  firstName: string;
  lastName: string;
  /** The words by which people search finds the account, see `name-words.ts`. Absent: none were made yet. */
  nameWords?: string[];
  /**
   * The `NAME_RULES` of these words; null: made before rules had a number, or the names have changed since.
   */
  nameRules?: number | null;
  /** URL of the picture. */
  avatar: string | null;
  bio: string;
  role: UserRole;
  status: UserStatus;
  customStatus: string;
  /** The language of mails to the owner; null or absent: not known. */
  locale?: Locale | null;
  /** Since when a login takes a second factor; null or absent: it does not. */
  totpEnabledAt?: Date | null;
  lastSeenAt: Date | null;
  /** Set while the account is closed: nobody can sign in to it or find it. */
  deactivatedAt: Date | null;
  /** Data of those who run the server, set by server keys; absent where there are none. */
  metadata?: Metadata;
  /** The last ban; it may be over. */
  ban?: AccountBan | null;
  /** Number of the last loss of rights that was carried out; see `AdminGuard`. */
  lossNumber?: number;
  createdAt: Date;
  updatedAt: Date;
  /** When the profile or the rights last changed, by the database's clock; absent while they have not. */
  changedAt?: Date;
}

const userSchema = new Schema<UserRecord>(
  {
    username: { type: String, required: true },
    usernameLower: { type: String, required: true },
    names: { type: [String], default: undefined },
    formerNames: {
      type: [new Schema<FormerName>({ name: String, until: Date }, { _id: false })],
      default: undefined,
    },
    email: { type: String, default: '' },
    emailLower: { type: String, required: true },
    emailVerifiedAt: { type: Date, default: null },
    mustVerifyEmail: { type: Boolean, default: false },
    passwordHash: { type: String, default: '' },
    issuer: String,
    externalId: String,
    seenToken: {
      type: new Schema<SeenToken>(
        { issuedAt: { type: Number, required: true }, name: String, picture: String },
        { _id: false },
      ),
      default: undefined,
    },
    firstName: { type: String, default: '' },
    lastName: { type: String, default: '' },
    nameWords: { type: [String], default: undefined },
    nameRules: { type: Number, default: null },
    avatar: { type: String, default: null },
    bio: { type: String, default: '' },
    role: { type: String, enum: ['user', 'admin'], default: 'user' },
    status: { type: String, enum: USER_STATUSES, default: 'online' },
    customStatus: { type: String, default: '' },
    locale: { type: String, enum: [...LOCALES, null], default: null },
    totpEnabledAt: { type: Date, default: null },
    lastSeenAt: { type: Date, default: null },
    deactivatedAt: { type: Date, default: null },
    metadata: Schema.Types.Mixed,
    ban: {
      type: new Schema<AccountBan>({ until: Date, reason: String }, { _id: false }),
      default: undefined,
    },
    lossNumber: Number,
    changedAt: Date,
  },
  { collection: 'users', timestamps: true, versionKey: false },
);

// Uniqueness; looking up a username; the order of lists.
userSchema.index({ usernameLower: 1 }, { unique: true });
// Uniqueness of usernames and of those that are still kept from others.
userSchema.index(
  { names: 1 },
  { unique: true, partialFilterExpression: { names: { $exists: true } } },
);
// Uniqueness; looking up an e-mail address.
userSchema.index({ emailLower: 1 }, { unique: true });
// Uniqueness; looking up an account by the id that it has elsewhere.
userSchema.index(
  { issuer: 1, externalId: 1 },
  { unique: true, partialFilterExpression: { externalId: { $exists: true } } },
);
// The ranges of a search by words.
userSchema.index({ nameWords: 1 });
// What has changed since a time, for webhooks.
userSchema.index({ changedAt: 1 }, { partialFilterExpression: { changedAt: { $exists: true } } });
// The accounts whose words must be made.
userSchema.index({ nameRules: 1 });
// No query of the server: the documented contract of rooms (docs/seeds/room.md) names these two.
userSchema.index({ email: 1 });
userSchema.index({ username: 1 });

/** A change of rights: of the role, or of whether the account is open. */
export type AccountStatusChange = Pick<UserRecord, 'role'> | Pick<UserRecord, 'deactivatedAt'>;

/** The one document that orders the losses of rights among admins. */
export interface AdminGuardRecord {
  _id: typeof ADMIN_GUARD_ID;
  /** Incremented by every loss. */
  revision: number;
  /** The loss that is decided but perhaps not carried out yet; null when there is none. */
  pending: { userId: Types.ObjectId; change: AccountStatusChange; decidedAt: Date } | null;
}

/** The id of the one document. */
export const ADMIN_GUARD_ID = 'admins';

const adminGuardSchema = new Schema<AdminGuardRecord>(
  {
    _id: { type: String, required: true },
    revision: { type: Number, required: true },
    pending: {
      type: new Schema(
        {
          userId: { type: Schema.Types.ObjectId, required: true },
          change: { type: Schema.Types.Mixed, required: true },
          decidedAt: { type: Date, required: true },
        },
        { _id: false },
      ),
      default: null,
    },
  },
  { collection: 'adminguards', versionKey: false },
);

/** Registers the accounts and the admin guard on a connection. */
export const defineUserModels = (connection: Connection): void => {
  connection.model<UserRecord>('User', userSchema);
  connection.model<AdminGuardRecord>('AdminGuard', adminGuardSchema);
};
