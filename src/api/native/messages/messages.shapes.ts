import type { UserCard } from '../../../modules/users/index.js';
import { presentUserCard } from '../users/users.shapes.js';
import type { MessageRecord } from '../../../modules/messages/message.record.js';
import type { MessageStatus } from '../../../modules/messages/message-history.js';

/** A message in the native shape. */
export const presentMessage = (
  message: MessageRecord,
  sender: UserCard | undefined,
  status: MessageStatus,
) => ({
  id: message.id,
  _id: message.id,
  chatId: message.chatId,
  seq: message.seq,
  version: message.version,
  senderId: message.senderId,
  sender: sender ? presentUserCard(sender) : null,
  clientMessageId: message.clientMessageId,
  messageType: message.messageType,
  content: message.content,
  media: message.media,
  replyTo: message.replyTo?.id ?? null,
  replyToSeq: message.replyTo?.seq ?? null,
  mentions: message.mentions,
  reactions: message.reactions,
  status,
  isEdited: message.editedAt !== null,
  editedAt: message.editedAt,
  isDeleted: message.deletedAt !== null,
  deletedAt: message.deletedAt,
  deletedBy: message.deletedBy,
  isPinned: message.pinnedAt !== null,
  pinnedAt: message.pinnedAt,
  system: message.system,
  forwardedFrom: message.forwardedFrom,
  createdAt: message.createdAt,
  updatedAt: message.updatedAt,
});
