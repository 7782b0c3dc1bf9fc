import type { UserCard } from '../../../modules/users/user-card.js';
import { toUserCard } from '../../../modules/users/user-card.js';
import type { UserDoc } from '../../../modules/users/users.model.js';

/** The wire shape of what everybody may know; `_id` and `profileImage` are names some clients read. */
export const presentUserCard = (card: UserCard) => ({
  id: card.id,
  _id: card.id,
  username: card.username,
  firstName: card.firstName,
  lastName: card.lastName,
  name: card.name,
  avatar: card.avatar,
  profileImage: card.avatar,
});

/** Somebody's profile; the e-mail address only for those who may see it. */
export const presentProfile = (user: UserDoc, isEmailVisible: boolean) => ({
  ...presentUserCard(toUserCard(user)),
  bio: user.bio,
  createdAt: user.createdAt.toISOString(),
  ...(isEmailVisible && { email: user.email }),
});

/** One's own account. */
export const presentOwnUser = (user: UserDoc) => ({
  ...presentProfile(user, true),
  email: user.email,
  role: user.role,
  status: user.status,
  customStatus: user.customStatus,
});
