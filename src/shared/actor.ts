/** What a user may do in the whole system; what they may do in a chat is their membership's role. */
export type UserRole = 'user' | 'admin';

/**
 * How a server key acts: in the name of the actor, who is a user and must be in the chat as for a call of their own,
 * or as the system, which may see and change every chat and is in none.
 */
export interface ServerActing {
  keyId: string;
  as: 'user' | 'system';
}

/**
 * The id under which the system sends, and makes chats. No account has it: the directory answers a card of its own
 * for it.
 */
export const SYSTEM_USER_ID = '000000000000000000000000';

/** Whether the actor is the system, which a server key speaks for. */
export const isSystem = ({ server }: Actor): boolean => server?.as === 'system';

const FOREIGN = 'foreign';

/**
 * The session id of a token of a configured issuer, whose logins are not kept here.
 *
 * @param issuedAt seconds since 1970.
 * @param recordIds the records that say whether it was revoked.
 */
export const foreignSessionId = (issuedAt: number, recordIds: string[]): string =>
  [FOREIGN, issuedAt, ...recordIds].join(' ');

/** Whether a session is that of a token of a configured issuer. */
export const isForeignSession = (sessionId: string): boolean => sessionId.startsWith(FOREIGN);

/** When the token of such a session was issued, in milliseconds since 1970. */
export const foreignIssuedAt = (sessionId: string): number =>
  Number(sessionId.split(' ')[1]) * 1000;

/** The authenticated caller of a use case, the same for every transport. */
export interface Actor {
  userId: string;
  role: UserRole;
  /** The login this call belongs to; revoking it ends the call's rights. */
  sessionId: string;
  /** A server key has made the login: it has the rights of no admin, whatever its user becomes. */
  isMinted?: true;
  /** Set where a server key acts. Its scopes have been checked; the server that has it decides the rest. */
  server?: ServerActing;
}

/** Whether a newer token continues a connection: of the same login, or of the same user of an issuer. */
export const isSameLogin = (a: Actor, b: Actor): boolean =>
  a.userId === b.userId &&
  (a.sessionId === b.sessionId || (isForeignSession(a.sessionId) && isForeignSession(b.sessionId)));
