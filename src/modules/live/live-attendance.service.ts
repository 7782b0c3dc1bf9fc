import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { Clock } from '../../shared/clock.js';
import type { LiveEvents } from './live.events.js';
import type { LiveModels, LiveStreamDoc } from './live.model.js';

/** What attendance is built from. */
export interface LiveAttendanceParts {
  models: LiveModels;
  bus: Publisher<LiveEvents>;
  clock: Clock;
  /** How long a host or viewer counts as there without being renewed, in milliseconds. */
  leaseMs: number;
  /** How long a stream waits for a host who has gone, in milliseconds. */
  graceMs: number;
}

/** What one device watches: streams by id, each with the chat whose members may watch. */
interface Watching {
  userId: string;
  streams: Map<string, string | null>;
}

/**
 * Who takes part in which stream, as leases in the database: the devices of this node are renewed while
 * they are connected, and those of a node that crashed run out.
 */
export class LiveAttendance {
  /** Hosting devices of this node, and the streams they host. */
  private readonly hosting = new Map<string, LiveStreamDoc>();
  /** Watching devices of this node: who, and what. */
  private readonly watching = new Map<string, Watching>();

  constructor(private readonly parts: LiveAttendanceParts) {}

  /** A device of the host is there: the stream goes on. */
  async hostArrived(stream: LiveStreamDoc, socketId: string): Promise<void> {
    this.hosting.set(socketId, stream);
    await this.extend(stream, this.parts.leaseMs);
  }

  /** A device of the host has gone: after the grace period the stream ends, unless another is there. */
  async hostLeft(stream: LiveStreamDoc, socketId: string): Promise<void> {
    this.hosting.delete(socketId);
    const isElsewhere = [...this.hosting.values()].some((other) => other._id.equals(stream._id));
    if (!isElsewhere) await this.extend(stream, this.parts.graceMs);
  }

  /** A device watches; answers whether it is the user's first. */
  async viewerArrived(stream: LiveStreamDoc, userId: string, socketId: string): Promise<boolean> {
    const liveId = stream._id.toHexString();
    const wasViewing = await this.isViewing(liveId, userId);
    const known = this.watching.get(socketId) ?? { userId, streams: new Map() };
    known.streams.set(liveId, stream.chatId?.toHexString() ?? null);
    this.watching.set(socketId, known);
    try {
      await this.parts.models.viewers.updateOne(
        { liveId: stream._id, socketId },
        { $set: { userId: objectId(userId), expiresAt: this.expiry() } },
        { upsert: true },
      );
    } catch (error) {
      // The same device has asked twice at once.
      if (!isDuplicateKey(error)) throw error;
    }
    return !wasViewing;
  }

  /** A device no longer watches; the others are told when it was the user's last. */
  async viewerLeft(liveId: string, userId: string, socketId: string): Promise<void> {
    this.watching.get(socketId)?.streams.delete(liveId);
    const { deletedCount } = await this.parts.models.viewers.deleteOne({
      liveId: objectId(liveId),
      socketId,
    });
    if (deletedCount === 0 || (await this.isViewing(liveId, userId))) return;
    const viewerCount = await this.viewerCount(liveId);
    this.parts.bus.publish('live.viewer_left', { liveId, userId, viewerCount });
  }

  /** A device has gone altogether. */
  async disconnected(socketId: string): Promise<void> {
    const stream = this.hosting.get(socketId);
    if (stream) await this.hostLeft(stream, socketId);
    const watched = this.watching.get(socketId);
    this.watching.delete(socketId);
    for (const liveId of watched?.streams.keys() ?? []) {
      await this.viewerLeft(liveId, watched!.userId, socketId);
    }
  }

  /** Forgets a stream that is over. */
  forget(liveId: string): void {
    for (const [socketId, stream] of this.hosting) {
      if (stream._id.toHexString() === liveId) this.hosting.delete(socketId);
    }
    for (const { streams } of this.watching.values()) streams.delete(liveId);
  }

  /** Ends what users of this node watch in a chat that they are no longer in; answers what that was. */
  async evict(chatId: string, userIds: string[]): Promise<{ liveId: string; userId: string }[]> {
    const evicted: { liveId: string; userId: string }[] = [];
    for (const [socketId, { userId, streams }] of this.watching) {
      if (!userIds.includes(userId)) continue;
      for (const [liveId, ofChat] of streams) {
        if (ofChat !== chatId) continue;
        evicted.push({ liveId, userId });
        await this.viewerLeft(liveId, userId, socketId);
      }
    }
    return evicted;
  }

  /** Whether a user watches on any device of any node. */
  async isViewing(liveId: string, userId: string): Promise<boolean> {
    const viewer = await this.parts.models.viewers.exists({
      liveId: objectId(liveId),
      userId: objectId(userId),
      expiresAt: trusted({ $gt: new Date(this.parts.clock.now()) }),
    });
    return viewer !== null;
  }

  /** How many people watch. */
  async viewerCount(liveId: string): Promise<number> {
    const users = await this.parts.models.viewers.distinct('userId', {
      liveId: objectId(liveId),
      expiresAt: trusted({ $gt: new Date(this.parts.clock.now()) }),
    });
    return users.length;
  }

  /** Renews the leases of this node's devices; called well before they run out. */
  async renew(): Promise<void> {
    const hosted = [...new Set([...this.hosting.values()].map((stream) => stream._id))];
    const socketIds = [...this.watching.keys()];
    const expiresAt = this.expiry();
    await Promise.all([
      hosted.length > 0 &&
        this.parts.models.streams.updateMany(
          { _id: trusted({ $in: hosted }), status: 'live' },
          { $set: { hostExpiresAt: expiresAt } },
        ),
      socketIds.length > 0 &&
        this.parts.models.viewers.updateMany(
          { socketId: trusted({ $in: socketIds }) },
          { $set: { expiresAt } },
        ),
    ]);
  }

  private expiry(): Date {
    return new Date(this.parts.clock.now() + this.parts.leaseMs);
  }

  private async extend(stream: LiveStreamDoc, ms: number): Promise<void> {
    await this.parts.models.streams.updateOne(
      { _id: stream._id, status: 'live' },
      { $set: { hostExpiresAt: new Date(this.parts.clock.now() + ms) } },
    );
  }
}
