import { Schema, trusted } from 'mongoose';
import type { Connection, Model, Types } from 'mongoose';

/** One login on one device. Its id is the `sid` of the access tokens. */
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
  /** A server key has made it; absent otherwise. */
  isMinted?: true;
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
    isMinted: Boolean,
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
  /** SHA-256 of the password hash that was in force: with another password the device is not known. */
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

/** A new login. */
export type NewSession = Pick<
  SessionRecord,
  'tokenHash' | 'expiresAt' | 'userAgent' | 'ip' | 'lastUsedAt' | 'createdAt'
> & { id: string; userId: string; deviceId?: string; isMinted?: true };

/** Whose a live login is, and whether a server key has made it. */
export interface LiveSession {
  userId: string;
  isMinted?: true;
}

/** The fields that a use of the refresh token changes. */
export type TokenChange = Pick<SessionRecord, 'tokenHash'> &
  Partial<Pick<SessionRecord, 'previousHash' | 'rotatedAt' | 'olderHash' | 'olderRotatedAt'>>;

/** The stored logins. */
export class SessionsRepository {
  private readonly sessions: Model<SessionRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.sessions = connection.model<SessionRecord>('Session');
  }

  async create({ id, ...session }: NewSession): Promise<void> {
    await this.sessions.create({ _id: id, ...session });
  }

  async findById(sessionId: string): Promise<SessionRecord | null> {
    return this.sessions.findById(sessionId).lean();
  }

  /** The live logins of a user, the one used last first. */
  async liveOf(userId: string, now: Date, limit: number): Promise<SessionRecord[]> {
    return this.sessions
      .find({ userId, revokedAt: null, expiresAt: trusted({ $gt: now }) })
      .sort({ lastUsedAt: -1 })
      .limit(limit)
      .lean();
  }

  /** The device of a login; undefined for a login of an older version, or none. */
  async deviceOf(sessionId: string): Promise<string | undefined> {
    const session = await this.sessions.findById(sessionId, { deviceId: 1 }).lean();
    return session?.deviceId?.toHexString();
  }

  /** Those of the logins that have neither ended nor expired, by their ids. */
  async live(sessionIds: string[], now: Date): Promise<Map<string, LiveSession>> {
    const live = await this.sessions
      .find(
        {
          _id: trusted({ $in: sessionIds }),
          revokedAt: null,
          expiresAt: trusted({ $gt: now }),
        },
        { userId: 1, isMinted: 1 },
      )
      .lean();
    return new Map(
      live.map(({ _id, userId, isMinted }) => [
        _id.toHexString(),
        { userId: userId.toHexString(), ...(isMinted && { isMinted }) },
      ]),
    );
  }

  /**
   * Changes the tokens of a live login, unless its token is no longer `tokenHash`; answers whether it did.
   *
   * @param dates when the token is used, and when the new one expires.
   */
  async replaceToken(
    sessionId: string,
    tokenHash: string,
    change: TokenChange,
    { lastUsedAt, expiresAt }: Pick<SessionRecord, 'lastUsedAt' | 'expiresAt'>,
  ): Promise<boolean> {
    const { modifiedCount } = await this.sessions.updateOne(
      { _id: sessionId, tokenHash, revokedAt: null, expiresAt: trusted({ $gt: lastUsedAt }) },
      { $set: { ...change, lastUsedAt, expiresAt } },
    );
    return modifiedCount === 1;
  }

  /** Ends a login; answers whether it had not ended before. */
  async revoke(userId: string, sessionId: string, at: Date): Promise<boolean> {
    const { modifiedCount } = await this.sessions.updateOne(
      { _id: sessionId, userId, revokedAt: null },
      { $set: { revokedAt: at } },
    );
    return modifiedCount === 1;
  }

  /** Ends all logins of a user, but for the named one; answers how many. */
  async revokeAll(userId: string, at: Date, exceptSessionId?: string): Promise<number> {
    const { modifiedCount } = await this.sessions.updateMany(
      {
        userId,
        revokedAt: null,
        ...(exceptSessionId && { _id: trusted({ $ne: exceptSessionId }) }),
      },
      { $set: { revokedAt: at } },
    );
    return modifiedCount;
  }
}

/** When a device was last used, and when it is forgotten. */
export type DeviceDates = Pick<DeviceRecord, 'lastUsedAt' | 'expiresAt'>;

/** The stored devices on which people have signed in. */
export class DevicesRepository {
  private readonly devices: Model<DeviceRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.devices = connection.model<DeviceRecord>('KnownDevice');
  }

  async create(
    device: Pick<DeviceRecord, 'userId' | 'tokenHash' | 'passwordMark'> &
      DeviceDates & { id: string },
  ): Promise<void> {
    const { id, ...fields } = device;
    await this.devices.create({ _id: id, ...fields });
  }

  /** The device with this token, unless it has expired. */
  async findByToken(id: string, tokenHash: string, now: Date): Promise<DeviceRecord | null> {
    return this.devices.findOne({ _id: id, tokenHash, expiresAt: trusted({ $gt: now }) }).lean();
  }

  /** Sets the dates of a device; answers whether it is still there. */
  async renew(id: string, dates: DeviceDates): Promise<boolean> {
    const { matchedCount } = await this.devices.updateOne({ _id: id }, { $set: dates });
    return matchedCount === 1;
  }

  async setPasswordMark(id: string, passwordMark: string): Promise<void> {
    await this.devices.updateOne({ _id: id }, { $set: { passwordMark } });
  }

  /** Replaces the password mark of those devices of a user that have the old one. */
  async replacePasswordMark(userId: Types.ObjectId, from: string, to: string): Promise<void> {
    await this.devices.updateMany({ userId, passwordMark: from }, { $set: { passwordMark: to } });
  }

  /** Removes all devices of a user but for the `kept` that were used last. */
  async dropOldest(userId: Types.ObjectId, kept: number): Promise<void> {
    const tooMany = await this.devices
      .find({ userId }, { _id: 1 })
      .sort({ lastUsedAt: -1 })
      .skip(kept)
      .lean();
    if (tooMany.length === 0) return;
    await this.devices.deleteMany({ _id: trusted({ $in: tooMany.map(({ _id }) => _id) }) });
  }
}
