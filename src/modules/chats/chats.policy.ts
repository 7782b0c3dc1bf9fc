import { AppError, forbidden } from '../../shared/errors.js';
import type { ChatKind, ChatStatus } from './chat.model.js';

/** What the rules about a chat look at. */
export interface ChatForPolicy {
  kind: ChatKind;
  status: ChatStatus;
  initiator: string;
  /** Whether either of the two people of a direct chat has blocked the other. */
  isBlocked: boolean;
}

/**
 * Whether a member may post. An answer other than undefined is the reason why not: a chat waits for
 * its recipient, or one of the two has blocked the other.
 */
export const refusalToPost = (chat: ChatForPolicy): AppError | undefined => {
  if (chat.status !== 'accepted') {
    return new AppError('CHAT_NOT_ACCEPTED', 'This chat has not been accepted');
  }
  if (chat.isBlocked) return new AppError('BLOCKED', 'You cannot send messages in this chat');
  return undefined;
};

/** Whether anybody may read and join: rooms are public, everything else is by invitation. */
export const isPublic = (chat: Pick<ChatForPolicy, 'kind'>): boolean => chat.kind === 'room';

/** Whether typing, presence and receipts of one member may be shown to the others. */
export const canShareSignals = (chat: ChatForPolicy): boolean =>
  chat.status === 'accepted' && !chat.isBlocked;

/** Whether a member may accept or reject: only the one who was asked. */
export const refusalToAnswer = (chat: ChatForPolicy, userId: string): AppError | undefined => {
  if (chat.kind !== 'direct') return forbidden('Only a direct chat can be accepted or rejected');
  if (chat.initiator === userId) return forbidden('Only the recipient can answer a chat request');
  return undefined;
};
