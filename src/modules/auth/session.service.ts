import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { NoticePoster } from '../notices/index.js';
import type { AuthEvents } from './auth.events.js';
import { newRefreshToken, newSessionId, parseRefreshToken } from './refresh-token.js';
import type { SessionDoc } from './session.model.js';

/** Where a login comes from. */
export interface SessionOrigin {
  ip: string;
  userAgent: string;
}

/** A session and the only copy of its refresh token. */
export interface OpenSession {
  sessionId: string;
  userId: string;
  refreshToken: string;
}

/** What the service is built from. */
export interface SessionServiceDeps {
  sessions: Model<SessionDoc>;
  bus: Publisher<AuthEvents>;
  notices: NoticePoster;
  clock: Clock;
  /** Life of an unused refresh token in seconds. */
  lifetime: number;
}

const MAX_USER_AGENT = 256;
/**
 * How long after its first use a refresh token may be used again by a client that has had no answer, in
 * milliseconds: a few attempts, each of which waits for an answer for some ten seconds.
 */
const RETRY_MS = 60_000;

const invalid = (): AppError =>
  new AppError('UNAUTHENTICATED', 'The refresh token is not valid; sign in again');

/** Logins: one document per login, whose refresh token is replaced each time it is used. */
export class SessionService {
  /** Owners of the logins that are on. */
  private readonly owners = createBatchLoader((sessionIds) => this.readOwners(sessionIds));

  constructor(private readonly deps: SessionServiceDeps) {}

  /** Begins a login. */
  async start(userId: string, { ip, userAgent }: SessionOrigin): Promise<OpenSession> {
    const { token, sessionId, hash } = newRefreshToken(newSessionId());
    const now = this.now();
    await this.deps.sessions.create({
      _id: sessionId,
      userId,
      tokenHash: hash,
      expiresAt: this.expiryFrom(now),
      userAgent: userAgent.slice(0, MAX_USER_AGENT),
      ip,
      lastUsedAt: now,
      createdAt: now,
    });
    return { sessionId, userId, refreshToken: token };
  }

  /**
   * Replaces a refresh token by a new one. Its later use shows that the token is in two hands, and ends the
   * login; but for a moment, a client whose answer was lost may ask again while the answer's token is
   * unused. That token is then replaced: of any number of calls with one token, however they meet, exactly
   * one leaves a token that can be used, the one whose write was the last.
   *
   * @throws {AppError} REFRESH_REUSED, or UNAUTHENTICATED when the login has ended or never was.
   */
  async rotate(presented: string): Promise<OpenSession> {
    const current = parseRefreshToken(presented);
    if (!current) throw invalid();
    const next = newRefreshToken(current.sessionId);
    const now = this.now();
    const session =
      (await this.replaceToken(
        current.sessionId,
        { tokenHash: current.hash },
        { tokenHash: next.hash, previousHash: current.hash, rotatedAt: now },
      )) ??
      // A thief who has the used token gains by this what the newest one would give him, and no more: as
      // there, the owner's next refresh, with the answer that has been replaced, ends the login for both.
      // The moment is counted from the first use, so it cannot be drawn out; and using the answer's token
      // ends it, because that one is the previous one then.
      (await this.replaceToken(
        current.sessionId,
        {
          previousHash: current.hash,
          rotatedAt: trusted({ $gt: new Date(now.getTime() - RETRY_MS) }),
        },
        { tokenHash: next.hash },
      ));
    if (!session) throw await this.refusal(current.sessionId);
    return {
      sessionId: current.sessionId,
      userId: session.userId.toString(),
      refreshToken: next.token,
    };
  }

  /** Whether the user's login is still on. */
  async isLive(userId: string, sessionId: string): Promise<boolean> {
    return (await this.owners.load(sessionId)) === userId;
  }

  /** Ends a login; says whether it was still on. */
  async revoke(userId: string, sessionId: string): Promise<boolean> {
    await this.deps.notices.post([{ kind: 'login', userId }]);
    const { modifiedCount } = await this.deps.sessions.updateOne(
      { _id: sessionId, userId, revokedAt: null },
      { $set: { revokedAt: this.now() } },
    );
    this.deps.bus.publish('session.revoked', { sessionId, userId });
    return modifiedCount === 1;
  }

  /** Ends all logins of a user, but for the named one; says how many. */
  async revokeAll(userId: string, exceptSessionId?: string): Promise<number> {
    await this.deps.notices.post([{ kind: 'login', userId }]);
    const { modifiedCount } = await this.deps.sessions.updateMany(
      {
        userId,
        revokedAt: null,
        ...(exceptSessionId && { _id: trusted({ $ne: exceptSessionId }) }),
      },
      { $set: { revokedAt: this.now() } },
    );
    this.deps.bus.publish('sessions.revoked', {
      userId,
      ...(exceptSessionId && { exceptSessionId }),
    });
    return modifiedCount;
  }

  /** Gives a live login that fits a new refresh token, in one step; null when it does not fit. */
  private replaceToken(
    sessionId: string,
    fits: Record<string, unknown>,
    change: Partial<SessionDoc>,
  ): Promise<SessionDoc | null> {
    const now = this.now();
    return this.deps.sessions
      .findOneAndUpdate(
        { _id: sessionId, revokedAt: null, expiresAt: trusted({ $gt: now }), ...fits },
        { $set: { ...change, lastUsedAt: now, expiresAt: this.expiryFrom(now) } },
      )
      .lean();
  }

  /** Why a refresh token was not taken; ends the login when the token is an old one of a live login. */
  private async refusal(sessionId: string): Promise<AppError> {
    const session = await this.deps.sessions.findById(sessionId).lean();
    if (!session || session.revokedAt || session.expiresAt <= this.now()) return invalid();
    await this.revoke(session.userId.toString(), sessionId);
    return new AppError(
      'REFRESH_REUSED',
      'This refresh token was used before; the login has been ended for safety, sign in again',
    );
  }

  private async readOwners(sessionIds: string[]): Promise<Map<string, string>> {
    const live = await this.deps.sessions
      .find(
        {
          _id: trusted({ $in: sessionIds }),
          revokedAt: null,
          expiresAt: trusted({ $gt: this.now() }),
        },
        { userId: 1 },
      )
      .lean();
    return new Map(live.map(({ _id, userId }) => [_id.toHexString(), userId.toHexString()]));
  }

  private now(): Date {
    return new Date(this.deps.clock.now());
  }

  private expiryFrom(now: Date): Date {
    return new Date(now.getTime() + this.deps.lifetime * 1000);
  }
}
