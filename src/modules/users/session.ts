import type { KeyObject } from 'node:crypto';
import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { AuthEvents } from './auth.events.js';
import { newToken, newTokenId, parseToken, successorOf } from './opaque-token.js';
import { tokenStateOf } from './refresh-rotation.js';
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
  accessChanges: AccessChangePoster;
  clock: Clock;
  /** Derives a refresh token from the one before; the same on every node and after a restart. */
  refreshKey: KeyObject;
  /** Life of an unused refresh token in seconds. */
  lifetime: number;
}

const MAX_USER_AGENT = 256;
const invalid = (): AppError =>
  new AppError('UNAUTHENTICATED', 'The refresh token is not valid; sign in again');

const reused = (): AppError =>
  new AppError(
    'REFRESH_REUSED',
    'This refresh token was used before; the login has been ended for safety, sign in again',
  );

/** Logins: one document per login, whose refresh token is replaced each time it is used. */
export class SessionService {
  /** Owners of the logins that are on. */
  private readonly owners = createBatchLoader((sessionIds) => this.readOwners(sessionIds));

  constructor(private readonly deps: SessionServiceDeps) {}

  /** Begins a login on a known device. */
  async start(
    userId: string,
    { ip, userAgent }: SessionOrigin,
    deviceId: string,
  ): Promise<OpenSession> {
    const { token, id: sessionId, hash } = newToken(newTokenId());
    const now = this.now();
    await this.deps.sessions.create({
      _id: sessionId,
      userId,
      tokenHash: hash,
      deviceId,
      expiresAt: this.expiryFrom(now),
      userAgent: userAgent.slice(0, MAX_USER_AGENT),
      ip,
      lastUsedAt: now,
      createdAt: now,
    });
    return { sessionId, userId, refreshToken: token };
  }

  /**
   * Replaces a refresh token by its successor. Two tabs that share a login, and a client whose answer was
   * lost, present the same token again: for a minute they get the same successor, until the token after that
   * one has been used. Any later use shows that the token is in two hands, and ends the login.
   *
   * A crash between any two steps costs nothing: what is written is only that the token was used, and the
   * successor follows from the token.
   *
   * @throws {AppError} REFRESH_REUSED, or UNAUTHENTICATED when the login has ended or never was.
   */
  async rotate(presented: string): Promise<OpenSession> {
    const token = parseToken(presented);
    if (!token) throw invalid();
    const now = this.now();
    const session = await this.deps.sessions.findById(token.id).lean();
    if (!session || session.revokedAt || session.expiresAt <= now) throw invalid();
    const next = successorOf(presented, token.id, this.deps.refreshKey);
    const state = tokenStateOf(session, token.hash, next.hash, now.getTime());
    if (state === 'reused') {
      await this.revoke(session.userId.toString(), token.id);
      throw reused();
    }
    const change = {
      current: {
        tokenHash: next.hash,
        previousHash: token.hash,
        rotatedAt: now,
        olderHash: session.previousHash,
        olderRotatedAt: session.rotatedAt,
      },
      // The successor that stands there was made at random by an older version of the server, or under a
      // secret that has changed since. Nobody can answer it again, so a derived one takes its place.
      unanswerable: { tokenHash: next.hash },
      answered: undefined,
    }[state];
    if (change && !(await this.replaceToken(token.id, session.tokenHash, change))) {
      // Another call with this token or a later one came between. The states only go forward, so this ends.
      return this.rotate(presented);
    }
    return {
      sessionId: token.id,
      userId: session.userId.toString(),
      refreshToken: next.token,
    };
  }

  /** Whether the user's login is still on. */
  async isLive(userId: string, sessionId: string): Promise<boolean> {
    return (await this.owners.load(sessionId)) === userId;
  }

  /** The known device that has begun a login; undefined for a login of an older version, or none. */
  async deviceOf(sessionId: string): Promise<string | undefined> {
    const session = await this.deps.sessions.findById(sessionId, { deviceId: 1 }).lean();
    return session?.deviceId?.toHexString();
  }

  /** Ends a login; says whether it was still on. */
  async revoke(userId: string, sessionId: string): Promise<boolean> {
    await this.deps.accessChanges.post([{ kind: 'login', userId }]);
    const { modifiedCount } = await this.deps.sessions.updateOne(
      { _id: sessionId, userId, revokedAt: null },
      { $set: { revokedAt: this.now() } },
    );
    this.deps.bus.emit('session.revoked', { sessionId, userId }, { scope: 'cluster' });
    return modifiedCount === 1;
  }

  /** Ends all logins of a user, but for the named one; says how many. */
  async revokeAll(userId: string, exceptSessionId?: string): Promise<number> {
    await this.deps.accessChanges.post([{ kind: 'login', userId }]);
    const { modifiedCount } = await this.deps.sessions.updateMany(
      {
        userId,
        revokedAt: null,
        ...(exceptSessionId && { _id: trusted({ $ne: exceptSessionId }) }),
      },
      { $set: { revokedAt: this.now() } },
    );
    this.deps.bus.emit(
      'sessions.revoked',
      {
        userId,
        ...(exceptSessionId && { exceptSessionId }),
      },
      { scope: 'cluster' },
    );
    return modifiedCount;
  }

  /** Changes the tokens of a live login, unless somebody has since it was read; says whether it did. */
  private async replaceToken(
    sessionId: string,
    tokenHash: string,
    change: Partial<SessionDoc>,
  ): Promise<boolean> {
    const now = this.now();
    const { modifiedCount } = await this.deps.sessions.updateOne(
      { _id: sessionId, tokenHash, revokedAt: null, expiresAt: trusted({ $gt: now }) },
      { $set: { ...change, lastUsedAt: now, expiresAt: this.expiryFrom(now) } },
    );
    return modifiedCount === 1;
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
