import type { Connection } from 'mongoose';
import { Schema, Types } from 'mongoose';
import type { Metadata } from '../../shared/metadata.js';

/** Name of the index over messages with files, for queries that must not scan all messages. */
export const CHAT_FILES_INDEX = 'chat_files';
/** Name of the same index by the type of message. */
export const CHAT_FILES_BY_TYPE_INDEX = 'chat_files_by_type';

/** The search index stores the places in this list: a new type goes at its end. */
export const MESSAGE_TYPES = [
  'text',
  'image',
  'video',
  'audio',
  'file',
  'system',
  'custom',
] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** One attachment; keys and facts, never a signed URL. */
export interface Attachment {
  /** Id of an uploaded file; absent for a foreign URL. */
  fileId?: string;
  url: string;
  thumbnailUrl?: string | null;
  type: 'image' | 'video' | 'audio' | 'file';
  filename?: string;
  /** Bytes. */
  size?: number;
  mimeType?: string;
  /** Pixels. */
  width?: number | null;
  height?: number | null;
  /** Seconds. */
  duration?: number | null;
  /** Set for a URL that is not ours; such a file is never fetched by the server. */
  external?: boolean;
}

export interface Reaction {
  userId: Types.ObjectId;
  emoji: string;
  at: Date;
}

/** A text that a message had before it was edited. */
export interface PastContent {
  content: string;
  /** When it was replaced. */
  at: Date;
}

/** The beginning of the span of time that {@link StoredMessage.versions} are kept for. */
export interface VersionMark {
  /** The message's version at that time. */
  version: number;
  at: Date;
}

/** A stored message. */
export interface StoredMessage {
  _id: Types.ObjectId;
  chatId: Types.ObjectId;
  /** Number in the chat: 1, 2, 3 … without a hole. */
  seq: number;
  /** Number of this message's newest change among all changes of the chat. */
  version: number;
  /**
   * The numbers of this message's recent changes, `version` the last of them. A unique index over them keeps
   * a used number from being assigned again after the message has a newer one; otherwise a node that lags
   * behind could write a change below a reader's cursor.
   */
  versions: number[];
  /** Absent until the first change. */
  versionMark?: VersionMark;
  senderId: Types.ObjectId;
  /** Made by the client, so that a retry is recognised. */
  clientMessageId?: string;
  /** Digest of what the client sent, to tell a retry from another message under the same id. */
  fingerprint?: string;
  messageType: MessageType;
  content: string;
  media: Attachment[];
  /** Id and number of the message that this one answers. */
  replyTo?: { id: Types.ObjectId; seq: number };
  mentions: Types.ObjectId[];
  reactions: Reaction[];
  /** The last reaction that was removed, for webhooks: nothing else is left of it. */
  removedReaction?: Reaction;
  editedAt?: Date;
  /**
   * Past texts, oldest first. They may be many times as long as the message, so a read leaves them out
   * unless it asks for them: see `WITHOUT_PAST_TEXTS` of the repository.
   */
  edits?: PastContent[];
  /** Set when deleted for everyone; the content is gone then. */
  deletedAt?: Date;
  deletedBy?: Types.ObjectId;
  /** Set where a moderator has deleted it, and not its sender. */
  isModerated?: true;
  /** Users who deleted the message for themselves; absent until somebody does. */
  deletedFor?: Types.ObjectId[];
  /**
   * Set on messages that are unread for nobody: system messages, and those deleted for everyone. Never unset.
   */
  uncounted?: true;
  pinnedAt?: Date;
  pinnedBy?: Types.ObjectId;
  /** What a `custom` message is, to the clients that know it; the others show its text. Absent in other messages. */
  customType?: string;
  /** Data of the sender's own; absent where there are none. */
  metadata?: Metadata;
  /** When the metadata was changed last; absent until they are. */
  metadataChangedAt?: Date;
  /** Facts of a system message, such as who was added. */
  system?: Record<string, unknown>;
  /** Where a forwarded message came from. */
  forwardedFrom?: { senderId: Types.ObjectId; messageId: Types.ObjectId };
  createdAt: Date;
  /** Time of the newest change. */
  updatedAt: Date;
}

/**
 * The messages in an index of mentions: those that mention somebody. A range of ids, because a query for one
 * id lies within it; the database would check any other condition in every message.
 */
const MENTIONS_SOMEBODY = { mentions: { $gte: new Types.ObjectId('000000000000000000000000') } };

const messageSchema = new Schema<StoredMessage>(
  {
    chatId: { type: Schema.Types.ObjectId, required: true },
    seq: { type: Number, required: true },
    version: { type: Number, required: true },
    versions: { type: [Number], required: true },
    versionMark: { type: new Schema({ version: Number, at: Date }, { _id: false }) },
    senderId: { type: Schema.Types.ObjectId, required: true },
    clientMessageId: String,
    fingerprint: String,
    messageType: { type: String, enum: MESSAGE_TYPES, required: true },
    content: { type: String, default: '' },
    media: { type: [Object], default: [] },
    replyTo: {
      type: new Schema(
        {
          id: { type: Schema.Types.ObjectId, required: true },
          seq: { type: Number, required: true },
        },
        { _id: false },
      ),
    },
    mentions: { type: [Schema.Types.ObjectId], default: [] },
    reactions: {
      type: [
        new Schema({ userId: Schema.Types.ObjectId, emoji: String, at: Date }, { _id: false }),
      ],
      default: [],
    },
    removedReaction: {
      type: new Schema({ userId: Schema.Types.ObjectId, emoji: String, at: Date }, { _id: false }),
    },
    editedAt: Date,
    edits: {
      type: [new Schema({ content: String, at: Date }, { _id: false })],
      default: undefined,
      select: false,
    },
    deletedAt: Date,
    deletedBy: Schema.Types.ObjectId,
    isModerated: Boolean,
    deletedFor: { type: [Schema.Types.ObjectId], default: undefined },
    uncounted: Boolean,
    pinnedAt: Date,
    pinnedBy: Schema.Types.ObjectId,
    customType: String,
    metadata: Schema.Types.Mixed,
    metadataChangedAt: Date,
    system: Schema.Types.Mixed,
    forwardedFrom: {
      type: new Schema(
        { senderId: Schema.Types.ObjectId, messageId: Schema.Types.ObjectId },
        { _id: false },
      ),
    },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'messages' },
);
messageSchema.index({ chatId: 1, seq: 1 }, { unique: true });
messageSchema.index({ chatId: 1, versions: 1 }, { unique: true });
messageSchema.index({ chatId: 1, version: 1 });
// Finds the changes of the last half minute, for the digests.
messageSchema.index({ updatedAt: 1 });
messageSchema.index(
  { chatId: 1, senderId: 1, clientMessageId: 1 },
  { unique: true, partialFilterExpression: { clientMessageId: { $type: 'string' } } },
);
// Finds the messages that one user has deleted for themselves, so that pages can skip them without a scan.
messageSchema.index(
  { deletedFor: 1, chatId: 1, seq: 1 },
  { partialFilterExpression: { deletedFor: { $exists: true } } },
);
// Unread messages are counted as all those behind a number but one's own and the uncounted ones; each is
// counted from its index, and no message is read.
messageSchema.index({ chatId: 1, senderId: 1, seq: 1 });
messageSchema.index(
  { chatId: 1, uncounted: 1, seq: 1 },
  { partialFilterExpression: { uncounted: true } },
);
messageSchema.index(
  { chatId: 1, senderId: 1, uncounted: 1, seq: 1 },
  { partialFilterExpression: { uncounted: true } },
);
// Threads, and the pinned messages of a chat.
messageSchema.index(
  { 'replyTo.id': 1, seq: 1 },
  { partialFilterExpression: { 'replyTo.id': { $exists: true } } },
);
messageSchema.index(
  { chatId: 1, pinnedAt: -1 },
  { partialFilterExpression: { pinnedAt: { $exists: true } } },
);
// Whether a message uses an uploaded file.
messageSchema.index(
  { 'media.fileId': 1, chatId: 1 },
  { partialFilterExpression: { 'media.fileId': { $exists: true } } },
);
// The files of a chat, newest first, without messages that have none.
messageSchema.index(
  { chatId: 1, seq: -1 },
  { name: CHAT_FILES_INDEX, partialFilterExpression: { 'media.type': { $exists: true } } },
);
// The files of one kind.
messageSchema.index(
  { chatId: 1, messageType: 1, seq: -1 },
  { name: CHAT_FILES_BY_TYPE_INDEX, partialFilterExpression: { 'media.type': { $exists: true } } },
);
// How often a user is mentioned in what they have not read, and by themselves. Most messages mention nobody and
// cost nothing.
messageSchema.index(
  { chatId: 1, mentions: 1, seq: 1 },
  { name: 'chat_mentions', partialFilterExpression: MENTIONS_SOMEBODY },
);
messageSchema.index(
  { chatId: 1, senderId: 1, mentions: 1, seq: 1 },
  { name: 'chat_own_mentions', partialFilterExpression: MENTIONS_SOMEBODY },
);

/** The collection of messages on a connection. */
export const defineMessageModels = (connection: Connection): void => {
  connection.model<StoredMessage>('Message', messageSchema);
};
