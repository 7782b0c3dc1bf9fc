import { Schema } from 'mongoose';
import type { Connection, Types } from 'mongoose';

/** One login on one device. Its id stands in the access tokens as `sid`. */
export interface SessionRecord {
  _id: Types.ObjectId;
  userId: Types.ObjectId;
  /** SHA-256 of the refresh token that is valid now. */
  tokenHash: string;
  /** SHA-256 of the token that this one has replaced; null until there is one. */
  previousHash: string | null;
  /** When that one was first used. */
  rotatedAt: Date | null;
  /** SHA-256 of the token before the previous one; null, or absent in old documents, until there is one. */
  olderHash?: string | null;
  /** When that one was first used. */
  olderRotatedAt?: Date | null;
  /** When the unused refresh token, and the login with it, ends. */
  expiresAt: Date;
  revokedAt: Date | null;
  /** The known device that has signed in; absent in old documents. */
  deviceId?: Types.ObjectId | null;
  userAgent: string;
  ip: string;
  lastUsedAt: Date;
  createdAt: Date;
}

const sessionSchema = new Schema<SessionRecord>(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    tokenHash: { type: String, required: true },
    previousHash: { type: String, default: null },
    rotatedAt: { type: Date, default: null },
    olderHash: { type: String, default: null },
    olderRotatedAt: { type: Date, default: null },
    expiresAt: { type: Date, required: true },
    revokedAt: { type: Date, default: null },
    deviceId: { type: Schema.Types.ObjectId, default: null },
    userAgent: { type: String, default: '' },
    ip: { type: String, default: '' },
    lastUsedAt: { type: Date, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'refreshtokens', versionKey: false },
);

// Ending the logins of a user.
sessionSchema.index({ userId: 1 });
// The database removes logins that have expired.
sessionSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** A device on which somebody has signed in with the right password. */
export interface DeviceRecord {
  _id: Types.ObjectId;
  userId: Types.ObjectId;
  /** SHA-256 of the device token. */
  tokenHash: string;
  /** SHA-256 of the password hash that was in force: under another password the device is not known. */
  passwordMark: string;
  lastUsedAt: Date;
  expiresAt: Date;
}

const deviceSchema = new Schema<DeviceRecord>(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    tokenHash: { type: String, required: true },
    passwordMark: { type: String, required: true },
    lastUsedAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'knowndevices', versionKey: false },
);

// Finding the devices of a user whose last login is the longest ago.
deviceSchema.index({ userId: 1, lastUsedAt: -1 });
// The database removes devices that nobody has used for long.
deviceSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** Registers the logins and the known devices on a connection. */
export const defineSessionModels = (connection: Connection): void => {
  connection.model<SessionRecord>('Session', sessionSchema);
  connection.model<DeviceRecord>('KnownDevice', deviceSchema);
};
