import type { Actor } from './actor.js';

/** Turns a bearer token into the caller, for every transport. */
export interface Authenticator {
  /**
   * @throws {AppError} UNAUTHENTICATED or TOKEN_EXPIRED when the token is missing, forged, of another
   *   kind, expired, or of a login that has ended; ACCOUNT_DEACTIVATED when the user is.
   */
  authenticate(token: string | undefined): Promise<Actor>;
}

/** Whom a token stands for, and until when, in milliseconds since 1970. */
export interface TokenGrant {
  actor: Actor;
  expiresAt: number;
}

/** The same for what lasts longer than a call. */
export interface TokenGrants {
  /** @throws {AppError} as {@link Authenticator.authenticate}. */
  grant(token: string | undefined): Promise<TokenGrant>;
}
