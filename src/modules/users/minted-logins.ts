import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, notFound } from '../../shared/errors.js';
import { banAt } from './account-fields.js';
import type { Accounts } from './accounts.js';
import { accountBanned } from './accounts.js';
import type { SessionOrigin, Sessions } from './sessions.js';
import type { AccessTokens } from './tokens.js';
import type { UserRecord } from './users.model.js';

/** How long the token of a login that a server makes is to last, and whether it can be renewed. */
export interface MintOptions {
  /** Seconds; as long as other access tokens when absent. */
  expiresIn?: number | undefined;
  /** Whether a refresh token comes with it. Without one the login ends with its token. */
  withRefreshToken: boolean;
}

/** A login that a server has made for one of its users. */
export interface MintedLogin {
  token: string;
  refreshToken?: string;
  /** Seconds. */
  expiresIn: number;
  sessionId: string;
  user: UserRecord;
}

/** Signs users in without a password, for servers that have signed them in themselves. */
export class MintedLogins {
  constructor(
    private readonly deps: {
      accounts: Pick<Accounts, 'findById'>;
      sessions: Pick<Sessions, 'start'>;
      tokens: AccessTokens;
      clock: Clock;
    },
  ) {}

  /**
   * Makes a login of its own, which is listed and ended like any other.
   *
   * @throws {AppError} NOT_FOUND, ACCOUNT_DEACTIVATED; FORBIDDEN for an admin: a key that signs admins in would have
   *   the rights of all keys.
   */
  async mint(
    userId: string,
    { expiresIn = this.deps.tokens.lifetime, withRefreshToken }: MintOptions,
    origin: SessionOrigin,
  ): Promise<MintedLogin> {
    const { accounts, clock, sessions, tokens } = this.deps;
    const user = await accounts.findById(userId);
    if (!user) throw notFound('User');
    if (user.role === 'admin') throw forbidden('A server key cannot sign in an admin');
    if (user.deactivatedAt) {
      throw new AppError('ACCOUNT_DEACTIVATED', 'This account has been deactivated');
    }
    const ban = banAt(user, clock.now());
    if (ban) throw accountBanned(ban);
    const endsAt = withRefreshToken ? undefined : new Date(clock.now() + expiresIn * 1000);
    const minted = { isMinted: true, endsAt } as const;
    const { sessionId, refreshToken } = await sessions.start(userId, origin, minted);
    return {
      token: tokens.sign({ userId, sessionId }, expiresIn),
      ...(withRefreshToken && { refreshToken }),
      expiresIn,
      sessionId,
      user,
    };
  }
}
