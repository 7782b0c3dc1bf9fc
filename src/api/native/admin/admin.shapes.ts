import type { UserRecord } from '../../../modules/users/index.js';
import { presentOwnUser } from '../users/users.shapes.js';

/** An account as admins see it. */
export const presentAccount = (user: UserRecord) => ({
  ...presentOwnUser(user),
  isActive: user.deactivatedAt === null,
  deactivatedAt: user.deactivatedAt?.toISOString() ?? null,
  lastSeen: user.lastSeenAt?.toISOString() ?? null,
});
