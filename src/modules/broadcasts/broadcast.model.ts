import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';
import type { UserRole } from '../../shared/actor.js';

/** Who a broadcast is for. */
export type BroadcastAudience =
  { kind: 'all' } | { kind: 'role'; role: UserRole } | { kind: 'list'; userIds: Types.ObjectId[] };

/** The state of a broadcast. */
export const BROADCAST_STATUSES = ['scheduled', 'sent', 'cancelled'] as const;
export type BroadcastStatus = (typeof BROADCAST_STATUSES)[number];

/** The types of a broadcast. */
export const BROADCAST_TYPES = ['text', 'image', 'video', 'audio', 'file'] as const;
export type BroadcastType = (typeof BROADCAST_TYPES)[number];

/** A message of the admins to many: stored once, however many there are. */
export interface StoredBroadcast {
  _id: Types.ObjectId;
  senderId: Types.ObjectId;
  message: string;
  messageType: BroadcastType;
  audience: BroadcastAudience;
  status: BroadcastStatus;
  /** When it is to be sent; for one that is sent at once, when it was made. */
  scheduledAt: Date;
  /** Position in the sequence of sent broadcasts, from 1, without gaps; absent until it is sent. */
  number?: number;
  sentAt: Date | null;
  clientMessageId?: string;
  createdAt: Date;
}

/** How far one person has come in the sequence of broadcasts; written when something is delivered or read. */
export interface StoredPosition {
  _id: Types.ObjectId;
  userId: Types.ObjectId;
  /** Everything for them up to here has reached one of their devices. */
  deliveredNumber: number;
  /** Everything for them up to here is read. */
  readNumber: number;
}

const broadcastSchema = new Schema<StoredBroadcast>(
  {
    senderId: { type: Schema.Types.ObjectId, required: true },
    message: { type: String, required: true },
    messageType: { type: String, enum: BROADCAST_TYPES, required: true },
    audience: {
      type: new Schema(
        {
          kind: { type: String, enum: ['all', 'role', 'list'], required: true },
          role: String,
          userIds: { type: [Schema.Types.ObjectId], default: undefined },
        },
        { _id: false },
      ),
      required: true,
    },
    status: { type: String, enum: BROADCAST_STATUSES, required: true },
    scheduledAt: { type: Date, required: true },
    number: Number,
    sentAt: { type: Date, default: null },
    clientMessageId: String,
    createdAt: { type: Date, required: true },
  },
  { collection: 'broadcasts', versionKey: false },
);
// Finds the newest, what was sent after a number, and somebody's; keeps two from having the same number.
broadcastSchema.index(
  { number: 1 },
  { unique: true, partialFilterExpression: { number: { $type: 'number' } } },
);
// Finds due broadcasts.
broadcastSchema.index({ status: 1, scheduledAt: 1 });
// Finds the original of a retry, and keeps it from being stored twice.
broadcastSchema.index(
  { senderId: 1, clientMessageId: 1 },
  { unique: true, partialFilterExpression: { clientMessageId: { $type: 'string' } } },
);

const positionSchema = new Schema<StoredPosition>(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    deliveredNumber: { type: Number, default: 0 },
    readNumber: { type: Number, default: 0 },
  },
  { collection: 'broadcastpositions', versionKey: false },
);
// Finds somebody's position.
positionSchema.index({ userId: 1 }, { unique: true });
// Counts those whom a broadcast has reached, and those who have read it.
positionSchema.index({ deliveredNumber: 1 });
positionSchema.index({ readNumber: 1 });

/** Registers the collections of broadcasts on a connection. */
export const defineBroadcastModels = (connection: Connection): void => {
  connection.model<StoredBroadcast>('Broadcast', broadcastSchema);
  connection.model<StoredPosition>('BroadcastPosition', positionSchema);
};
