import type { Config } from '../../config/index.js';
import type { Freshness } from '../../platform/cached-lookup.js';
import { CachedLookup, NEVER_CONFIRMED } from '../../platform/cached-lookup.js';
import type { Subscription } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import { isForeignSession } from '../../shared/actor.js';
import type {
  AuthenticateOptions,
  Authenticator,
  TokenGrant,
  TokenGrants,
} from '../../shared/authenticator.js';
import { AppError } from '../../shared/errors.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { Accounts } from './accounts.js';
import { accountBanned } from './accounts.js';
import type { ForeignAccess } from './issuers/index.js';
import type { Sessions } from './sessions.js';
import type { AccessTokens, VerifiedClaims } from './tokens.js';
import { mustEnrol } from './two-factor.js';
import type { UserEvents } from './users.events.js';
import type { AccountStatus } from './users.model.js';
import { atMost } from '../../shared/at-most.js';

/** The cached status of a login; an ended login is cached, too. */
interface Entry {
  status: AccountStatus | undefined;
}

const CACHE_SIZE = 20_000;
/**
 * How long a login that may act is kept at most, in milliseconds, while the access-change feed, which names all that
 * end, is read. A refusal is kept for a second.
 */
const CACHE_TTL_MS = 60_000;

const signInAgain = (): AppError =>
  new AppError('UNAUTHENTICATED', 'This login has ended; sign in again');

/**
 * Verifies access tokens, and checks that their login has not ended and their user may still act. The status
 * of login and user is cached for as long as the access-change feed is read, and dropped at once when the login ends
 * or the user's rights change.
 */
export class AccessTokenAuthenticator implements Authenticator, TokenGrants {
  private readonly cache: CachedLookup<Entry>;

  constructor(
    private readonly tokens: AccessTokens,
    private readonly sessions: Pick<Sessions, 'live'>,
    private readonly accounts: Pick<Accounts, 'status'>,
    /** TOTP_REQUIRED */
    private readonly totpRequired: Config['totpRequired'] = 'none',
    /** The tokens of configured issuers; absent when there are none. */
    private readonly foreign?: Pick<ForeignAccess, 'isForeign' | 'isLive' | 'read'>,
    freshness: Freshness = NEVER_CONFIRMED,
  ) {
    this.cache = new CachedLookup({
      ...atMost(CACHE_SIZE),
      ttl: CACHE_TTL_MS,
      freshness,
      isKept: ({ status }) => status?.isDeactivated === false,
      groupOf: (key) => key.slice(0, key.indexOf(' ')),
    });
  }

  /** Drop cached logins. */
  get subscriptions(): Subscription<UserEvents & AccessChangeEvents>[] {
    const forgetUser = ({ userId }: { userId: string }) => {
      this.cache.forgetGroup(userId);
    };
    const shared = {
      phase: 'state',
      on: 'every-node',
      does: 'drops the cached logins of the user',
    } as const;
    return [
      {
        event: 'session.revoked',
        ...shared,
        does: 'drops the cached login',
        run: ({ userId, sessionId }) => {
          this.cache.forget(keyOf(userId, sessionId));
        },
      },
      {
        event: 'access.recheck',
        ...shared,
        run: ({ kind, userId }) => {
          if (kind === 'login') forgetUser({ userId });
        },
      },
      { event: 'sessions.revoked', ...shared, run: forgetUser },
      { event: 'user.deactivated', ...shared, run: forgetUser },
      { event: 'user.role_changed', ...shared, run: forgetUser },
      { event: 'user.second_factor_changed', ...shared, run: forgetUser },
    ];
  }

  async authenticate(token: string | undefined, options?: AuthenticateOptions): Promise<Actor> {
    return (await this.grant(token, options)).actor;
  }

  async grant(
    token: string | undefined,
    { isEnrolling = false }: AuthenticateOptions = {},
  ): Promise<TokenGrant> {
    if (!token) throw new AppError('UNAUTHENTICATED', 'Sign in first');
    const { userId, sessionId, expiresAt } =
      this.readOwn(token) ?? (await this.foreign!.read(token));
    const { status } = await this.cache.get(keyOf(userId, sessionId), async () => ({
      status: await this.lookUp(userId, sessionId),
    }));
    if (!status) throw signInAgain();
    if (status.ban) throw accountBanned(status.ban);
    if (status.isDeactivated) {
      throw new AppError('ACCOUNT_DEACTIVATED', 'This account has been deactivated');
    }
    // Whether a second factor is wanted of its users is the issuer's to say.
    const isOwn = !isForeignSession(sessionId);
    if (isOwn && !isEnrolling && mustEnrol(this.totpRequired, status)) {
      throw new AppError('TOTP_ENROLMENT_REQUIRED', 'Set up a second factor first');
    }
    const { role, isMinted } = status;
    return { actor: { userId, sessionId, role, ...(isMinted && { isMinted }) }, expiresAt };
  }

  /** Reads a token of our own; undefined for one of an issuer. An own token costs nothing more for there being issuers. */
  private readOwn(token: string): VerifiedClaims | undefined {
    try {
      return this.tokens.verify(token);
    } catch (error) {
      if (this.foreign?.isForeign(token)) return undefined;
      throw error;
    }
  }

  /**
   * The current status of a login from the database, without the cache; undefined when it has ended. A login that a
   * server key has made is a plain user's, also when its user has become an admin: the key would have all rights.
   */
  async lookUp(userId: string, sessionId: string): Promise<AccountStatus | undefined> {
    const [session, status] = await Promise.all([
      isForeignSession(sessionId)
        ? this.foreign?.isLive(userId, sessionId)
        : this.sessions.live(userId, sessionId),
      this.accounts.status(userId),
    ]);
    if (!session && !status?.isDeactivated) return undefined;
    const isMinted = typeof session === 'object' && session.isMinted;
    return status && isMinted ? { ...status, role: 'user', isMinted } : status;
  }
}

const keyOf = (userId: string, sessionId: string): string => `${userId} ${sessionId}`;
