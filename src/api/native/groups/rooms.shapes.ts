import type { RoomView } from '../../../modules/chats/index.js';
import { joinModeOf } from '../../../modules/chats/index.js';

/** A public room, as anybody sees it. */
export const presentRoom = ({ chat, memberCount, isMember }: RoomView) => {
  const id = chat._id.toHexString();
  return {
    id,
    _id: id,
    ...(chat.externalId !== undefined && { externalId: chat.externalId }),
    slug: chat.slug ?? '',
    name: chat.name ?? '',
    description: chat.description ?? null,
    picture: chat.picture ?? null,
    joinMode: joinModeOf(chat),
    memberCount,
    isMember,
    lastMessageAt: chat.lastMessageAt.toISOString(),
    createdAt: chat.createdAt.toISOString(),
  };
};
