import type { StarState, StarredMessage } from '../../../modules/stars/index.js';
import { presentMessage } from '../../shared/message.shapes.js';

/** Whether a message is starred: the answer to whoever changes it, and what the other devices hear. */
export const presentStar = ({ chatId, messageId, starred, starredAt }: StarState) => ({
  chatId,
  messageId,
  starred,
  starredAt,
});

/** A message in the list of the starred ones. */
export const presentStarred = (starred: StarredMessage) => ({
  id: starred.starId,
  _id: starred.starId,
  starredAt: starred.starredAt.toISOString(),
  message: presentMessage(starred.message, starred.sender, starred.status),
});
