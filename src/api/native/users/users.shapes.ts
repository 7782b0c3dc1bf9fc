import type { UserRecord } from '../../../modules/users/index.js';
import { toUserCard } from '../../../modules/users/index.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';

/** Somebody's profile; the e-mail address only for those who may see it. */
export const presentProfile = (user: UserRecord, isEmailVisible: boolean) => ({
  ...presentUserCard(toUserCard(user)),
  bio: user.bio,
  createdAt: user.createdAt.toISOString(),
  ...(user.metadata && { metadata: user.metadata }),
  ...(isEmailVisible && { email: user.email || null }),
});

/** One's own account. */
export const presentOwnUser = (user: UserRecord) => ({
  ...presentProfile(user, true),
  email: user.email || null,
  role: user.role,
  status: user.status,
  customStatus: user.customStatus,
  locale: user.locale ?? null,
  isEmailVerified: Boolean(user.emailVerifiedAt),
  hasTotp: Boolean(user.totpEnabledAt),
});
