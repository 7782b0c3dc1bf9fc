import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { ChatAccess } from '../chats/index.js';
import { refusalToPost } from '../chats/index.js';
import type { LiveEvents, LiveRecord } from './live.events.js';
import type { LiveEndReason, LiveModels, LiveStreamDoc } from './live.model.js';
import { refusalToEnd, refusalToStartForAll } from './live.policy.js';
import type { LiveAttendance } from './live-attendance.service.js';
import type { LiveStreams } from './live-streams.service.js';

/** What hosting is built from. */
export interface HostLiveParts {
  models: LiveModels;
  streams: LiveStreams;
  attendance: LiveAttendance;
  access: ChatAccess;
  bus: Publisher<LiveEvents>;
  clock: Clock;
  /** How long a stream waits for a host who has gone, in milliseconds. */
  graceMs: number;
}

/** Abandoned streams that one round ends. */
const MAX_ENDED = 200;

/** Begins and ends streams. */
export class HostLive {
  constructor(private readonly parts: HostLiveParts) {}

  /**
   * Starts a stream, or finds the one that the actor already hosts.
   *
   * @throws {AppError} NOT_FOUND for a chat of others, FORBIDDEN without a chat for anybody but admins,
   *   CHAT_NOT_ACCEPTED and BLOCKED as for messages.
   */
  async start(
    actor: Actor,
    input: { title: string; chatId?: string | undefined },
    socketId: string,
  ): Promise<LiveRecord> {
    await this.assertMayStart(actor, input.chatId);
    const now = this.parts.clock.now();
    const stream = await this.create(actor, input, now);
    await this.parts.attendance.hostArrived(stream, socketId);
    const live = await this.parts.streams.record(stream);
    if (stream.startedAt.getTime() === now) this.parts.bus.publish('live.started', { live });
    return live;
  }

  /**
   * Ends a stream.
   *
   * @throws {AppError} FORBIDDEN for anybody but the host and admins.
   */
  async end(actor: Actor, liveId: string): Promise<void> {
    const stream = await this.parts.streams.watchable(actor, liveId);
    const refusal = refusalToEnd(actor, stream.hostId.toHexString());
    if (refusal) throw refusal;
    await this.finish(stream, 'ended');
  }

  /** Ends the streams whose host has not come back in time. Several nodes may try; one succeeds. */
  async endAbandoned(): Promise<void> {
    const abandoned = await this.parts.models.streams
      .find({
        status: 'live',
        hostExpiresAt: trusted({ $lt: new Date(this.parts.clock.now()) }),
      })
      .limit(MAX_ENDED)
      .lean();
    for (const stream of abandoned) await this.finish(stream, 'host_left');
  }

  private async finish(stream: LiveStreamDoc, reason: LiveEndReason): Promise<void> {
    const endedAt = new Date(this.parts.clock.now());
    // The host may have come back since an abandoned stream was read.
    const stillAbandoned =
      reason === 'host_left' ? { hostExpiresAt: trusted({ $lt: endedAt }) } : {};
    const { modifiedCount } = await this.parts.models.streams.updateOne(
      { _id: stream._id, status: 'live', ...stillAbandoned },
      { $set: { status: 'ended', endedAt, endReason: reason } },
    );
    if (modifiedCount === 0) return;
    await this.parts.models.viewers.deleteMany({ liveId: stream._id });
    this.parts.bus.publish('live.ended', {
      liveId: stream._id.toHexString(),
      chatId: stream.chatId?.toHexString() ?? null,
      hostId: stream.hostId.toHexString(),
      reason,
      endedAt: endedAt.toISOString(),
    });
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
