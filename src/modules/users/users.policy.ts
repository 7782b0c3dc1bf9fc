import type { Actor } from '../../shared/actor.js';

/** Who may read a user's e-mail address without any further look at chats: the user, and admins. */
export const canAlwaysSeeEmail = (actor: Actor, userId: string): boolean =>
  actor.userId === userId || actor.role === 'admin';

/** Knows who is acquainted with whom. */
export interface ContactPolicy {
  /** Whether both users are members of at least one chat that is open between them. */
  shareChat(userId: string, otherUserId: string): Promise<boolean>;
}
