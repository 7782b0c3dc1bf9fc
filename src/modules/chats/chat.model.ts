import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';
import type { Metadata } from '../../shared/metadata.js';
import type { MemberRole } from './membership.model.js';

/** What a chat is: two people, an invited group, a room anybody may join, or the admins' announcements. */
export type ChatKind = 'direct' | 'group' | 'room' | 'broadcast';
/** Whether the recipient of a direct chat has agreed to it; other kinds are always accepted. */
export type ChatStatus = 'pending' | 'accepted' | 'rejected';

/** Who comes into a room: everybody, those whose request is accepted, or those who are added or invited alone. */
export const JOIN_MODES = ['open', 'request', 'invite'] as const;
export type JoinMode = (typeof JOIN_MODES)[number];

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

/**
 * Who is added when a group or room is made. Kept until all are added, so that a retry after a crash finishes
 * with the people of the first request.
 */
export interface ChatMaking {
  /** The maker and the first members; whoever leaves is taken off before the membership ends. */
  memberIds: Types.ObjectId[];
  /** Those who are invited instead, because they have not agreed to be in touch with the maker. */
  inviteIds?: Types.ObjectId[];
  /** Number of attempts: those that are running, and those that were interrupted. */
  attempts: number;
  /** Nothing is left to do; the list is kept only for attempts that are still running. */
  isDone: boolean;
}

/** How the owners of a group or room lose their role, one after the other. */
export interface OwnerLoss {
  /** Incremented by every loss. */
  revision: number;
  /** The loss that is decided and perhaps not carried out yet; null between two. */
  pending: PendingOwnerLoss | null;
}

/** A loss that is decided. */
export interface PendingOwnerLoss {
  membershipId: Types.ObjectId;
  userId: Types.ObjectId;
  actorId: Types.ObjectId;
  /** What the owner becomes; null when the membership ends. */
  role: Exclude<MemberRole, 'owner'> | null;
  decidedAt: Date;
}

/** A stored chat. */
export interface ChatRecord {
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
   * Whether the recipient has accepted the direct chat, or written in it. Missing in chats that were made
   * before this was stored: there only what they have written counts.
   */
  isAnswered?: boolean;
  /** Guards that a group keeps an owner; missing while none has ever lost the role. */
  ownerLoss?: OwnerLoss;
  /** Missing, or done, where everybody is in; missing where no retry can come. */
  making?: ChatMaking;
  /** Made by the client of a group's or room's maker, so that a retry is recognised. */
  clientChatId?: string;
  /** The id that the chat has in the product that has made it by a server key; unique. */
  externalId?: string;
  /** A room's name in addresses and commands; unique. */
  slug?: string;
  /**
   * Of a room, its name as names are compared; null while another room answers to it. Absent in rooms from before
   * this was stored, which answer to their slug, see `PublicRooms.nameOlder`.
   */
  nameKey?: string | null;
  name?: string;
  description?: string;
  /** URL of the chat's picture. */
  picture?: string | null;
  /** Data of those who run the chat; absent where there are none. */
  metadata?: Metadata;
  /** Whether the chat has ever had a sanction: only then are they looked up. */
  hasSanctions?: boolean;
  /** Seconds that a plain member waits between two messages; 0 or absent: none. */
  slowModeSeconds?: number;
  /** Whether only owners, admins and moderators post. */
  onlyModeratorsPost?: boolean;
  /** Of a room; absent: open. What is closed is read by its members alone. */
  joinMode?: JoinMode;
  /** Number of the newest message known to lists. */
  lastSeq: number;
  lastMessage: LastMessage | null;
  /** When something last happened here; the order of chat lists. */
  lastMessageAt: Date;
  createdAt: Date;
  updatedAt: Date;
  /** When something that others see of the chat last changed, by the database's clock; absent while nothing has. */
  changedAt?: Date;
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

const makingSchema = new Schema<ChatMaking>(
  {
    memberIds: { type: [Schema.Types.ObjectId], required: true },
    inviteIds: { type: [Schema.Types.ObjectId], default: undefined },
    attempts: { type: Number, required: true },
    isDone: { type: Boolean, required: true },
  },
  { _id: false },
);

const ownerLossSchema = new Schema<OwnerLoss>(
  {
    revision: { type: Number, required: true },
    pending: {
      type: new Schema<PendingOwnerLoss>(
        {
          membershipId: { type: Schema.Types.ObjectId, required: true },
          userId: { type: Schema.Types.ObjectId, required: true },
          actorId: { type: Schema.Types.ObjectId, required: true },
          role: { type: String, default: null },
          decidedAt: { type: Date, required: true },
        },
        { _id: false },
      ),
      default: null,
    },
  },
  { _id: false },
);

const chatSchema = new Schema<ChatRecord>(
  {
    kind: { type: String, enum: ['direct', 'group', 'room', 'broadcast'], required: true },
    status: { type: String, enum: ['pending', 'accepted', 'rejected'], required: true },
    initiator: { type: Schema.Types.ObjectId, required: true },
    directKey: String,
    participants: { type: [Schema.Types.ObjectId], default: undefined },
    isAnswered: Boolean,
    ownerLoss: { type: ownerLossSchema, default: undefined },
    making: { type: makingSchema, default: undefined },
    clientChatId: String,
    externalId: String,
    slug: String,
    nameKey: String,
    name: String,
    description: String,
    picture: String,
    metadata: Schema.Types.Mixed,
    hasSanctions: Boolean,
    slowModeSeconds: Number,
    onlyModeratorsPost: Boolean,
    joinMode: { type: String, enum: JOIN_MODES },
    lastSeq: { type: Number, default: 0 },
    lastMessage: { type: lastMessageSchema, default: null },
    lastMessageAt: { type: Date, required: true },
    changedAt: Date,
  },
  { collection: 'chats', timestamps: true },
);
// The one direct chat of a pair.
chatSchema.index(
  { directKey: 1 },
  { unique: true, partialFilterExpression: { directKey: { $type: 'string' } } },
);
// The one room of a slug, and the one that is found by a name.
chatSchema.index(
  { slug: 1 },
  { unique: true, partialFilterExpression: { slug: { $type: 'string' } } },
);
chatSchema.index(
  { nameKey: 1 },
  { unique: true, partialFilterExpression: { nameKey: { $type: 'string' } } },
);
// A maker's retry finds what the first attempt made.
chatSchema.index(
  { initiator: 1, clientChatId: 1 },
  { unique: true, partialFilterExpression: { clientChatId: { $type: 'string' } } },
);
// Uniqueness; looking up a chat by the id that it has elsewhere.
chatSchema.index(
  { externalId: 1 },
  { unique: true, partialFilterExpression: { externalId: { $exists: true } } },
);
// A user's pending requests, newest first.
chatSchema.index({ participants: 1, status: 1, lastMessageAt: -1 });
// What has changed since a time, for webhooks.
chatSchema.index({ changedAt: 1 }, { partialFilterExpression: { changedAt: { $exists: true } } });
// The public rooms, newest activity first.
chatSchema.index({ kind: 1, lastMessageAt: -1 });

/** The collection of chats on a connection. */
export const defineChatModel = (connection: Connection): void => {
  connection.model<ChatRecord>('Chat', chatSchema);
};
