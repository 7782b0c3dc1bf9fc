import type { Publisher } from '../../platform/event-bus.js';
import type { Audience } from '../../shared/audience.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { invalidInput, notFound } from '../../shared/errors.js';
import { newUuid } from '../../shared/ids.js';
import { canonicalEmoji } from '../../shared/emoji.js';
import type { WordFilter } from '../word-filter/index.js';
import { messageRefused } from '../word-filter/index.js';
import type { LiveAccess } from './live-access.js';
import { isHost, refusalToSignal } from './live-access.js';
import type { LiveDevice, LiveLeases, LiveParticipants } from './live-participants.js';
import { leavesAfter } from './live-participants.js';
import type { LiveEvents, LiveRecord } from './live.events.js';
import type { LiveStream, LiveStreamsRepository } from './live.repository.js';

/** Streams that the list shows at most, the newest. */
const MAX_LISTED = 200;

/** Lists streams, and lets people join and leave them. */
export class WatchLive {
  constructor(
    private readonly deps: {
      streams: Pick<LiveStreamsRepository, 'newestRunning'>;
      access: LiveAccess;
      leases: LiveLeases;
      participants: LiveParticipants;
      bus: Publisher<LiveEvents>;
    },
  ) {}

  /** Streams that the actor may watch, newest first. */
  async list(actor: Actor): Promise<LiveRecord[]> {
    const { access, streams } = this.deps;
    const running = await streams.newestRunning(MAX_LISTED);
    const visible = await Promise.all(
      running.map(async (stream) =>
        (await access.mayWatch(actor.userId, stream)) ? stream : undefined,
      ),
    );
    return Promise.all(
      visible.filter((stream) => stream !== undefined).map((stream) => access.record(stream)),
    );
  }

  /**
   * Watches a stream from one device. The host's own device comes back to the stream this way.
   *
   * @throws {AppError} NOT_FOUND when there is no such stream, it is over, or the actor may not see it.
   */
  async join(actor: Actor, liveId: string, device: LiveDevice): Promise<LiveRecord> {
    const { access, bus, participants } = this.deps;
    const stream = await access.watchable(actor, liveId);
    const user = await access.card(actor.userId);
    const tookPart = participants.has(liveId, device.id);
    try {
      const isNew = await this.arrive(actor, stream, device);
      // Whatever ended the actor's right, or the stream, since the first check found no device to remove.
      await access.watchable(actor, liveId);
      const live = await access.record(stream);
      if (!device.isConnected || !participants.has(liveId, device.id)) {
        throw notFound('Live stream');
      }
      // Before the others are notified, so that this device receives their answers.
      device.enter(liveId);
      const { viewerCount } = live;
      const except = audiences.participant(liveId, user.id).to;
      if (isNew)
        bus.emit(
          'live.viewer_joined',
          { liveId, user, viewerCount, audience: { ...audiences.stream(liveId), except } },
          { scope: 'cluster' },
        );
      return live;
    } catch (error) {
      if (leavesAfter(error, tookPart)) await this.depart(actor, stream, device);
      throw error;
    }
  }

  /** Stops watching on one device; for the host it is as if the connection were lost. */
  async leave(actor: Actor, liveId: string, device: LiveDevice): Promise<void> {
    device.leave(liveId);
    const stream = await this.deps.access.watchable(actor, liveId);
    await this.depart(actor, stream, device);
  }

  /** Answers whether the others must be notified. */
  private async arrive(actor: Actor, stream: LiveStream, device: LiveDevice): Promise<boolean> {
    const { leases } = this.deps;
    if (!isHost(stream, actor)) return leases.viewerArrived(stream, actor.userId, device.id);
    await leases.hostArrived(stream, device);
    return false;
  }

  private async depart(actor: Actor, stream: LiveStream, device: LiveDevice): Promise<void> {
    const { leases } = this.deps;
    const liveId = stream._id.toHexString();
    device.leave(liveId);
    if (isHost(stream, actor)) await leases.hostLeft(stream, device.id);
    else await leases.viewerLeft(liveId, actor.userId, device.id);
  }
}

/** Sends a comment to the stream's chat, as a message of the actor's. */
export interface CommentSender {
  send(
    actor: Actor,
    input: { chatId: string; content: string; messageType: 'text'; media: [] },
  ): Promise<unknown>;
}

/** A reaction that is one emoji, in its usual form. */
const emojiOf = (text: string): string => {
  const emoji = canonicalEmoji(text);
  if (emoji !== undefined) return emoji;
  throw invalidInput('emoji', 'exactly one emoji');
};

/** Comments, reactions and WebRTC signals between those who take part. */
export class LiveTalk {
  constructor(
    private readonly deps: {
      access: LiveAccess;
      leases: Pick<LiveLeases, 'isViewing'>;
      sending: CommentSender;
      words: Pick<WordFilter, 'screen'>;
      bus: Publisher<LiveEvents>;
      clock: Clock;
    },
  ) {}

  /**
   * Comments on a stream. The comment is shown to those who watch; `post` also sends it to the chat. A comment
   * cannot be held, so that the word filter refuses one that it would hold.
   *
   * @throws {AppError} FORBIDDEN for those who do not watch, SILENCED, RATE_LIMITED, VALIDATION for `post` without
   *   a chat, MESSAGE_REFUSED.
   */
  async comment(
    actor: Actor,
    { liveId, content: said, post }: { liveId: string; content: string; post: boolean },
  ): Promise<Omit<LiveEvents['live.commented'], 'audience'>> {
    const { access, bus, clock, sending, words } = this.deps;
    const stream = await access.attending(actor, liveId);
    await access.assertMayTalk(actor, stream);
    const screened = words.screen(said, stream.chatId?.toHexString());
    if (screened && screened.action !== 'mask') throw messageRefused();
    const content = screened?.text ?? said;
    if (post) {
      if (!stream.chatId) throw invalidInput('post', 'this stream has no chat');
      const chatId = stream.chatId.toHexString();
      await sending.send(actor, { chatId, content, messageType: 'text', media: [] });
    }
    const user = await access.card(actor.userId);
    const at = new Date(clock.now()).toISOString();
    const comment = { liveId, id: newUuid(), user, content, at };
    bus.emit(
      'live.commented',
      { ...comment, audience: this.listeners(actor, liveId) },
      { scope: 'cluster' },
    );
    return comment;
  }

  /** Reacts to a stream; shown to those who watch, and not stored. */
  async react(actor: Actor, liveId: string, emoji: string): Promise<void> {
    const { access, bus } = this.deps;
    const canonical = emojiOf(emoji);
    await access.assertMayTalk(actor, await access.attending(actor, liveId));
    const user = await access.card(actor.userId);
    bus.emit(
      'live.reacted',
      { liveId, user, emoji: canonical, audience: this.listeners(actor, liveId) },
      { scope: 'cluster' },
    );
  }

  /** Those who take part; of what a shadowed user says, that user alone. */
  private listeners({ userId }: Actor, liveId: string): Audience {
    return this.deps.access.isShadowed(userId)
      ? audiences.participant(liveId, userId)
      : audiences.stream(liveId);
  }

  /**
   * Hands a WebRTC message from the host to a viewer, or from a viewer to the host.
   *
   * @throws {AppError} NOT_FOUND when the other one does not take part.
   */
  async signal(
    actor: Actor,
    { liveId, to, data }: { liveId: string; to: string; data: unknown },
  ): Promise<void> {
    const { access, bus, leases } = this.deps;
    const stream = await access.attending(actor, liveId);
    const hostId = stream.hostId.toHexString();
    const refusal = refusalToSignal(actor.userId, to, hostId);
    if (refusal) throw refusal;
    const isThere = to === hostId || (await leases.isViewing(liveId, to));
    if (!isThere) throw notFound('Viewer');
    bus.emit(
      'live.signalled',
      { liveId, from: actor.userId, to, data, audience: audiences.participant(liveId, to) },
      { scope: 'cluster' },
    );
  }
}
