import type { OnlineMember } from '../../modules/chats/index.js';
import type { MessageView } from '../../modules/messages/index.js';
import { presentMessage as presentNative } from '../shared/message.shapes.js';
import { presentUserCard } from '../shared/user-card.shapes.js';

/** A message in the room dialect: the native one, with the room's name. */
export const presentMessage = ({ message, sender, status }: MessageView, room: string) => ({
  ...presentNative(message, sender, status),
  room,
});

/** The list of `online-users`. */
export const presentOnlineUsers = (room: string, members: OnlineMember[]) => ({
  room,
  count: members.length,
  users: members.map(({ card, presence }) => ({
    ...presentUserCard(card),
    userId: card.id,
    status: presence.status,
  })),
});
