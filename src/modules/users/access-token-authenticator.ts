import { LRUCache } from 'lru-cache';
import type { Subscription } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import type { Authenticator } from '../../shared/authenticator.js';
import { AppError } from '../../shared/errors.js';
import type { AccountStatus, UserEvents } from './index.js';
import type { AccessTokens } from './access-tokens.js';
import type { AuthEvents } from './auth.events.js';

/** What the authenticator looks up. */
export interface AuthenticatorDeps {
  tokens: AccessTokens;
  /** Whether the user's login is still on. */
  isSessionLive(userId: string, sessionId: string): Promise<boolean>;
  /** The user's rights; undefined when there is no such user. */
  statusOf(userId: string): Promise<AccountStatus | undefined>;
}

interface Entry {
  userId: string;
  /** Still running when callers of the same login arrive together. */
  state: Promise<AccountStatus | undefined>;
}

const CACHE_SIZE = 20_000;
/** How long rights outlive their loss on a node that the news has not reached. */
const CACHE_TTL_MS = 1000;

const signInAgain = (): AppError =>
  new AppError('UNAUTHENTICATED', 'This login has ended; sign in again');

/**
 * Verifies access tokens, and that the login and the user behind them are still good. The second part
 * is remembered for a second, and forgotten at once when a login ends or a user's rights change.
 */
export class AccessTokenAuthenticator implements Authenticator {
  private readonly cache = new LRUCache<string, Entry>({ max: CACHE_SIZE, ttl: CACHE_TTL_MS });

  constructor(private readonly deps: AuthenticatorDeps) {}

  /** What makes the node forget what it remembers of a login. */
  get subscriptions(): Subscription<AuthEvents & UserEvents>[] {
    const forgetUser = ({ userId }: { userId: string }) => {
      this.forgetUser(userId);
    };
    const shared = {
      phase: 'state',
      on: 'every-node',
      does: 'forgets the logins of the user',
    } as const;
    return [
      {
        event: 'session.revoked',
        ...shared,
        does: 'forgets the login',
        run: ({ sessionId }) => {
          this.cache.delete(sessionId);
        },
      },
      { event: 'sessions.revoked', ...shared, run: forgetUser },
      { event: 'user.deactivated', ...shared, run: forgetUser },
      { event: 'user.role_changed', ...shared, run: forgetUser },
    ];
  }

  async authenticate(token: string | undefined): Promise<Actor> {
    if (!token) throw new AppError('UNAUTHENTICATED', 'Sign in first');
    const { userId, sessionId } = this.deps.tokens.verify(token);
    const status = await this.statusOf(userId, sessionId);
    if (!status) throw signInAgain();
    if (status.isDeactivated) {
      throw new AppError('ACCOUNT_DEACTIVATED', 'This account has been deactivated');
    }
    return { userId, sessionId, role: status.role };
  }

  private statusOf(userId: string, sessionId: string): Promise<AccountStatus | undefined> {
    const known = this.cache.get(sessionId);
    if (known?.userId === userId) return known.state;
    const state = this.lookUp(userId, sessionId);
    this.cache.set(sessionId, { userId, state });
    state.catch(() => {
      // A failed look-up is not an answer; the next caller asks again.
      if (this.cache.peek(sessionId)?.state === state) this.cache.delete(sessionId);
    });
    return state;
  }

  /** What the database says of a login now, whatever is remembered; undefined when it has ended. */
  async lookUp(userId: string, sessionId: string): Promise<AccountStatus | undefined> {
    const [isLive, status] = await Promise.all([
      this.deps.isSessionLive(userId, sessionId),
      this.deps.statusOf(userId),
    ]);
    return isLive || status?.isDeactivated ? status : undefined;
  }

  private forgetUser(userId: string): void {
    for (const [sessionId, entry] of this.cache.entries()) {
      if (entry.userId === userId) this.cache.delete(sessionId);
    }
  }
}
