/** Messages and sync answers as a server would send them, for tests of the client alone. */
import type { ChatMessage, SyncAnswer, SyncedChat } from '../src/index.js';

export const CHAT = '665f1c2e9b1e8a3d4c5b6a79';
export const ME = 'me';
export const THEM = 'them';

/** A text message; `version` is its `seq` unless told. */
export const message = (seq: number, changes: Partial<ChatMessage> = {}): ChatMessage => ({
  id: `m${seq}`,
  chatId: CHAT,
  seq,
  version: seq,
  senderId: THEM,
  sender: null,
  clientMessageId: null,
  messageType: 'text',
  content: `text ${seq}`,
  media: [],
  replyTo: null,
  replyToSeq: null,
  mentions: [],
  reactions: [],
  status: 'sent',
  isEdited: false,
  editedAt: null,
  isDeleted: false,
  deletedAt: null,
  deletedBy: null,
  isPinned: false,
  pinnedAt: null,
  forwardedFrom: null,
  system: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  ...changes,
});

/** A chat of two in a sync's answer; its version is that of its newest message unless told. */
export const synced = (messages: ChatMessage[], changes: Partial<SyncedChat> = {}): SyncedChat => {
  const version = Math.max(0, ...messages.map((each) => each.version));
  const seq = Math.max(0, ...messages.map((each) => each.seq));
  return {
    chatId: CHAT,
    isNew: false,
    isReset: false,
    error: null,
    chat: {
      id: CHAT,
      kind: 'direct',
      status: 'accepted',
      name: null,
      isGroup: false,
      initiator: ME,
      slug: null,
      description: null,
      picture: null,
      slowModeSeconds: 0,
      onlyModeratorsPost: false,
      participants: [],
      otherUser: null,
      memberCount: 2,
      role: 'member',
      lastMessage: null,
      unreadCount: 0,
      mentionCount: 0,
      isArchived: false,
      isPinned: false,
      isMarkedUnread: false,
      mutedUntil: null,
      isBlocked: false,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      lastSeq: seq,
      lastMessageAt: '2026-01-01T00:00:00.000Z',
      lastReadSeq: 0,
    },
    settings: { clearedSeq: 0, hiddenSeq: null, archivedSeq: null },
    positions: [
      { userId: ME, lastReadSeq: 0, lastDeliveredSeq: 0 },
      { userId: THEM, lastReadSeq: 0, lastDeliveredSeq: 0 },
    ],
    messages,
    hidden: [],
    version,
    hasMore: false,
    head: { seq, version },
    tag: 'tag',
    ...changes,
  };
};

/** A sync's answer. */
export const answer = (chats: SyncedChat[], changes: Partial<SyncAnswer> = {}): SyncAnswer => ({
  chats,
  removed: [],
  held: [],
  hasMore: false,
  ...changes,
});
