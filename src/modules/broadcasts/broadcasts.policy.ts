import type { UserRole } from '../../shared/actor.js';
import type { StoredBroadcast } from './broadcast.model.js';

/** Somebody to whom a broadcast may be addressed. */
export interface Recipient {
  userId: string;
  role: UserRole;
  /** When the account was made, in milliseconds; nobody gets what was sent before. */
  since: number;
}

/** Whether a sent broadcast is for somebody. */
export const isFor = (
  { audience, sentAt }: Pick<StoredBroadcast, 'audience' | 'sentAt'>,
  { userId, role, since }: Recipient,
): boolean => {
  if (sentAt === null || sentAt.getTime() < since) return false;
  if (audience.kind === 'all') return true;
  if (audience.kind === 'role') return audience.role === role;
  return audience.userIds.some((id) => id.equals(userId));
};
