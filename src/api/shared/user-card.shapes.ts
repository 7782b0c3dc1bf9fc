import type { UserCard } from '../../modules/users/index.js';

/** The wire shape of a user's public fields; `_id` and `profileImage` are names that some clients read. */
export const presentUserCard = (card: UserCard) => ({
  id: card.id,
  _id: card.id,
  username: card.username,
  firstName: card.firstName,
  lastName: card.lastName,
  name: card.name,
  avatar: card.avatar,
  profileImage: card.avatar,
  ...(card.isDeactivated && { isDeactivated: card.isDeactivated }),
  ...(card.externalId !== undefined && { externalId: card.externalId }),
  ...(card.issuer !== undefined && { issuer: card.issuer }),
});
