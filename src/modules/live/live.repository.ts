import type { Connection, Model, Types } from 'mongoose';
import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { LiveEndReason, LiveStream, LiveViewer } from './live.model.js';

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

  /** A stream that runs; null when there is none, or it is over. */
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

  /** Streams that run although the time of their host is over. */
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
   * Ends a stream; answers whether this call did. For the reason `host_left` it is ended only while the time
   * of its host is over: the host may have come back since the stream was read.
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

  /** Sets until when the host of a running stream counts as there. */
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
      // The same device has asked twice at once.
      if (!isDuplicateKey(error)) throw error;
    }
  }

  /** A device no longer watches; answers whether it did. */
  async remove(liveId: string, socketId: string): Promise<boolean> {
    const { deletedCount } = await this.viewers.deleteOne({ liveId: objectId(liveId), socketId });
    return deletedCount > 0;
  }

  /** Nobody watches any more. */
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

  /** Devices watch, whatever they watch, until then. */
  async renew(socketIds: string[], expiresAt: Date): Promise<void> {
    await this.viewers.updateMany(
      { socketId: trusted({ $in: socketIds }) },
      { $set: { expiresAt } },
    );
  }
}
