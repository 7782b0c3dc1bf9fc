import type { Publisher } from '../../platform/event-bus.js';
import { writeOrFind } from '../../platform/write-or-find.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { ChatAccess } from '../chats/index.js';
import { refusalToSend, silenced } from '../chats/index.js';
import type { WordFilter } from '../word-filter/index.js';
import type { LiveAccess } from './live-access.js';
import type { LiveDevice, LiveLeases, LiveParticipants } from './live-participants.js';
import { leavesAfter } from './live-participants.js';
import type { LiveEvents, LiveRecord } from './live.events.js';
import { liveEnded } from './live.events.js';
import type {
  LiveEndReason,
  LiveStream,
  LiveStreamsRepository,
  LiveViewersRepository,
} from './live.repository.js';
import { notToEverybody, refusalToEnd, refusalToStartForAll } from './live-access.js';

/** A host's input for a new stream; without a chat it is for everybody. */
export interface LiveInput {
  title: string;
  chatId?: string | undefined;
}

/** Abandoned streams that one round ends. */
const MAX_ENDED = 200;
/** Longest time between two rounds in ms; only an unreachable database makes it longer. */
const ROUNDS_APART_MS = 12_000;

/** Begins and ends streams. */
export class HostLive {
  private readonly now: () => number;
  /** When abandoned streams were last looked for. */
  private lastRound = -Infinity;

  constructor(
    private readonly deps: {
      streams: LiveStreamsRepository;
      viewers: Pick<LiveViewersRepository, 'removeAll'>;
      access: LiveAccess;
      chatAccess: Pick<ChatAccess, 'member' | 'sanctions'>;
      leases: LiveLeases;
      participants: LiveParticipants;
      words: Pick<WordFilter, 'assertNames'>;
      bus: Publisher<LiveEvents>;
      clock: Clock;
      /** How long a stream waits for a host who has disconnected, in milliseconds. */
      graceMs: number;
      /** A clock that does not jump, in milliseconds. */
      now?: () => number;
    },
  ) {
    this.now = deps.now ?? (() => performance.now());
  }

  /**
   * Starts a stream, or finds the one that the actor already hosts.
   *
   * @throws {AppError} NOT_FOUND for a chat of others, FORBIDDEN without a chat for anybody but admins,
   *   CHAT_NOT_ACCEPTED and BLOCKED as for messages, VALIDATION for a title with filtered words.
   */
  async start(actor: Actor, input: LiveInput, device: LiveDevice): Promise<LiveRecord> {
    const { access, bus, clock, words } = this.deps;
    await this.assertMayStart(actor, input.chatId);
    words.assertNames({ title: input.title }, input.chatId);
    const now = clock.now();
    const stream = await this.create(actor, input, now);
    const live = await this.arrive(stream, device);
    device.enter(live.id);
    if (stream.startedAt.getTime() === now)
      bus.emit(
        'live.started',
        {
          live,
          audience: access.isShadowed(actor.userId)
            ? audiences.users([actor.userId])
            : {
                ...audiences.chatOrEveryone(live.chatId),
                except: audiences.participant(live.id, live.host.id).to,
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
    const { access } = this.deps;
    const stream = await access.running(liveId);
    const refusal = refusalToEnd(actor, stream.hostId.toHexString());
    if (refusal) {
      await access.watchable(actor, liveId);
      throw refusal;
    }
    await this.finish(stream, 'ended');
  }

  /**
   * Ends the streams whose host has not come back in time. Several nodes may try; one succeeds. The first
   * round after a database outage ends none, because the leases of connected hosts were not renewed either.
   */
  async endAbandoned(): Promise<void> {
    const { clock, streams } = this.deps;
    const isFirst = this.now() - this.lastRound > ROUNDS_APART_MS;
    const abandoned = await streams.abandoned(new Date(clock.now()), MAX_ENDED);
    this.lastRound = this.now();
    if (isFirst) return;
    for (const stream of abandoned) await this.finish(stream, 'host_left');
  }

  /**
   * Ends the streams of these hosts that they may no longer show; called on the node where that was decided.
   * By the time the streams are found, this node's caches of who may do what have been corrected.
   */
  async endForbidden(hostIds: string[]): Promise<void> {
    const { access, streams } = this.deps;
    for (const stream of await streams.hostedByAny(hostIds)) {
      if (!(await access.mayContinue(stream))) await this.finish(stream, 'not_allowed');
    }
  }

  /** Ends a stream; answers whether this call did. */
  async finish(stream: LiveStream, reason: LiveEndReason): Promise<boolean> {
    const { bus, clock, streams, viewers } = this.deps;
    const endedAt = new Date(clock.now());
    if (!(await streams.end(stream._id, reason, endedAt))) return false;
    bus.emit('live.ended', liveEnded({ ...stream, endedAt, endReason: reason }), {
      scope: 'cluster',
    });
    await viewers.removeAll(stream._id);
    return true;
  }

  /** If the device disconnects meanwhile, the grace period of the stream begins. */
  private async arrive(stream: LiveStream, device: LiveDevice): Promise<LiveRecord> {
    const { access, leases, participants } = this.deps;
    const tookPart = participants.has(stream._id.toHexString(), device.id);
    try {
      await leases.hostArrived(stream, device);
      // A removal or a block after the first check found no stream to end.
      if (!(await access.mayContinue(stream))) {
        await this.finish(stream, 'not_allowed');
        throw stream.chatId ? notFound('Chat') : notToEverybody();
      }
      const live = await access.record(stream);
      const isOver = device.isConnected && !participants.has(live.id, device.id);
      if (isOver) throw notFound('Live stream');
      return live;
    } catch (error) {
      if (leavesAfter(error, tookPart)) await leases.hostLeft(stream, device.id);
      throw error;
    }
  }

  private async create(
    { userId: hostId }: Actor,
    { title, chatId }: LiveInput,
    now: number,
  ): Promise<LiveStream> {
    const { graceMs, streams } = this.deps;
    const stream = await writeOrFind(
      () =>
        streams.insert({
          hostId,
          title,
          chatId,
          startedAt: new Date(now),
          hostExpiresAt: new Date(now + graceMs),
        }),
      () => streams.hostedBy(hostId),
    );
    if (stream.chatId?.toHexString() !== chatId) {
      throw new AppError('CONFLICT', 'You are already streaming elsewhere');
    }
    return stream;
  }

  private async assertMayStart(actor: Actor, chatId: string | undefined): Promise<void> {
    if (chatId === undefined) {
      const refusal = refusalToStartForAll(actor);
      if (refusal) throw refusal;
      const silence = this.deps.chatAccess.sanctions.serverSilence(actor.userId);
      if (silence) throw silenced(silence);
      return;
    }
    const refusal = refusalToSend(await this.deps.chatAccess.member(actor.userId, chatId), actor);
    if (refusal) throw refusal;
  }
}
