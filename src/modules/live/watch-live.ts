import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import { notFound } from '../../shared/errors.js';
import type { LiveEvents, LiveRecord } from './live.events.js';
import type { LiveModels, LiveStreamDoc } from './live.model.js';
import type { LiveDevices } from './live-devices.js';
import type { LiveSeat, LiveParticipants } from './live-participants.js';
import { losesSeat } from './live-participants.js';
import type { LiveStreams } from './live-streams.js';
import { isHost } from './live-streams.js';

/** What watching is built from. */
export interface WatchLiveParts {
  models: LiveModels;
  streams: LiveStreams;
  attendance: LiveDevices;
  seats: LiveParticipants;
  bus: Publisher<LiveEvents>;
}

/** Streams that the list shows at most, the newest. */
const MAX_LISTED = 200;

/** Finds streams, and lets people come to them and go. */
export class WatchLive {
  constructor(private readonly parts: WatchLiveParts) {}

  /** Streams that the actor may watch, newest first. */
  async list(actor: Actor): Promise<LiveRecord[]> {
    const streams = await this.parts.models.streams
      .find({ status: 'live' })
      .sort({ _id: -1 })
      .limit(MAX_LISTED)
      .lean();
    const visible = await Promise.all(
      streams.map(async (stream) =>
        (await this.parts.streams.mayWatch(actor.userId, stream)) ? stream : undefined,
      ),
    );
    return Promise.all(
      visible.filter((stream) => stream !== undefined).map((s) => this.parts.streams.record(s)),
    );
  }

  /**
   * Watches a stream from one device. The host's own device comes back to the stream this way.
   *
   * @throws {AppError} NOT_FOUND when there is no such stream, it is over, or the actor may not know.
   */
  async join(actor: Actor, liveId: string, seat: LiveSeat): Promise<LiveRecord> {
    const { bus, seats, streams } = this.parts;
    const stream = await streams.watchable(actor, liveId);
    const user = await streams.card(actor.userId);
    const wasSeated = seats.has(liveId, seat.id);
    try {
      const isNew = await this.arrive(actor, stream, seat);
      // What has ended the actor's right, or the stream, since the first look found no seat to clear.
      await streams.watchable(actor, liveId);
      const live = await streams.record(stream);
      if (!seat.isConnected || !seats.has(liveId, seat.id)) throw notFound('Live stream');
      // Before the others are told, so that this device hears what they answer.
      seat.enter(liveId);
      const { viewerCount } = live;
      if (isNew)
        bus.emit(
          'live.viewer_joined',
          {
            liveId,
            user,
            viewerCount,
            audience: { ...audiences.stream(liveId), except: audiences.seats(liveId, user.id).to },
          },
          { scope: 'cluster' },
        );
      return live;
    } catch (error) {
      if (losesSeat(error, wasSeated)) await this.depart(actor, stream, seat);
      throw error;
    }
  }

  /** Stops watching on one device; for the host it is as if the connection were lost. */
  async leave(actor: Actor, liveId: string, seat: LiveSeat): Promise<void> {
    seat.leave(liveId);
    const stream = await this.parts.streams.watchable(actor, liveId);
    await this.depart(actor, stream, seat);
  }

  /** Answers whether the others are to be told. */
  private async arrive(actor: Actor, stream: LiveStreamDoc, seat: LiveSeat): Promise<boolean> {
    const { attendance } = this.parts;
    if (!isHost(stream, actor)) return attendance.viewerArrived(stream, actor.userId, seat.id);
    await attendance.hostArrived(stream, seat);
    return false;
  }

  private async depart(actor: Actor, stream: LiveStreamDoc, seat: LiveSeat): Promise<void> {
    const { attendance } = this.parts;
    const liveId = stream._id.toHexString();
    seat.leave(liveId);
    if (isHost(stream, actor)) await attendance.hostLeft(stream, seat.id);
    else await attendance.viewerLeft(liveId, actor.userId, seat.id);
  }
}
