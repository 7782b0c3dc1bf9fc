import type { UserDoc } from './users.model.js';

/** What everybody may know of a user. */
export interface UserCard {
  id: string;
  username: string;
  firstName: string;
  lastName: string;
  /** First and last name, or the username when there is neither. */
  name: string;
  /** URL of the picture. */
  avatar: string | null;
}

/** The stored fields a card is made of. */
export const CARD_FIELDS = {
  username: 1,
  firstName: 1,
  lastName: 1,
  avatar: 1,
} as const;

/** Makes the card of a stored user. */
export const toUserCard = (
  user: Pick<UserDoc, '_id' | 'username' | 'firstName' | 'lastName' | 'avatar'>,
): UserCard => ({
  id: user._id.toString(),
  username: user.username,
  firstName: user.firstName,
  lastName: user.lastName,
  name: `${user.firstName} ${user.lastName}`.trim() || user.username,
  avatar: user.avatar,
});
