import { Schema } from 'mongoose';
import type { Connection, Model, Types } from 'mongoose';
import type { UserRole } from '../../shared/actor.js';

/** What a user says of their own availability; `offline` hides them while they are connected. */
export const USER_STATUSES = ['online', 'away', 'busy', 'offline'] as const;

/** The status a user has chosen, whether or not they are connected. */
export type UserStatus = (typeof USER_STATUSES)[number];

/** An account, as stored. */
export interface UserDoc {
  _id: Types.ObjectId;
  username: string;
  /** Unique; what a username is looked up by. */
  usernameLower: string;
  email: string;
  /** Unique; what an e-mail address is looked up by. */
  emailLower: string;
  /** bcrypt. */
  passwordHash: string;
  firstName: string;
  /** For prefix search. */
  firstNameLower: string;
  lastName: string;
  /** For prefix search. */
  lastNameLower: string;
  /** URL of the picture. */
  avatar: string | null;
  bio: string;
  role: UserRole;
  status: UserStatus;
  customStatus: string;
  lastSeenAt: Date | null;
  /** Set while the account is closed: nobody can sign in to it or find it. */
  deactivatedAt: Date | null;
  /** Number of the last loss of rights that was carried out; see the admin guard. */
  lossNumber?: number;
  createdAt: Date;
  updatedAt: Date;
}

const schema = new Schema<UserDoc>(
  {
    username: { type: String, required: true },
    usernameLower: { type: String, required: true },
    email: { type: String, required: true },
    emailLower: { type: String, required: true },
    passwordHash: { type: String, required: true },
    firstName: { type: String, default: '' },
    firstNameLower: { type: String, default: '' },
    lastName: { type: String, default: '' },
    lastNameLower: { type: String, default: '' },
    avatar: { type: String, default: null },
    bio: { type: String, default: '' },
    role: { type: String, enum: ['user', 'admin'], default: 'user' },
    status: { type: String, enum: USER_STATUSES, default: 'online' },
    customStatus: { type: String, default: '' },
    lastSeenAt: { type: Date, default: null },
    deactivatedAt: { type: Date, default: null },
    lossNumber: Number,
  },
  { collection: 'users', timestamps: true, versionKey: false },
);

schema.index({ usernameLower: 1 }, { unique: true });
schema.index({ emailLower: 1 }, { unique: true });
schema.index({ firstNameLower: 1 });
schema.index({ lastNameLower: 1 });
schema.index({ email: 1 });
schema.index({ username: 1 });

const MODEL = 'User';

/** Registers the model on a connection. */
export const defineUserModel = (connection: Connection): Model<UserDoc> =>
  connection.model<UserDoc>(MODEL, schema);

/** The model that `defineUserModel` has registered. */
export const userModel = (connection: Connection): Model<UserDoc> =>
  connection.model<UserDoc>(MODEL);
