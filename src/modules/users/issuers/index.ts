import type { Connection } from 'mongoose';
import type { AuthIssuer } from '../../../config/index.js';
import type { Logger } from '../../../platform/logger.js';
import type { Publisher } from '../../../platform/event-bus.js';
import type { Clock } from '../../../shared/clock.js';
import type { NameFilter } from '../../../shared/name-filter.js';
import type { AccessChangePoster } from '../../access-changes/index.js';
import type { Accounts } from '../accounts.js';
import type { UserAdministration } from '../administration.js';
import type { VerifiedClaims } from '../tokens.js';
import type { UserEvents } from '../users.events.js';
import type { UsersRepository } from '../users.repository.js';
import { ForeignAccounts } from './foreign-accounts.js';
import { ForeignLogins } from './foreign-logins.js';
import { ForeignLoginsRepository } from './foreign-logins.repository.js';
import { ForeignTokens } from './foreign-tokens.js';

export { defineForeignLoginModel } from './foreign-logins.repository.js';

/** People who sign in with tokens of configured issuers. */
export class ForeignAccess {
  constructor(
    private readonly deps: {
      /** Whether any issuer is configured. */
      isUsed: boolean;
      tokens: ForeignTokens;
      accounts: ForeignAccounts;
      logins: ForeignLogins;
      bus: Publisher<UserEvents>;
    },
  ) {}

  /** Whether a token says that it comes from a configured issuer; nothing about it is checked. */
  isForeign(token: string): boolean {
    return this.deps.tokens.isForeign(token);
  }

  /**
   * Checks a token and answers its account, which is made on first use.
   *
   * @throws {AppError} TOKEN_EXPIRED, UNAUTHENTICATED; UNAVAILABLE while the issuer's keys cannot be read.
   */
  async read(token: string): Promise<VerifiedClaims> {
    const verified = await this.deps.tokens.verify(token);
    return { ...(await this.deps.accounts.sessionOf(verified)), expiresAt: verified.expiresAt };
  }

  /** Whether the login of such a token has not been revoked. */
  isLive(userId: string, sessionId: string): Promise<boolean> {
    return this.deps.logins.isLive(userId, sessionId);
  }

  /** Ends the login of a token, on this node at once and on the others within a second. */
  async revoke(userId: string, sessionId: string): Promise<void> {
    await this.deps.logins.revoke(userId, sessionId);
    this.deps.bus.emit('session.revoked', { sessionId, userId }, { scope: 'cluster' });
  }

  /** Refuses the tokens of all issuers for a user that were issued before now, on every node within a second. */
  async revokeAll(userId: string): Promise<void> {
    if (this.deps.isUsed) await this.deps.logins.revokeAll(userId);
  }

  /**
   * Ends what a logout token names (OpenID Connect Back-Channel Logout 1.0).
   *
   * @throws {AppError} VALIDATION, UNAVAILABLE.
   */
  logOut(logoutToken: string): Promise<void> {
    return this.deps.logins.logOut(logoutToken);
  }
}

/** Builds the access of issuers' users. */
export const createForeignAccess = ({
  issuers,
  connection,
  users,
  accounts,
  names,
  administration,
  accessChanges,
  bus,
  clock,
  logger,
  isAllowedPictureUrl,
}: {
  issuers: AuthIssuer[];
  connection: Connection;
  users: UsersRepository;
  accounts: Accounts;
  names: NameFilter;
  administration: UserAdministration;
  accessChanges: AccessChangePoster;
  bus: Publisher<UserEvents>;
  clock: Clock;
  logger: Logger;
  isAllowedPictureUrl: (url: string) => boolean;
}): ForeignAccess => {
  const tokens = new ForeignTokens(issuers, clock, ({ name }, err) => {
    logger.warn({ err, issuer: name }, 'the keys of an issuer could not be read');
  });
  const logins = new ForeignLogins({
    logins: new ForeignLoginsRepository(connection),
    tokens,
    accessChanges,
    clock,
  });
  return new ForeignAccess({
    isUsed: issuers.length > 0,
    tokens,
    logins,
    bus,
    accounts: new ForeignAccounts({
      users,
      accounts,
      names,
      administration,
      logins,
      accessChanges,
      bus,
      isAllowedPictureUrl,
    }),
  });
};
