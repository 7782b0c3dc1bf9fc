import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import type { LiveEvents } from './live.events.js';
import type { LiveModels, LiveStreamDoc } from './live.model.js';
import type { LiveSeat, LiveParticipants } from './live-participants.js';
import { isHostSeat } from './live-participants.js';

/** What attendance is built from. */
export interface LiveAttendanceParts {
  models: LiveModels;
  seats: LiveParticipants;
  bus: Publisher<LiveEvents>;
  clock: Clock;
  /** How long a host or viewer counts as there without being renewed, in milliseconds. */
  leaseMs: number;
  /** How long a stream waits for a host who has gone, in milliseconds. */
  graceMs: number;
}

/**
 * Who takes part in which stream, as leases in the database: the devices of this node are renewed while
 * they are connected, and those of a node that crashed run out.
 *
 * A device may go, or lose its right, while its coming is still being written. So who lets one in looks
 * again afterwards whether it still has its seat, and lets it leave when not.
 */
export class LiveDevices {
  constructor(private readonly parts: LiveAttendanceParts) {}

  /** A device of the host is there: the stream goes on. One that has gone meanwhile counts as gone. */
  async hostArrived(stream: LiveStreamDoc, seat: LiveSeat): Promise<void> {
    this.parts.seats.take(stream, stream.hostId.toHexString(), seat.id);
    await this.extend(stream, this.parts.leaseMs);
    // Its disconnecting found no seat, or wrote the grace period before the lease was written.
    if (!seat.isConnected) await this.hostLeft(stream, seat.id);
  }

  /** A device of the host has gone: after the grace period the stream ends, unless another is there. */
  async hostLeft(stream: LiveStreamDoc, socketId: string): Promise<void> {
    const { seats, graceMs } = this.parts;
    const liveId = stream._id.toHexString();
    seats.vacate(liveId, socketId);
    if (!seats.ofStream(liveId).some(isHostSeat)) await this.extend(stream, graceMs);
  }

  /** A device watches; answers whether it is the user's first. */
  async viewerArrived(stream: LiveStreamDoc, userId: string, socketId: string): Promise<boolean> {
    const { models, seats } = this.parts;
    const wasViewing = await this.isViewing(stream._id.toHexString(), userId);
    seats.take(stream, userId, socketId);
    try {
      await models.viewers.updateOne(
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
    const { bus, models, seats } = this.parts;
    seats.vacate(liveId, socketId);
    const { deletedCount } = await models.viewers.deleteOne({ liveId: objectId(liveId), socketId });
    if (deletedCount === 0 || (await this.isViewing(liveId, userId))) return;
    const viewerCount = await this.viewerCount(liveId);
    bus.emit(
      'live.viewer_left',
      { liveId, userId, viewerCount, audience: audiences.stream(liveId) },
      { scope: 'cluster' },
    );
  }

  /** A device has gone altogether. */
  async disconnected(socketId: string): Promise<void> {
    // All seats are vacated before the first write is waited for: a write that fails leaves a lease
    // that runs out, and nothing that is renewed.
    await Promise.all(
      this.parts.seats
        .ofDevice(socketId)
        .map((seat) =>
          isHostSeat(seat)
            ? this.hostLeft(seat.stream, socketId)
            : this.viewerLeft(seat.liveId, seat.userId, socketId),
        ),
    );
  }

  /** Forgets a stream that is over. */
  forget(liveId: string): void {
    const { seats } = this.parts;
    for (const { socketId } of seats.ofStream(liveId)) seats.vacate(liveId, socketId);
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
    const { models, seats } = this.parts;
    const hosted = seats
      .streams()
      .filter(({ hostId, liveId }) => seats.ofUser(hostId).some((seat) => seat.liveId === liveId))
      .map(({ stream }) => stream._id);
    const socketIds = seats.devices();
    const expiresAt = this.expiry();
    await Promise.all([
      hosted.length > 0 &&
        models.streams.updateMany(
          { _id: trusted({ $in: hosted }), status: 'live' },
          { $set: { hostExpiresAt: expiresAt } },
        ),
      socketIds.length > 0 &&
        models.viewers.updateMany(
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
