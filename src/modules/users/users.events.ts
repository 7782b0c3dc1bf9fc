import type { UserRole } from '../../shared/actor.js';

/**
 * The domain events of accounts and logins; ids are strings, so that the events can be sent to other nodes.
 */
export interface UserEvents {
  /** Name, avatar or another shown part of the profile has changed, or the account was closed or reopened. */
  'user.updated': { userId: string };
  /** The profile shows another picture now, or none. Published after the write. */
  'user.picture_changed': { userId: string };
  /** The account was closed: logins and sockets of the user end now. */
  'user.deactivated': { userId: string };
  /** The user has become an admin, or is no longer one. */
  'user.role_changed': { userId: string; role: UserRole };
  /** Logins of the user take a second factor from now on, or no longer. */
  'user.second_factor_changed': { userId: string };
  /** One login has ended: its tokens are not valid any more and its sockets close. */
  'session.revoked': { sessionId: string; userId: string };
  /** All logins of a user have ended, but for the named one. */
  'sessions.revoked': { userId: string; exceptSessionId?: string };
}
