/** What a user may do in the whole system; what they may do in a chat is their membership's role. */
export type UserRole = 'user' | 'admin';

/** The authenticated caller of a use case, the same for every transport. */
export interface Actor {
  userId: string;
  role: UserRole;
  /** The login this call belongs to; revoking it ends the call's rights. */
  sessionId: string;
}
