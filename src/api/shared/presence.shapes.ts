import { presentUserCard } from './user-card.shapes.js';
import type { VisiblePresence, OnlineUser } from '../../modules/presence/index.js';

/** The wire shape of somebody's presence. */
export const presentStatus = (userId: string, presence: VisiblePresence) => ({
  userId,
  status: presence.status,
  customStatus: presence.customStatus,
  isOnline: presence.status !== 'offline',
  lastSeen: presence.lastSeen,
});

/** Somebody who is online: the user's card and presence. */
export const presentOnlineUser = ({ card, presence }: OnlineUser) => ({
  ...presentUserCard(card),
  ...presentStatus(card.id, presence),
});
