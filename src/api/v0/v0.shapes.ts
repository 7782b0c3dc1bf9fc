import type { ChatView } from '../../modules/chats/index.js';
import { presentChat } from '../shared/chat.shapes.js';
import { heldMarks, presentExtras } from '../shared/message.shapes.js';
import type { MessageView } from '../../modules/messages/index.js';
import { presentUserCard } from '../shared/user-card.shapes.js';

/** The other one in a chat of two; null where there are more. */
export const receiverOf = (
  senderId: string,
  memberIds: Iterable<string> | undefined,
): string | null => {
  const others = [...(memberIds ?? [])].filter((memberId) => memberId !== senderId);
  return others.length === 1 ? others[0]! : null;
};

/** A message in the v0 shape. */
export const presentMessage = (
  { message, sender, status }: MessageView,
  memberIds: Iterable<string> | undefined,
) => ({
  id: message.id,
  _id: message.id,
  conversationId: message.chatId,
  seq: message.seq,
  version: message.version,
  senderId: message.senderId,
  senderName: sender?.name ?? null,
  sender: sender ? presentUserCard(sender) : null,
  receiverId: receiverOf(message.senderId, memberIds),
  clientMessageId: message.clientMessageId,
  message: message.content,
  messageType: message.messageType,
  media: message.media,
  ...presentExtras(message),
  replyTo: message.replyTo?.id ?? null,
  status,
  isRead: status === 'read',
  isEdited: message.editedAt !== null,
  isDeleted: message.deletedAt !== null,
  isModerated: message.isModerated,
  createdAt: message.createdAt,
  updatedAt: message.updatedAt,
  ...heldMarks(message),
});

/** A conversation in the v0 shape, at a time in milliseconds. */
export const presentConversation = (view: ChatView, now: number) => {
  const chat = presentChat(view, now);
  return {
    ...chat,
    conversationId: chat.id,
    lastMessage: chat.lastMessage && { ...chat.lastMessage, message: chat.lastMessage.content },
  };
};
