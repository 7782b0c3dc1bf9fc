import type { Connection, Model, Types } from 'mongoose';
import { Schema } from 'mongoose';

/** What a chat is: two people, an invited group, a room anybody may join, or the admins' announcements. */
export type ChatKind = 'direct' | 'group' | 'room' | 'broadcast';
/** Whether the recipient of a direct chat has agreed to it; other kinds are always accepted. */
export type ChatStatus = 'pending' | 'accepted' | 'rejected';

/** What chat lists show of the newest message; a cache that may lag and only moves forward. */
export interface LastMessage {
  id: Types.ObjectId;
  seq: number;
  version: number;
  senderId: Types.ObjectId;
  messageType: string;
  /** The first characters of the text; empty for a deleted message. */
  content: string;
  deleted: boolean;
  /** Users who have deleted it for themselves: for them another message is the newest. */
  hiddenFor?: Types.ObjectId[];
  createdAt: Date;
}

/** A stored chat. */
export interface ChatDoc {
  _id: Types.ObjectId;
  kind: ChatKind;
  status: ChatStatus;
  /** Who opened it; in a pending direct chat the other one decides. */
  initiator: Types.ObjectId;
  /** Both user ids of a direct chat, sorted and joined; unique, so that a pair has one chat. */
  directKey?: string;
  /** The two people of a direct chat. */
  participants?: Types.ObjectId[];
  /**
   * The owners of a group or room. Kept here, beside the memberships' roles, so that "not the last
   * owner" is decided by one atomic update; a user is taken out here before the role is taken away.
   */
  owners?: Types.ObjectId[];
  /** Made by the client of a group's or room's maker, so that a retry is recognised. */
  clientChatId?: string;
  /** A room's name in addresses and commands; unique. */
  slug?: string;
  name?: string;
  description?: string;
  /** URL of the chat's picture. */
  picture?: string | null;
  /** Number of the newest message known to lists. */
  lastSeq: number;
  lastMessage: LastMessage | null;
  /** When something last happened here; the order of chat lists. */
  lastMessageAt: Date;
  createdAt: Date;
  updatedAt: Date;
}

const lastMessageSchema = new Schema<LastMessage>(
  {
    id: { type: Schema.Types.ObjectId, required: true },
    seq: { type: Number, required: true },
    version: { type: Number, required: true },
    senderId: { type: Schema.Types.ObjectId, required: true },
    messageType: { type: String, required: true },
    content: { type: String, default: '' },
    deleted: { type: Boolean, default: false },
    hiddenFor: { type: [Schema.Types.ObjectId], default: undefined },
    createdAt: { type: Date, required: true },
  },
  { _id: false },
);

const chatSchema = new Schema<ChatDoc>(
  {
    kind: { type: String, enum: ['direct', 'group', 'room', 'broadcast'], required: true },
    status: { type: String, enum: ['pending', 'accepted', 'rejected'], required: true },
    initiator: { type: Schema.Types.ObjectId, required: true },
    directKey: String,
    participants: { type: [Schema.Types.ObjectId], default: undefined },
    owners: { type: [Schema.Types.ObjectId], default: undefined },
    clientChatId: String,
    slug: String,
    name: String,
    description: String,
    picture: String,
    lastSeq: { type: Number, default: 0 },
    lastMessage: { type: lastMessageSchema, default: null },
    lastMessageAt: { type: Date, required: true },
  },
  { collection: 'chats', timestamps: true },
);
chatSchema.index(
  { directKey: 1 },
  { unique: true, partialFilterExpression: { directKey: { $type: 'string' } } },
);
chatSchema.index(
  { slug: 1 },
  { unique: true, partialFilterExpression: { slug: { $type: 'string' } } },
);
// A maker's retry finds what the first attempt made.
chatSchema.index(
  { initiator: 1, clientChatId: 1 },
  { unique: true, partialFilterExpression: { clientChatId: { $type: 'string' } } },
);
chatSchema.index({ participants: 1, status: 1, lastMessageAt: -1 });
chatSchema.index({ kind: 1, lastMessageAt: -1 });

/** The collection of chats on a connection. */
export const defineChatModel = (connection: Connection): Model<ChatDoc> =>
  connection.model<ChatDoc>('Chat', chatSchema);
