/** The server's native shapes, as far as the client reads them. */

/** Somebody, as everybody may know them. */
export interface Person {
  id: string;
  username: string;
  name: string;
  avatar: string | null;
  /** There, and true, while the account is closed. */
  isDeactivated?: true;
}

/** One attachment of a message. */
export interface MediaItem {
  fileId?: string;
  url: string;
  thumbnailUrl?: string | null;
  type?: 'image' | 'video' | 'audio' | 'file';
  filename?: string;
  /** Bytes. */
  size?: number;
  mimeType?: string;
  width?: number | null;
  height?: number | null;
  /** Seconds. */
  duration?: number | null;
}

/** How far a message has come. */
export type MessageStatus = 'sent' | 'delivered' | 'read';

/** A message as the server shows it. */
export interface ChatMessage {
  id: string;
  chatId: string;
  /** Place in the chat: 1, 2, 3 … */
  seq: number;
  /** Number of its newest change among all changes of the chat. */
  version: number;
  senderId: string;
  sender: Person | null;
  clientMessageId: string | null;
  messageType: 'text' | 'image' | 'video' | 'audio' | 'file' | 'custom' | 'system';
  content: string;
  /** What a `custom` message is; whoever does not know it shows `content`. */
  customType?: string;
  /** Data of the sender's own; absent where there are none. */
  metadata?: Record<string, unknown>;
  media: MediaItem[];
  replyTo: string | null;
  mentions: string[];
  reactions: { userId: string; emoji: string; at: string }[];
  status: MessageStatus;
  isEdited: boolean;
  isDeleted: boolean;
  deletedAt: string | null;
  /** Whether a moderator has deleted it, and not its sender. Absent in answers of older servers. */
  isModerated?: boolean;
  isPinned: boolean;
  /** There, and true, while the message waits for a moderator: it has no numbers, and its sender alone sees it. */
  isHeld?: true;
  /** Of a held message: it stands behind the one with this number. */
  heldAfterSeq?: number;
  system: Record<string, unknown> | null;
  createdAt: string;
  updatedAt: string;
}

/** Whether a message is starred, and since when; also the event `message_starred`. */
export interface StarState {
  chatId: string;
  messageId: string;
  starred: boolean;
  starredAt: string | null;
}

/** A chat as the server shows it to one member. */
export interface ChatInfo {
  id: string;
  kind: 'direct' | 'group' | 'room' | 'broadcast';
  status: 'pending' | 'accepted' | 'rejected';
  name: string | null;
  participants: (Person & { role: string; isOnline: boolean })[];
  memberCount: number;
  unreadCount: number;
  /** Number of the newest message, and when it was written; of an empty chat, 0 and when it was made. */
  lastSeq: number;
  lastMessageAt: string;
  lastReadSeq: number;
  /** Data of those who run the chat; absent where there are none. */
  metadata?: Record<string, unknown>;
  /** Data of my own about the chat; absent where there are none. */
  memberMetadata?: Record<string, unknown>;
}

/** A member's receipt positions. */
export interface MemberPosition {
  userId: string;
  lastReadSeq: number;
  lastDeliveredSeq: number;
  /** There, and true, while the account is closed. */
  isDeactivated?: true;
}

/** One chat in the answer of a sync. */
export interface SyncedChat {
  chatId: string;
  isNew: boolean;
  isReset: boolean;
  error: { code: 'CURSOR_TOO_OLD'; message: string } | null;
  chat: ChatInfo;
  settings: { clearedSeq: number; hiddenSeq: number | null; archivedSeq: number | null };
  positions: MemberPosition[];
  messages: ChatMessage[];
  hidden: string[];
  version: number;
  hasMore: boolean;
  head: { seq: number; version: number };
  tag: string;
}

/** What a client has, and of which chats it wants to know. */
export interface SyncRequest {
  chats: Record<string, number>;
  tags: Record<string, string>;
  scope: 'all' | 'listed';
  /** Only chats whose id comes after this one. */
  after?: string;
  /** Only chats whose id is this one or comes before it. */
  until?: string;
}

/** The answer of a sync. */
export interface SyncAnswer {
  chats: SyncedChat[];
  removed: string[];
  hasMore: boolean;
}

/** What the server says when it refuses. */
export interface ErrorBody {
  code: string;
  message: string;
  /** Seconds after which the same request may succeed. */
  retryAfter?: number;
  /** Why a file was refused, and the number of bytes, pixels or frames that it exceeds. */
  details?: { reason: 'type' | 'damage' | 'size' | 'pixels' | 'frames' | 'time'; limit?: number };
  /** Of TOTP_REQUIRED: what `completeSignIn` takes, with a code. */
  challenge?: string;
}

/** A login of the user, on this or another device. */
export interface LoginInfo {
  id: string;
  /** Browser and system, such as `Firefox on Linux`. */
  device: string;
  userAgent: string;
  ip: string;
  createdAt: string;
  /** When its tokens were last renewed. */
  lastUsedAt: string;
  isCurrent: boolean;
}
