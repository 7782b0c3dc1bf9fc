import { presentUserCard } from '../users/users.shapes.js';
import type { VisiblePresence } from '../../../modules/presence/presence.view.js';
import type { OnlineUser } from '../../../modules/presence/presence-reader.js';

/** The wire shape of where somebody stands. */
export const presentStatus = (userId: string, presence: VisiblePresence) => ({
  userId,
  status: presence.status,
  customStatus: presence.customStatus,
  isOnline: presence.status !== 'offline',
  lastSeen: presence.lastSeen,
});

/** Somebody who is here: who they are, and where they stand. */
export const presentOnlineUser = ({ card, presence }: OnlineUser) => ({
  ...presentUserCard(card),
  ...presentStatus(card.id, presence),
});
