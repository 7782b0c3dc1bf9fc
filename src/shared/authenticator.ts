import type { Actor } from './actor.js';

/** How a token is used. */
export interface AuthenticateOptions {
  /** The call sets up a second factor, or ends the login: open to those who must set one up first. */
  isEnrolling?: boolean;
}

/** Turns a bearer token into the caller, for every transport. */
export interface Authenticator {
  /**
   * @throws {AppError} UNAUTHENTICATED or TOKEN_EXPIRED when the token is missing, forged, of another
   *   kind, expired, or of a login that has ended; ACCOUNT_DEACTIVATED when the user is;
   *   TOTP_ENROLMENT_REQUIRED when the user must set up a second factor first.
   */
  authenticate(token: string | undefined, options?: AuthenticateOptions): Promise<Actor>;
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
