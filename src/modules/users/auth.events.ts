/** What happens to logins; ids are strings, so that nodes can pass the events on. */
export interface AuthEvents {
  /** One login has ended: its tokens are worthless and its sockets close. */
  'session.revoked': { sessionId: string; userId: string };
  /** All logins of a user have ended, but for the named one. */
  'sessions.revoked': { userId: string; exceptSessionId?: string };
}
