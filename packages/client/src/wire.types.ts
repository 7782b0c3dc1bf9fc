/** The server's native shapes, as far as the client reads them. */

/** Somebody, as everybody may know them. */
export interface Person {
  id: string;
  username: string;
  firstName?: string;
  lastName?: string;
  name: string;
  avatar: string | null;
  /** The id that the account has elsewhere, and whose it is; absent where it has none. */
  externalId?: string;
  issuer?: string;
  /** There, and true, while the account is closed. */
  isDeactivated?: true;
}

/** The signed-in user's own account. */
export interface OwnUser extends Person {
  email: string | null;
  role: 'user' | 'admin';
  bio?: string;
  status: PresenceStatus;
  customStatus: string;
  locale: string | null;
  isEmailVerified: boolean;
  hasTotp: boolean;
  createdAt?: string;
}

export type PresenceStatus = 'online' | 'away' | 'busy' | 'offline';

/** Whether somebody is there. */
export interface Presence {
  status: PresenceStatus;
  isOnline: boolean;
  /** null while they are there, and where it is not known. */
  lastSeen: string | null;
  /** What they say of themselves; '' for nothing. */
  customStatus: string;
}

/** What a member may do in a chat. */
export type MemberRole = 'owner' | 'admin' | 'moderator' | 'member';

/** A member as the other members see them. */
export interface Participant extends Person {
  role: MemberRole;
  status: PresenceStatus;
  isOnline: boolean;
  lastSeen: string | null;
}

/** A chat's newest message, as lists show it. */
export interface LastMessage {
  id: string;
  seq: number;
  senderId: string;
  messageType: string;
  content: string;
  deleted: boolean;
  createdAt: string;
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
  /** Number of the message that this one answers; for `loadAround`. */
  replyToSeq: number | null;
  mentions: string[];
  reactions: { userId: string; emoji: string; at: string }[];
  status: MessageStatus;
  isEdited: boolean;
  editedAt: string | null;
  isDeleted: boolean;
  deletedAt: string | null;
  deletedBy: string | null;
  /** Whether a moderator has deleted it, and not its sender. Absent in answers of older servers. */
  isModerated?: boolean;
  isPinned: boolean;
  pinnedAt: string | null;
  forwardedFrom: { senderId: string; messageId: string } | null;
  /**
   * There, and true, when this user has blocked its sender: in what a room shows (`RoomMessage`), and in answers of
   * the server; not in events, nor in the messages of a `ChatStore`.
   */
  isFromBlocked?: true;
  /** There, and true, while the message waits for a moderator: it has no numbers, and its sender alone sees it. */
  isHeld?: true;
  /** Of a message outside the log, held or not: it stands behind the one with this number. */
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
  isGroup: boolean;
  status: 'pending' | 'accepted' | 'rejected';
  /** Who has opened it. */
  initiator: string;
  name: string | null;
  /** A public room's address. */
  slug: string | null;
  description: string | null;
  picture: string | null;
  /** The id that the chat has elsewhere. */
  externalId?: string;
  /** Seconds that a plain member waits between two messages; 0: none. */
  slowModeSeconds: number;
  onlyModeratorsPost: boolean;
  participants: Participant[];
  /** The other one of a direct chat. */
  otherUser: Participant | null;
  memberCount: number;
  /** What this user may do here. */
  role: MemberRole | null;
  lastMessage: LastMessage | null;
  unreadCount: number;
  /** Of the unread messages, those that mention this user. */
  mentionCount: number;
  isArchived: boolean;
  isPinned: boolean;
  isMarkedUnread: boolean;
  mutedUntil: string | null;
  /** Whether this user has blocked the other one of a direct chat, or is blocked by them. */
  isBlocked: boolean;
  createdAt: string;
  updatedAt: string;
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
  /** All of the user's messages that wait for a moderator, in the chats asked for; none in a request with `after`. */
  held: ChatMessage[];
  /** Ids of all whom the user has blocked; absent in answers of older servers. */
  blocked?: string[];
  hasMore: boolean;
}

/** What the server says when it refuses. */
export interface ErrorBody {
  code: string;
  message: string;
  /** What is wrong with the fields of an input; `path` is dotted, as in `media.0.url`. */
  errors?: { path: string; message: string }[];
  /** Seconds after which the same request may succeed. */
  retryAfter?: number;
  /** Of a ban or silence: when it ends (null: never), and why there is one. */
  until?: string | null;
  reason?: string;
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
