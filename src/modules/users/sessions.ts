import type { KeyObject } from 'node:crypto';
import { createBatchLoader } from '../../platform/batch-loader.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type {
  LiveSession,
  SessionRecord,
  SessionsRepository,
  TokenChange,
} from './sessions.repository.js';
import { newToken, newTokenId, parseToken, successorOf } from './tokens.js';
import type { UserEvents } from './users.events.js';

/** The client of a login. */
export interface SessionOrigin {
  ip: string;
  userAgent: string;
}

/** How a login comes about. */
export interface SessionKind {
  deviceId?: string | undefined;
  isMinted?: true;
  endsAt?: Date | undefined;
}

/** A session and the only copy of its refresh token. */
export interface OpenSession {
  sessionId: string;
  userId: string;
  refreshToken: string;
}

/** Logins of one user that are listed. */
const MAX_LISTED = 100;

/** Characters of a user agent that are stored. */
const MAX_USER_AGENT = 256;

const invalid = (): AppError =>
  new AppError('UNAUTHENTICATED', 'The refresh token is not valid; sign in again');

const reused = (): AppError =>
  new AppError(
    'REFRESH_REUSED',
    'This refresh token was used before; the login has been ended for safety, sign in again',
  );

/**
 * How long after its first use a refresh token is answered again, in milliseconds: enough for a few retries
 * of a client that gets no answer and waits some ten seconds each time.
 */
const REPEAT_MS = 60_000;

/**
 * The state of a refresh token.
 *
 * - `current`: it has not been used.
 * - `answered`: it was used a moment ago; its successor may be answered again.
 * - `unanswerable`: it was used a moment ago, but the server cannot derive the successor that it answered then.
 * - `reused`: it was used too long ago, or was never a token of this login.
 */
export type RefreshTokenState = 'current' | 'answered' | 'unanswerable' | 'reused';

/** The newest tokens of a login. */
export type TokenHistory = Pick<
  SessionRecord,
  'tokenHash' | 'previousHash' | 'rotatedAt' | 'olderHash' | 'olderRotatedAt'
>;

const isRecent = (usedAt: Date | null | undefined, now: number): boolean =>
  usedAt !== null && usedAt !== undefined && usedAt.getTime() > now - REPEAT_MS;

/**
 * The state of the token with hash `hash` in a login; `successorHash` is the hash of the token derived from it. The
 * token before the previous one is still answered: of two tabs that refresh at once, one may refresh again before
 * the call of the other arrives. This gives a thief with a used token no more than the newest token would: the next
 * refresh, by the owner or the thief, reveals the theft.
 */
export const tokenStateOf = (
  session: TokenHistory,
  hash: string,
  successorHash: string,
  now: number,
): RefreshTokenState => {
  if (hash === session.tokenHash) return 'current';
  if (hash === session.previousHash && isRecent(session.rotatedAt, now)) {
    return successorHash === session.tokenHash ? 'answered' : 'unanswerable';
  }
  const isOlder = hash === session.olderHash && isRecent(session.olderRotatedAt, now);
  return isOlder && successorHash === session.previousHash ? 'answered' : 'reused';
};

/** Logins. Each use of a login's refresh token replaces it. */
export class Sessions {
  /** Reads live logins in batches. */
  private readonly owners = createBatchLoader((sessionIds) =>
    this.deps.sessions.live(sessionIds, this.now()),
  );

  constructor(
    private readonly deps: {
      sessions: SessionsRepository;
      bus: Publisher<UserEvents>;
      accessChanges: AccessChangePoster;
      clock: Clock;
      /** Derives a refresh token from the one before; the same on every node and after a restart. */
      refreshKey: KeyObject;
      /** Life of an unused refresh token in seconds. */
      lifetime: number;
    },
  ) {}

  /**
   * Creates a login.
   *
   * @param kind.deviceId the known device; absent for a login that a server has made.
   * @param kind.isMinted a server key makes it.
   * @param kind.endsAt when it ends, if its refresh token is not to prolong it.
   */
  async start(
    userId: string,
    { ip, userAgent }: SessionOrigin,
    { deviceId, isMinted, endsAt }: SessionKind,
  ): Promise<OpenSession> {
    const { token, id: sessionId, hash } = newToken(newTokenId());
    const now = this.now();
    await this.deps.sessions.create({
      id: sessionId,
      userId,
      tokenHash: hash,
      ...(deviceId !== undefined && { deviceId }),
      ...(isMinted && { isMinted }),
      expiresAt: endsAt ?? this.expiryFrom(now),
      userAgent: userAgent.slice(0, MAX_USER_AGENT),
      ip,
      lastUsedAt: now,
      createdAt: now,
    });
    return { sessionId, userId, refreshToken: token };
  }

  /**
   * Replaces a refresh token by its successor. Two tabs that share a login, and a client whose answer was lost,
   * present the same token again: for a minute they get the same successor, until the token after that one has
   * been used. Any later use shows that two parties have the token, and ends the login.
   *
   * A crash between any two steps is harmless: the write only says that the token was used, and the successor is
   * derived from the token.
   *
   * @throws {AppError} REFRESH_REUSED, or UNAUTHENTICATED when the login has ended or never existed.
   */
  async rotate(presented: string): Promise<OpenSession> {
    const token = parseToken(presented);
    if (!token) throw invalid();
    const now = this.now();
    const session = await this.deps.sessions.findById(token.id);
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
      // An older version of the server made the stored successor at random, or the secret has changed since.
      // That successor cannot be answered again, so a derived one replaces it.
      unanswerable: { tokenHash: next.hash },
      answered: undefined,
    }[state];
    if (change && !(await this.replaceToken(token.id, session.tokenHash, change))) {
      // A concurrent call with this or a later token was faster. States only move forward, so the recursion ends.
      return this.rotate(presented);
    }
    return {
      sessionId: token.id,
      userId: session.userId.toString(),
      refreshToken: next.token,
    };
  }

  /** The user's login if it is live, neither ended nor expired; else undefined. */
  async live(userId: string, sessionId: string): Promise<LiveSession | undefined> {
    const session = await this.owners.load(sessionId);
    return session?.userId === userId ? session : undefined;
  }

  /** The live logins of a user, the one whose tokens were renewed last first. */
  list(userId: string): Promise<SessionRecord[]> {
    return this.deps.sessions.liveOf(userId, this.now(), MAX_LISTED);
  }

  /** When a login began; undefined for none. */
  async beganAt(sessionId: string): Promise<Date | undefined> {
    return (await this.deps.sessions.findById(sessionId))?.createdAt;
  }

  /** The known device of a login; undefined for a login of an older version, or none. */
  deviceOf(sessionId: string): Promise<string | undefined> {
    return this.deps.sessions.deviceOf(sessionId);
  }

  /** Ends a login; answers whether it was still live. */
  async revoke(userId: string, sessionId: string): Promise<boolean> {
    const { accessChanges, bus, sessions } = this.deps;
    await accessChanges.post([{ kind: 'login', userId }]);
    const wasLive = await sessions.revoke(userId, sessionId, this.now());
    bus.emit('session.revoked', { sessionId, userId }, { scope: 'cluster' });
    return wasLive;
  }

  /** Ends all logins of a user, but for the named one; answers how many. */
  async revokeAll(userId: string, exceptSessionId?: string): Promise<number> {
    const { accessChanges, bus, sessions } = this.deps;
    await accessChanges.post([{ kind: 'login', userId }]);
    const ended = await sessions.revokeAll(userId, this.now(), exceptSessionId);
    bus.emit(
      'sessions.revoked',
      { userId, ...(exceptSessionId && { exceptSessionId }) },
      { scope: 'cluster' },
    );
    return ended;
  }

  /** Changes the tokens of a live login, unless somebody has since it was read; answers whether it did. */
  private replaceToken(
    sessionId: string,
    tokenHash: string,
    change: TokenChange,
  ): Promise<boolean> {
    const now = this.now();
    return this.deps.sessions.replaceToken(sessionId, tokenHash, change, {
      lastUsedAt: now,
      expiresAt: this.expiryFrom(now),
    });
  }

  private now(): Date {
    return new Date(this.deps.clock.now());
  }

  private expiryFrom(now: Date): Date {
    return new Date(now.getTime() + this.deps.lifetime * 1000);
  }
}
