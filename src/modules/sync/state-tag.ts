import { createHash } from 'node:crypto';
import type { ChatState } from '../chats/index.js';
import { readSeqOf } from '../chats/index.js';

/**
 * A short mark of everything about a chat that is not a message: the chat itself, its members and
 * their positions, the viewer's own settings. Equal marks mean that nothing of it has changed.
 */
export const stateTag = ({
  chat,
  membership,
  members,
  memberCount,
  isBlocked,
}: ChatState): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        [chat.status, chat.name, chat.slug, chat.description, chat.picture],
        [membership.role, readSeqOf(membership), membership.clearedSeq, membership.hiddenSeq],
        [membership.archivedSeq, membership.mutedUntil, membership.pinnedAt],
        [membership.markedUnread, isBlocked, memberCount],
        members
          .map(({ card, role, lastReadSeq, lastDeliveredSeq }) =>
            JSON.stringify([card.id, card.name, card.avatar, role, lastReadSeq, lastDeliveredSeq]),
          )
          .sort(),
      ]),
    )
    .digest('base64url')
    .slice(0, 12);
