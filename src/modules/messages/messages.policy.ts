import { AppError, forbidden } from '../../shared/errors.js';
import type { ChatKind, MemberRole } from '../chats/index.js';
import type { StoredMessage } from './message.model.js';

/** The fields of a message that its rules use. */
export interface MessageForPolicy {
  senderId: string;
  messageType: string;
  createdAt: Date;
  isDeleted: boolean;
}

/** Whether a user has deleted the message for themselves. */
export const isHiddenFor = (doc: StoredMessage, userId: string): boolean =>
  doc.deletedFor?.some((id) => id.equals(userId)) ?? false;

/** Whether the message is a tombstone. */
export const isTombstone = (doc: StoredMessage): boolean =>
  doc.deletedAt !== undefined && doc.deletedAt !== null;

/** The fields of a stored message that the rules use. */
export const forPolicy = (doc: StoredMessage): MessageForPolicy => ({
  senderId: doc.senderId.toHexString(),
  messageType: doc.messageType,
  createdAt: doc.createdAt,
  isDeleted: isTombstone(doc),
});

/** The refusal of an edit that comes too late. */
export const editWindowClosed = (): AppError =>
  new AppError('EDIT_WINDOW_CLOSED', 'This message can no longer be edited');

const gone = (): AppError => new AppError('GONE', 'This message was deleted');

/**
 * Whether a user may change the text: the sender, within the window.
 *
 * @param windowSeconds how long after sending; 0 means always.
 */
export const refusalToEdit = (
  message: MessageForPolicy,
  userId: string,
  now: number,
  windowSeconds: number,
): AppError | undefined => {
  if (message.senderId !== userId) return forbidden('Only the sender can edit a message');
  if (message.messageType === 'system') return forbidden('This message cannot be edited');
  if (message.isDeleted) return gone();
  if (windowSeconds > 0 && now - message.createdAt.getTime() > windowSeconds * 1000) {
    return editWindowClosed();
  }
  return undefined;
};

/** Whether a user may delete the message for everyone as its sender; moderators see `refusalToModerate`. */
export const refusalToDeleteForEveryone = (
  message: MessageForPolicy,
  userId: string,
): AppError | undefined =>
  message.senderId !== userId || message.messageType === 'system'
    ? forbidden('Only the sender can delete a message for everyone')
    : undefined;

/** Whether a member may react to, pin or forward the message. */
export const refusalToUse = (message: MessageForPolicy): AppError | undefined => {
  if (message.isDeleted) return gone();
  return message.messageType === 'system' ? forbidden('This is not a user’s message') : undefined;
};

/** Whether a member may pin and unpin: both in a direct chat, all but plain members elsewhere. */
export const refusalToPin = (kind: ChatKind, role: MemberRole): AppError | undefined =>
  kind === 'direct' || role !== 'member'
    ? undefined
    : forbidden('Only owners, admins and moderators can pin messages here');
