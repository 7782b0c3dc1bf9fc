import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';

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
  /** Until when the host counts as connected; renewed while the host is connected. */
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
// Finds abandoned and running streams.
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
// Finds a device in a stream; unique, so that no device counts twice.
liveViewerSchema.index({ liveId: 1, socketId: 1 }, { unique: true });
// Finds whether somebody watches, and counts the viewers.
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

/** A stream that is about to begin. */
export interface NewLiveStream {
  hostId: string;
  title: string;
  chatId: string | undefined;
  startedAt: Date;
  hostExpiresAt: Date;
}

/** The stored streams. */
export class LiveStreamsRepository {
  private readonly streams: Model<LiveStream>;

  constructor(connection: Connection) {
    this.streams = connection.model<LiveStream>('LiveStream');
  }

  /** Stores a running stream; rejects with a duplicate key when its host has one already. */
  async insert({ hostId, chatId, ...stream }: NewLiveStream): Promise<LiveStream> {
    const created = await this.streams.create({
      ...stream,
      hostId: objectId(hostId),
      chatId: chatId === undefined ? null : objectId(chatId),
      status: 'live',
      endedAt: null,
      endReason: null,
    });
    return created.toObject();
  }

  /** A running stream; null when there is none, or it is over. */
  async running(liveId: string): Promise<LiveStream | null> {
    return this.streams.findOne({ _id: objectId(liveId), status: 'live' }).lean();
  }

  /** The stream that a host shows; null when there is none. */
  async hostedBy(hostId: string): Promise<LiveStream | null> {
    return this.streams.findOne({ hostId: objectId(hostId), status: 'live' }).lean();
  }

  /** The streams that these hosts show. */
  async hostedByAny(hostIds: string[]): Promise<LiveStream[]> {
    return this.streams
      .find({ hostId: trusted({ $in: hostIds.map(objectId) }), status: 'live' })
      .lean();
  }

  /** Streams that run, newest first. */
  async newestRunning(limit: number): Promise<LiveStream[]> {
    return this.streams.find({ status: 'live' }).sort({ _id: -1 }).limit(limit).lean();
  }

  /** Running streams whose host's lease has run out. */
  async abandoned(now: Date, limit: number): Promise<LiveStream[]> {
    return this.streams
      .find({ status: 'live', hostExpiresAt: trusted({ $lt: now }) })
      .limit(limit)
      .lean();
  }

  /** Those of these streams that are over. */
  async ended(ids: Types.ObjectId[]): Promise<LiveStream[]> {
    return this.streams.find({ _id: trusted({ $in: ids }), status: 'ended' }).lean();
  }

  /**
   * Ends a stream; answers whether this call did. For the reason `host_left` it is ended only while its
   * host's lease has run out: the host may have come back since the stream was read.
   */
  async end(id: Types.ObjectId, endReason: LiveEndReason, endedAt: Date): Promise<boolean> {
    const stillAbandoned =
      endReason === 'host_left' ? { hostExpiresAt: trusted({ $lt: endedAt }) } : {};
    const { modifiedCount } = await this.streams.updateOne(
      { _id: id, status: 'live', ...stillAbandoned },
      { $set: { status: 'ended', endedAt, endReason } },
    );
    return modifiedCount > 0;
  }

  /** Sets until when the host of a running stream counts as connected. */
  async extend(id: Types.ObjectId, hostExpiresAt: Date): Promise<void> {
    await this.streams.updateOne({ _id: id, status: 'live' }, { $set: { hostExpiresAt } });
  }

  /** The same for several streams. */
  async extendAll(ids: Types.ObjectId[], hostExpiresAt: Date): Promise<void> {
    await this.streams.updateMany(
      { _id: trusted({ $in: ids }), status: 'live' },
      { $set: { hostExpiresAt } },
    );
  }
}

/** The devices that watch. */
export class LiveViewersRepository {
  private readonly viewers: Model<LiveViewer>;

  constructor(connection: Connection) {
    this.viewers = connection.model<LiveViewer>('LiveViewer');
  }

  /** A device watches until then, unless it is renewed. */
  async add(
    liveId: Types.ObjectId,
    { userId, socketId }: { userId: string; socketId: string },
    expiresAt: Date,
  ): Promise<void> {
    try {
      await this.viewers.updateOne(
        { liveId, socketId },
        { $set: { userId: objectId(userId), expiresAt } },
        { upsert: true },
      );
    } catch (error) {
      // The same device has made two concurrent requests.
      if (!isDuplicateKey(error)) throw error;
    }
  }

  /** A device no longer watches; answers whether it did. */
  async remove(liveId: string, socketId: string): Promise<boolean> {
    const { deletedCount } = await this.viewers.deleteOne({ liveId: objectId(liveId), socketId });
    return deletedCount > 0;
  }

  /** Removes all viewers of a stream. */
  async removeAll(liveId: Types.ObjectId): Promise<void> {
    await this.viewers.deleteMany({ liveId });
  }

  /** Whether a user watches on any device of any node. */
  async isViewing(liveId: string, userId: string, now: Date): Promise<boolean> {
    const viewer = await this.viewers.exists({
      liveId: objectId(liveId),
      userId: objectId(userId),
      expiresAt: trusted({ $gt: now }),
    });
    return viewer !== null;
  }

  /** How many people watch. */
  async count(liveId: string, now: Date): Promise<number> {
    const users = await this.viewers.distinct('userId', {
      liveId: objectId(liveId),
      expiresAt: trusted({ $gt: now }),
    });
    return users.length;
  }

  /** Renews the leases of devices, in all streams that they watch. */
  async renew(socketIds: string[], expiresAt: Date): Promise<void> {
    await this.viewers.updateMany(
      { socketId: trusted({ $in: socketIds }) },
      { $set: { expiresAt } },
    );
  }
}
