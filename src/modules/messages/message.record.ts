import type { UserBlocks } from '../chats/index.js';
import type { Metadata } from '../../shared/metadata.js';
import { canonicalEmoji } from '../../shared/emoji.js';
import type { Attachment, StoredMessage, MessageType } from './message.model.js';

/** A message as plain JSON: what services return, events carry, and presenters read. */
export interface MessageRecord {
  id: string;
  chatId: string;
  seq: number;
  version: number;
  senderId: string;
  clientMessageId: string | null;
  messageType: MessageType;
  content: string;
  media: Attachment[];
  replyTo: { id: string; seq: number } | null;
  mentions: string[];
  reactions: { userId: string; emoji: string; at: string }[];
  editedAt: string | null;
  deletedAt: string | null;
  deletedBy: string | null;
  /** Whether a moderator has deleted it, and not its sender. */
  isModerated: boolean;
  pinnedAt: string | null;
  pinnedBy: string | null;
  /** Of a `custom` message alone. */
  customType?: string;
  /** Absent where the sender has attached none. */
  metadata?: Metadata;
  system: Record<string, unknown> | null;
  forwardedFrom: { senderId: string; messageId: string } | null;
  createdAt: string;
  updatedAt: string;
  /** Set, and true, in what is read by somebody who has blocked its sender; never in an event, which many hear. */
  isFromBlocked?: true;
  /**
   * Set, and true, on a message outside the log: it waits for a moderator, and its sender alone sees it. Its `seq` is
   * that of the message it stands behind, and is not shown.
   */
  isHeld?: true;
  /** Set, and true, beside `isHeld` where its sender is not to know that others do not see it. */
  isShadowed?: true;
}

/** How far a message has come: on the server, on every other member's device, read by all of them. */
export type MessageStatus = 'sent' | 'delivered' | 'read';

/** A member's receipt positions. */
export interface ReceiptPosition {
  userId: string;
  lastReadSeq: number;
  lastDeliveredSeq: number;
  /** Set, and true, while the member's account is closed. */
  isDeactivated?: true | undefined;
}

/**
 * The positions that somebody sees: not of those with whom they have a block, unless there is nobody else, as in a
 * direct chat.
 *
 * @param positions theirs included.
 */
export const positionsShown = <T extends ReceiptPosition>(
  positions: T[],
  { withUser }: Pick<UserBlocks, 'withUser'>,
): T[] => {
  if (withUser.size === 0) return positions;
  const shown = positions.filter(({ userId }) => !withUser.has(userId));
  return shown.length > 1 ? shown : positions;
};

/**
 * How far a message has come among the members other than its sender. Closed accounts do not count, unless
 * there is no other member.
 */
export const statusOf = (
  message: { seq: number; senderId: string; isHeld?: true | undefined },
  positions: ReceiptPosition[],
): MessageStatus => {
  if (message.isHeld) return 'sent';
  const all = positions.filter(({ userId }) => userId !== message.senderId);
  const open = all.filter(({ isDeactivated }) => !isDeactivated);
  const others = open.length > 0 ? open : all;
  if (others.length === 0) return 'sent';
  if (others.every(({ lastReadSeq }) => lastReadSeq >= message.seq)) return 'read';
  const hasArrived = (position: ReceiptPosition) =>
    Math.max(position.lastDeliveredSeq, position.lastReadSeq) >= message.seq;
  return others.every(hasArrived) ? 'delivered' : 'sent';
};

const iso = (date: Date | undefined): string | null => date?.toISOString() ?? null;

/** The reactions to a message, in one spelling each: former versions have stored others. */
const reactionsOf = ({ reactions }: StoredMessage): MessageRecord['reactions'] => {
  const shown = reactions.map(({ userId, emoji, at }) => ({
    userId: userId.toHexString(),
    emoji: canonicalEmoji(emoji) ?? emoji,
    at: at.toISOString(),
  }));
  const known = new Set<string>();
  return shown.filter(({ userId, emoji }) => {
    const key = `${userId} ${emoji}`;
    if (known.has(key)) return false;
    known.add(key);
    return true;
  });
};

/** The record of a stored message; the content of a deleted one is left out, whatever is stored. */
export const toRecord = (doc: StoredMessage): MessageRecord => {
  const isDeleted = doc.deletedAt !== undefined && doc.deletedAt !== null;
  return {
    id: doc._id.toHexString(),
    chatId: doc.chatId.toHexString(),
    seq: doc.seq,
    version: doc.version,
    senderId: doc.senderId.toHexString(),
    clientMessageId: doc.clientMessageId ?? null,
    messageType: doc.messageType,
    content: isDeleted ? '' : doc.content,
    media: isDeleted ? [] : doc.media,
    replyTo: doc.replyTo ? { id: doc.replyTo.id.toHexString(), seq: doc.replyTo.seq } : null,
    mentions: isDeleted ? [] : doc.mentions.map((id) => id.toHexString()),
    reactions: isDeleted ? [] : reactionsOf(doc),
    editedAt: isDeleted ? null : iso(doc.editedAt),
    deletedAt: iso(doc.deletedAt),
    deletedBy: doc.deletedBy?.toHexString() ?? null,
    isModerated: doc.isModerated ?? false,
    pinnedAt: isDeleted ? null : iso(doc.pinnedAt),
    pinnedBy: isDeleted ? null : (doc.pinnedBy?.toHexString() ?? null),
    ...(doc.customType !== undefined && !isDeleted && { customType: doc.customType }),
    ...(doc.metadata && !isDeleted && { metadata: doc.metadata }),
    system: doc.system ?? null,
    forwardedFrom: doc.forwardedFrom
      ? {
          senderId: doc.forwardedFrom.senderId.toHexString(),
          messageId: doc.forwardedFrom.messageId.toHexString(),
        }
      : null,
    createdAt: doc.createdAt.toISOString(),
    updatedAt: doc.updatedAt.toISOString(),
  };
};
