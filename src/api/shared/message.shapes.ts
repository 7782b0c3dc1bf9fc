import type { UserCard } from '../../modules/users/index.js';
import { presentUserCard } from './user-card.shapes.js';
import type { MessageRecord, MessageStatus } from '../../modules/messages/index.js';

/** The members that some messages alone have: the same in every dialect. */
export const presentExtras = ({ customType, metadata, isFromBlocked }: MessageRecord) => ({
  ...(customType !== undefined && { customType }),
  ...(metadata && { metadata }),
  ...(isFromBlocked && { isFromBlocked }),
});

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
  ...presentExtras(message),
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
  isModerated: message.isModerated,
  isPinned: message.pinnedAt !== null,
  pinnedAt: message.pinnedAt,
  system: message.system,
  forwardedFrom: message.forwardedFrom,
  createdAt: message.createdAt,
  updatedAt: message.updatedAt,
  ...heldMarks(message),
});

/**
 * The members that a held message has otherwise: it has no number yet, and stands behind `heldAfterSeq`. A shadowed
 * one, whose sender is told nothing, looks as if it had been sent, with the number of the message it stands behind.
 */
export const heldMarks = ({
  isHeld,
  isShadowed,
  seq,
}: Pick<MessageRecord, 'isHeld' | 'isShadowed' | 'seq'>) => {
  if (!isHeld) return {};
  return isShadowed
    ? { heldAfterSeq: seq }
    : { seq: null, version: null, isHeld, heldAfterSeq: seq };
};
