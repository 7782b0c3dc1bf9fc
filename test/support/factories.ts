/**
 * Records for unit tests, whole and valid: a test names only the fields that it is about. Suites with a server
 * make the same things over REST, with `server.ts`.
 */
import { Types } from 'mongoose';
import { NO_BLOCKS } from '../../src/modules/chats/index.js';
import type { ChatRecord, ChatState, MembershipRecord } from '../../src/modules/chats/index.js';
import type { LiveStream } from '../../src/modules/live/live.repository.js';
import type { MediaRecord } from '../../src/modules/media/index.js';
import type { MessageRecord, StoredMessage } from '../../src/modules/messages/index.js';
import { toRecord } from '../../src/modules/messages/message.record.js';
import type { UserCard, UserRecord } from '../../src/modules/users/index.js';
import { toUserCard } from '../../src/modules/users/directory.js';
import type { Actor } from '../../src/shared/actor.js';

/** When every record was made; tests about time say their own. */
const MADE_AT = new Date('2026-01-01T12:00:00.000Z');

/** An id that nothing else has. */
export const anObjectId = (): Types.ObjectId => new Types.ObjectId();

/** The same as text, as use cases and clients have it. */
export const anId = (): string => anObjectId().toHexString();

/** Somebody who calls a use case. */
export const anActor = (fields: Partial<Actor> = {}): Actor => ({
  userId: anId(),
  role: 'user',
  sessionId: anId(),
  ...fields,
});

/** A stored account. */
export const aUser = (fields: Partial<UserRecord> = {}): UserRecord => ({
  _id: anObjectId(),
  username: 'Ada',
  usernameLower: 'ada',
  email: 'Ada@example.com',
  emailLower: 'ada@example.com',
  passwordHash: 'a hash that is never shown',
  firstName: 'Ada',
  lastName: 'Lovelace',
  avatar: null,
  bio: 'Engines',
  role: 'user',
  status: 'online',
  customStatus: '',
  lastSeenAt: null,
  deactivatedAt: null,
  createdAt: MADE_AT,
  updatedAt: MADE_AT,
  ...fields,
});

/** What others see of an account. */
export const aUserCard = (fields: Partial<UserCard> = {}): UserCard => ({
  ...toUserCard(aUser()),
  ...fields,
});

/** A stored group without messages. */
export const aChat = (fields: Partial<ChatRecord> = {}): ChatRecord => ({
  _id: anObjectId(),
  kind: 'group',
  status: 'accepted',
  initiator: anObjectId(),
  name: 'Tea',
  lastSeq: 0,
  lastMessage: null,
  lastMessageAt: MADE_AT,
  createdAt: MADE_AT,
  updatedAt: MADE_AT,
  ...fields,
});

/** A stored membership of somebody who has read nothing. */
export const aMembership = (fields: Partial<MembershipRecord> = {}): MembershipRecord => ({
  _id: anObjectId(),
  chatId: anObjectId(),
  userId: anObjectId(),
  role: 'member',
  lastReadSeq: 0,
  lastDeliveredSeq: 0,
  clearedSeq: 0,
  hiddenSeq: null,
  archivedSeq: null,
  archivedAt: null,
  mutedUntil: null,
  pinnedAt: null,
  markedUnread: false,
  joinedAt: MADE_AT,
  ...fields,
});

/** A chat as one of its members sees it. */
export const aChatState = (fields: Partial<ChatState> = {}): ChatState => {
  const chat = fields.chat ?? aChat();
  const membership = fields.membership ?? aMembership({ chatId: chat._id });
  return {
    chat,
    membership,
    members: [],
    memberCount: 0,
    isBlocked: false,
    blocks: NO_BLOCKS,
    viewerId: membership.userId.toHexString(),
    ...fields,
  };
};

/** A stored message of text, the first of its chat. */
export const aStoredMessage = (fields: Partial<StoredMessage> = {}): StoredMessage => ({
  _id: anObjectId(),
  chatId: anObjectId(),
  seq: 1,
  version: 1,
  versions: [1],
  senderId: anObjectId(),
  messageType: 'text',
  content: 'hello',
  media: [],
  mentions: [],
  reactions: [],
  createdAt: MADE_AT,
  updatedAt: MADE_AT,
  ...fields,
});

/** A message as use cases return it and events carry it. */
export const aMessage = (fields: Partial<MessageRecord> = {}): MessageRecord => ({
  ...toRecord(aStoredMessage()),
  ...fields,
});

/** A stored document that is ready, uploaded to no chat yet. */
export const aFile = (fields: Partial<MediaRecord> = {}): MediaRecord => ({
  _id: anObjectId(),
  ownerId: anObjectId(),
  purpose: 'chat',
  chatIds: [],
  status: 'ready',
  kind: 'file',
  filename: 'a.pdf',
  mimeType: 'application/pdf',
  size: 7,
  key: 'a/b.pdf',
  createdAt: MADE_AT,
  ...fields,
});

/** A stored live stream to everybody, which runs. */
export const aLiveStream = (fields: Partial<LiveStream> = {}): LiveStream => ({
  _id: anObjectId(),
  hostId: anObjectId(),
  title: 'Live',
  chatId: null,
  status: 'live',
  hostExpiresAt: MADE_AT,
  startedAt: MADE_AT,
  endedAt: null,
  endReason: null,
  ...fields,
});
