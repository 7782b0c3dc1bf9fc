import type { Actor } from '../../shared/actor.js';
import type { AccountStatus } from './users.model.js';

/** Who may read a user's e-mail address whether or not they share a chat: the user, and admins. */
export const canAlwaysSeeEmail = (actor: Actor, userId: string): boolean =>
  actor.userId === userId || actor.role === 'admin';

/** Whether an account has the rights of an admin; a closed one has none, nor has one that does not exist. */
export const isAdminNow = (status: AccountStatus | undefined): boolean =>
  status?.role === 'admin' && !status.isDeactivated;
