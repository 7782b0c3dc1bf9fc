import type { Actor } from './actor.js';

/** Turns a bearer token into the caller, for every transport. */
export interface Authenticator {
  /**
   * @throws {AppError} UNAUTHENTICATED or TOKEN_EXPIRED when the token is missing, forged, of another
   *   kind, expired, or of a login that has ended; ACCOUNT_DEACTIVATED when the user is.
   */
  authenticate(token: string | undefined): Promise<Actor>;
}
