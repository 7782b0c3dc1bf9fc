import type { MessageRecord, Reacted } from '../../../modules/messages/index.js';
import { presentMessage } from '../../shared/message.shapes.js';

/** A deleted message: its tombstone's numbers, and for whom it is gone. */
export const presentDeletion = (message: MessageRecord, deleteForEveryone: boolean) => ({
  id: message.id,
  _id: message.id,
  messageId: message.id,
  chatId: message.chatId,
  seq: message.seq,
  version: message.version,
  deleteForEveryone,
  deletedAt: message.deletedAt,
});

/** The message after a reaction, and whether the reaction is there. */
export const presentReaction = (
  { message, sender, status, emoji, isOn }: Reacted,
  userId: string,
) => ({
  ...presentMessage(message, sender, status),
  messageId: message.id,
  userId,
  emoji,
  isOn,
});
