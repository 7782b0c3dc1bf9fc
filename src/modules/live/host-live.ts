import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { ChatAccess } from '../chats/index.js';
import { refusalToPost } from '../chats/index.js';
import type { LiveEvents, LiveRecord } from './live.events.js';
import { liveEnded } from './live.events.js';
import type { LiveEndReason, LiveModels, LiveStreamDoc } from './live.model.js';
import { notToEverybody, refusalToEnd, refusalToStartForAll } from './live.policy.js';
import type { LiveDevices } from './live-devices.js';
import type { LiveSeat, LiveParticipants } from './live-participants.js';
import { losesSeat } from './live-participants.js';
import type { LiveStreams } from './live-streams.js';

/** What hosting is built from. */
export interface HostLiveParts {
  models: LiveModels;
  streams: LiveStreams;
  attendance: LiveDevices;
  seats: LiveParticipants;
  access: ChatAccess;
  bus: Publisher<LiveEvents>;
  clock: Clock;
  /** How long a stream waits for a host who has gone, in milliseconds. */
  graceMs: number;
  /** A clock that does not jump, in milliseconds. */
  now?: () => number;
}

/** Abandoned streams that one round ends. */
const MAX_ENDED = 200;
/** Rounds follow each other sooner, unless the database has been away (ms). */
const ROUNDS_APART_MS = 12_000;

/** Begins and ends streams. */
export class HostLive {
  private readonly now: () => number;
  /** When it was last looked for abandoned streams. */
  private lookedAt = -Infinity;

  constructor(private readonly parts: HostLiveParts) {
    this.now = parts.now ?? (() => performance.now());
  }

  /**
   * Starts a stream, or finds the one that the actor already hosts.
   *
   * @throws {AppError} NOT_FOUND for a chat of others, FORBIDDEN without a chat for anybody but admins,
   *   CHAT_NOT_ACCEPTED and BLOCKED as for messages.
   */
  async start(
    actor: Actor,
    input: { title: string; chatId?: string | undefined },
    seat: LiveSeat,
  ): Promise<LiveRecord> {
    const { bus, clock } = this.parts;
    await this.assertMayStart(actor, input.chatId);
    const now = clock.now();
    const stream = await this.create(actor, input, now);
    const live = await this.arrive(stream, seat);
    seat.enter(live.id);
    if (stream.startedAt.getTime() === now)
      bus.emit(
        'live.started',
        {
          live,
          audience: {
            ...audiences.chatOrEveryone(live.chatId),
            except: audiences.seats(live.id, live.host.id).to,
          },
        },
        { scope: 'cluster' },
      );
    return live;
  }

  /**
   * Ends a stream. Its host and admins need not be able to watch it.
   *
   * @throws {AppError} FORBIDDEN for those who may only watch, NOT_FOUND for everybody else.
   */
  async end(actor: Actor, liveId: string): Promise<void> {
    const { streams } = this.parts;
    const stream = await streams.running(liveId);
    const refusal = refusalToEnd(actor, stream.hostId.toHexString());
    if (refusal) {
      await streams.watchable(actor, liveId);
      throw refusal;
    }
    await this.finish(stream, 'ended');
  }

  /**
   * Ends the streams whose host has not come back in time. Several nodes may try; one succeeds. The first
   * round after a while without a database ends none: hosts who are there have not been renewed either.
   */
  async endAbandoned(): Promise<void> {
    const isFirst = this.now() - this.lookedAt > ROUNDS_APART_MS;
    const abandoned = await this.parts.models.streams
      .find({
        status: 'live',
        hostExpiresAt: trusted({ $lt: new Date(this.parts.clock.now()) }),
      })
      .limit(MAX_ENDED)
      .lean();
    this.lookedAt = this.now();
    if (isFirst) return;
    for (const stream of abandoned) await this.finish(stream, 'host_left');
  }

  /**
   * Ends the streams of these hosts that they may no longer show; called where that was decided. When the
   * streams are found, everybody on this node has heard of the decision, the cache of who may what too.
   */
  async endForbidden(hostIds: string[]): Promise<void> {
    const running = await this.parts.models.streams
      .find({ hostId: trusted({ $in: hostIds.map(objectId) }), status: 'live' })
      .lean();
    for (const stream of running) {
      if (!(await this.parts.streams.mayGoOn(stream))) await this.finish(stream, 'not_allowed');
    }
  }

  /** Ends a stream; answers whether this call did. */
  async finish(stream: LiveStreamDoc, reason: LiveEndReason): Promise<boolean> {
    const endedAt = new Date(this.parts.clock.now());
    // The host may have come back since an abandoned stream was read.
    const stillAbandoned =
      reason === 'host_left' ? { hostExpiresAt: trusted({ $lt: endedAt }) } : {};
    const { modifiedCount } = await this.parts.models.streams.updateOne(
      { _id: stream._id, status: 'live', ...stillAbandoned },
      { $set: { status: 'ended', endedAt, endReason: reason } },
    );
    if (modifiedCount === 0) return false;
    this.parts.bus.emit('live.ended', liveEnded({ ...stream, endedAt, endReason: reason }), {
      scope: 'cluster',
    });
    await this.parts.models.viewers.deleteMany({ liveId: stream._id });
    return true;
  }

  /** A device that goes meanwhile leaves the stream to the grace period. */
  private async arrive(stream: LiveStreamDoc, seat: LiveSeat): Promise<LiveRecord> {
    const { attendance, seats, streams } = this.parts;
    const wasSeated = seats.has(stream._id.toHexString(), seat.id);
    try {
      await attendance.hostArrived(stream, seat);
      // A removal or a block since the first look found no stream to end.
      if (!(await streams.mayGoOn(stream))) {
        await this.finish(stream, 'not_allowed');
        throw stream.chatId ? notFound('Chat') : notToEverybody();
      }
      const live = await streams.record(stream);
      const isOver = seat.isConnected && !seats.has(live.id, seat.id);
      if (isOver) throw notFound('Live stream');
      return live;
    } catch (error) {
      if (losesSeat(error, wasSeated)) await attendance.hostLeft(stream, seat.id);
      throw error;
    }
  }

  private async create(
    actor: Actor,
    { title, chatId }: { title: string; chatId?: string | undefined },
    now: number,
  ): Promise<LiveStreamDoc> {
    const hostId = objectId(actor.userId);
    try {
      const created = await this.parts.models.streams.create({
        hostId,
        title,
        chatId: chatId === undefined ? null : objectId(chatId),
        status: 'live',
        hostExpiresAt: new Date(now + this.parts.graceMs),
        startedAt: new Date(now),
        endedAt: null,
        endReason: null,
      });
      return created.toObject();
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      const running = await this.parts.models.streams.findOne({ hostId, status: 'live' }).lean();
      if (!running) throw error;
      if (running.chatId?.toHexString() !== chatId) {
        throw new AppError('CONFLICT', 'You are already streaming elsewhere');
      }
      return running;
    }
  }

  private async assertMayStart(actor: Actor, chatId: string | undefined): Promise<void> {
    if (chatId === undefined) {
      const refusal = refusalToStartForAll(actor);
      if (refusal) throw refusal;
      return;
    }
    const { chat } = await this.parts.access.member(actor.userId, chatId);
    const refusal = refusalToPost(chat);
    if (refusal) throw refusal;
  }
}
