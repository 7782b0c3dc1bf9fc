import type { Publisher } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import type { LiveEvents, LiveRecord } from './live.events.js';
import type { LiveModels } from './live.model.js';
import type { LiveAttendance } from './live-attendance.service.js';
import type { LiveStreams } from './live-streams.service.js';
import { isHost } from './live-streams.service.js';

/** What watching is built from. */
export interface WatchLiveParts {
  models: LiveModels;
  streams: LiveStreams;
  attendance: LiveAttendance;
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
        (await this.parts.streams.mayWatch(actor, stream)) ? stream : undefined,
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
  async join(actor: Actor, liveId: string, socketId: string): Promise<LiveRecord> {
    const stream = await this.parts.streams.watchable(actor, liveId);
    if (isHost(stream, actor)) {
      await this.parts.attendance.hostArrived(stream, socketId);
      return this.parts.streams.record(stream);
    }
    const user = await this.parts.streams.card(actor.userId);
    const isNew = await this.parts.attendance.viewerArrived(stream, actor.userId, socketId);
    const live = await this.parts.streams.record(stream);
    if (isNew) {
      const { viewerCount } = live;
      this.parts.bus.publish('live.viewer_joined', { liveId, user, viewerCount });
    }
    return live;
  }

  /** Stops watching on one device; for the host it is as if the connection were lost. */
  async leave(actor: Actor, liveId: string, socketId: string): Promise<void> {
    const stream = await this.parts.streams.watchable(actor, liveId);
    if (isHost(stream, actor)) await this.parts.attendance.hostLeft(stream, socketId);
    else await this.parts.attendance.viewerLeft(liveId, actor.userId, socketId);
  }
}
