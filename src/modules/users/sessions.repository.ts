import { trusted } from 'mongoose';
import type { Connection, Model } from 'mongoose';
import type { SessionRecord } from './sessions.model.js';

/** A login that begins. */
export type NewSession = Pick<
  SessionRecord,
  'tokenHash' | 'expiresAt' | 'userAgent' | 'ip' | 'lastUsedAt' | 'createdAt'
> & { id: string; userId: string; deviceId: string };

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

  /** The device of a login; undefined for a login of an older version, or none. */
  async deviceOf(sessionId: string): Promise<string | undefined> {
    const session = await this.sessions.findById(sessionId, { deviceId: 1 }).lean();
    return session?.deviceId?.toHexString();
  }

  /** The owners by login, of those logins that neither have ended nor expired. */
  async ownersOfLive(sessionIds: string[], now: Date): Promise<Map<string, string>> {
    const live = await this.sessions
      .find(
        {
          _id: trusted({ $in: sessionIds }),
          revokedAt: null,
          expiresAt: trusted({ $gt: now }),
        },
        { userId: 1 },
      )
      .lean();
    return new Map(live.map(({ _id, userId }) => [_id.toHexString(), userId.toHexString()]));
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
