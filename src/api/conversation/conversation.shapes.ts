import type { ChatView, ViewMember } from '../../modules/chats/index.js';
import { presentChat } from '../shared/chat.shapes.js';
import { heldMarks, presentExtras } from '../shared/message.shapes.js';
import type { MessageView } from '../../modules/messages/index.js';
import { statusOf } from '../../modules/messages/index.js';
import type { UserCard } from '../../modules/users/index.js';
import { presentUserCard } from '../shared/user-card.shapes.js';

const populated = (userId: string, card: UserCard | undefined) =>
  card ? presentUserCard(card) : { id: userId, _id: userId };

/** A message in the conversation shape: `senderId` is the sender, `text` is null when there is none. */
export const presentMessage = ({ message, sender, status }: MessageView) => ({
  id: message.id,
  _id: message.id,
  conversationId: message.chatId,
  seq: message.seq,
  version: message.version,
  senderId: populated(message.senderId, sender),
  clientMessageId: message.clientMessageId,
  text: message.content || null,
  media: message.media,
  ...presentExtras(message),
  messageType: message.messageType,
  status,
  replyTo: message.replyTo?.id ?? null,
  deletedAt: message.deletedAt,
  isModerated: message.isModerated,
  createdAt: message.createdAt,
  updatedAt: message.updatedAt,
  ...heldMarks(message),
});

/** When somebody was last online, in milliseconds: now for people who are online, null for never. */
export const presentLastSeen = (
  { status, lastSeen }: ViewMember['presence'],
  now: number,
): number | null => {
  if (status !== 'offline') return now;
  return lastSeen === null ? null : Date.parse(lastSeen);
};

/** A conversation in the conversation shape, at a time in milliseconds. */
export const presentConversation = (view: ChatView, now: number) => {
  const chat = presentChat(view, now);
  return {
    id: chat.id,
    _id: chat.id,
    ...(chat.externalId !== undefined && { externalId: chat.externalId }),
    participants: view.members.map(({ card, presence }) => ({
      ...presentUserCard(card),
      isOnline: presence.status !== 'offline',
      lastSeen: presentLastSeen(presence, now),
    })),
    isGroup: chat.isGroup,
    name: chat.name,
    status: chat.status,
    unreadCount: chat.unreadCount,
    lastMessage: chat.lastMessage && presentLastMessage(chat.lastMessage, view.members),
    lastMessageAt: chat.lastMessageAt,
    createdAt: chat.createdAt,
    updatedAt: chat.updatedAt,
  };
};

const presentLastMessage = (
  message: NonNullable<ReturnType<typeof presentChat>['lastMessage']>,
  members: ViewMember[],
) => ({
  id: message.id,
  _id: message.id,
  text: message.content || null,
  senderId: populated(
    message.senderId,
    members.find(({ card }) => card.id === message.senderId)?.card,
  ),
  messageType: message.messageType,
  status: statusOf(
    message,
    members.map(({ card, ...position }) => ({
      ...position,
      userId: card.id,
      isDeactivated: card.isDeactivated,
    })),
  ),
  createdAt: message.createdAt,
});
