import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';

/**
 * Why a stream is over: its host or an admin ended it, the host did not come back, or the host may no
 * longer stream there.
 */
export type LiveEndReason = 'ended' | 'host_left' | 'not_allowed';

/** A live stream: who hosts it and whether it runs. Its pictures and sound never pass the server. */
export interface LiveStream {
  _id: Types.ObjectId;
  hostId: Types.ObjectId;
  title: string;
  /** The chat whose members may watch; null for a stream to everybody, which admins may start. */
  chatId: Types.ObjectId | null;
  status: 'live' | 'ended';
  /** Until when the host counts as there; moved on while the host is connected. */
  hostExpiresAt: Date;
  startedAt: Date;
  endedAt: Date | null;
  endReason: LiveEndReason | null;
}

/** One device that watches. The lease of a device whose node has crashed runs out. */
export interface LiveViewer {
  _id: Types.ObjectId;
  liveId: Types.ObjectId;
  userId: Types.ObjectId;
  socketId: string;
  expiresAt: Date;
}

const liveStreamSchema = new Schema<LiveStream>(
  {
    hostId: { type: Schema.Types.ObjectId, required: true },
    title: { type: String, required: true },
    chatId: { type: Schema.Types.ObjectId, default: null },
    status: { type: String, enum: ['live', 'ended'], required: true },
    hostExpiresAt: { type: Date, required: true },
    startedAt: { type: Date, required: true },
    endedAt: { type: Date, default: null },
    endReason: { type: String, default: null },
  },
  { collection: 'livestreams' },
);
// A host has one stream at a time, however many devices start one.
liveStreamSchema.index(
  { hostId: 1 },
  { unique: true, partialFilterExpression: { status: { $eq: 'live' } } },
);
// Finds abandoned streams, and those that run.
liveStreamSchema.index({ status: 1, hostExpiresAt: 1 });

const liveViewerSchema = new Schema<LiveViewer>(
  {
    liveId: { type: Schema.Types.ObjectId, required: true },
    userId: { type: Schema.Types.ObjectId, required: true },
    socketId: { type: String, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'liveviewers' },
);
// Finds a device in a stream, and keeps it from being counted twice.
liveViewerSchema.index({ liveId: 1, socketId: 1 }, { unique: true });
// Tells whether somebody watches, and how many people do.
liveViewerSchema.index({ liveId: 1, userId: 1 });
// Renews this node's devices.
liveViewerSchema.index({ socketId: 1 });
// Removes the leases of crashed nodes.
liveViewerSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 60 });

/** Registers the collections of live streams on a connection. */
export const defineLiveModels = (connection: Connection): void => {
  connection.model<LiveStream>('LiveStream', liveStreamSchema);
  connection.model<LiveViewer>('LiveViewer', liveViewerSchema);
};
