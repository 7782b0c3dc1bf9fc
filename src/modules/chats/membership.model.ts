import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';
import type { Metadata } from '../../shared/metadata.js';
import { objectId } from '../../platform/object-id.js';

/** The roles in a chat, the highest first. */
export const MEMBER_ROLES = ['owner', 'admin', 'moderator', 'member'] as const;

/** What a member may do in a chat. */
export type MemberRole = (typeof MEMBER_ROLES)[number];

/**
 * One user's membership of one chat: their role, how far they have read, and their own settings for it.
 * Receipts are positions, so that one number tells for all messages whether they were read.
 */
export interface MembershipRecord {
  _id: Types.ObjectId;
  chatId: Types.ObjectId;
  userId: Types.ObjectId;
  role: MemberRole;
  /** Number of the last loss of ownership that this membership has had. */
  lossNumber?: number;
  /** Everything up to here is read, and those in the chat may know it. */
  lastReadSeq: number;
  /** Read while one of the two in the chat had blocked the other: only the reader knows. */
  privateReadSeq?: number;
  /** Everything up to here has reached one of the user's devices. */
  lastDeliveredSeq: number;
  /** History up to here is deleted for this user. */
  clearedSeq: number;
  /** Set while the user has the chat deleted: hidden until a message after this one. */
  hiddenSeq: number | null;
  /** Set while archived: back in the lists with a message after this one, unless muted. */
  archivedSeq: number | null;
  archivedAt: Date | null;
  mutedUntil: Date | null;
  /** Until when the member may not write; absent where they never were silenced. */
  silencedUntil?: Date | null;
  /** When the member last wrote, stored while the chat is in slow mode. */
  lastPostAt?: Date;
  pinnedAt: Date | null;
  /** The user has marked the chat as unread, whatever the position says. */
  markedUnread: boolean;
  /** Data of the member's own, which the member and servers see; absent where there are none. */
  metadata?: Metadata;
  joinedAt: Date;
  /** When the read position that others may know last moved, by the database's clock; absent until it has. */
  readAt?: Date;
}

/**
 * A note that a membership is about to end, for webhooks: nothing else is left of it. It is written before, so it says
 * nothing as long as the membership is there.
 */
export interface Departure {
  /** That of the membership. */
  _id: Types.ObjectId;
  chatId: Types.ObjectId;
  userId: Types.ObjectId;
  at: Date;
}

/** How long departures are kept, in seconds. */
const DEPARTURES_KEPT_S = 31 * 86_400;

const departureSchema = new Schema<Departure>(
  {
    chatId: { type: Schema.Types.ObjectId, required: true },
    userId: { type: Schema.Types.ObjectId, required: true },
    at: { type: Date, required: true },
  },
  { collection: 'departures', versionKey: false },
);
// Those since a time; the database removes the oldest.
departureSchema.index({ at: 1 }, { expireAfterSeconds: DEPARTURES_KEPT_S });

/** What a membership starts with. */
export const NEW_MEMBERSHIP = {
  role: 'member' as const,
  lastReadSeq: 0,
  lastDeliveredSeq: 0,
  clearedSeq: 0,
  hiddenSeq: null,
  archivedSeq: null,
  archivedAt: null,
  mutedUntil: null,
  pinnedAt: null,
  markedUnread: false,
};

/** Selects one user's membership of one chat. */
export const membershipOf = (chatId: string, userId: string) => ({
  chatId: objectId(chatId),
  userId: objectId(userId),
});

const membershipSchema = new Schema<MembershipRecord>(
  {
    chatId: { type: Schema.Types.ObjectId, required: true },
    userId: { type: Schema.Types.ObjectId, required: true },
    role: { type: String, enum: MEMBER_ROLES, default: 'member' },
    lossNumber: Number,
    lastReadSeq: { type: Number, default: 0 },
    privateReadSeq: Number,
    lastDeliveredSeq: { type: Number, default: 0 },
    clearedSeq: { type: Number, default: 0 },
    hiddenSeq: { type: Number, default: null },
    archivedSeq: { type: Number, default: null },
    archivedAt: { type: Date, default: null },
    mutedUntil: { type: Date, default: null },
    silencedUntil: Date,
    lastPostAt: Date,
    pinnedAt: { type: Date, default: null },
    markedUnread: { type: Boolean, default: false },
    metadata: Schema.Types.Mixed,
    joinedAt: { type: Date, required: true },
    readAt: Date,
  },
  { collection: 'memberships' },
);
// The members of a chat, and one user's membership of it.
membershipSchema.index({ chatId: 1, userId: 1 }, { unique: true });
// The chats of a user.
membershipSchema.index({ userId: 1 });
// Who has read since a time, for webhooks.
membershipSchema.index({ readAt: 1 }, { partialFilterExpression: { readAt: { $exists: true } } });
// The owners of a chat, who are few.
membershipSchema.index({ chatId: 1, role: 1 }, { partialFilterExpression: { role: 'owner' } });
// And its admins.
membershipSchema.index({ chatId: 1, role: -1 }, { partialFilterExpression: { role: 'admin' } });

/** The collection of memberships on a connection. */
export const defineMembershipModel = (connection: Connection): void => {
  connection.model<MembershipRecord>('Membership', membershipSchema);
  connection.model<Departure>('Departure', departureSchema);
};
