import { LRUCache } from 'lru-cache';
import type { Publisher } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { forbidden, AppError, notFound } from '../../shared/errors.js';
import type { AccessChange } from '../access-changes/index.js';
import type { ChatAccess, ChatSnapshot } from '../chats/index.js';
import { refusalToPost, silenced } from '../chats/index.js';
import type { AccountStatus, UserCard, UserDirectory } from '../users/index.js';
import { isAdminNow } from '../users/index.js';
import type { LiveLeases, LiveParticipants, Participant } from './live-participants.js';
import { isHostDevice } from './live-participants.js';
import type { LiveEnd, LiveEvents, LiveRecord } from './live.events.js';
import { liveEnded } from './live.events.js';
import type { LiveEndReason, LiveStream, LiveStreamsRepository } from './live.repository.js';
import { atMost } from '../../shared/at-most.js';

/** The error for somebody who may not stream to everybody. */
export const notToEverybody = (): AppError => forbidden('Only admins may stream to everybody');

/** Whether somebody may stream to everybody; to a chat, its members may. */
export const refusalToStartForAll = (actor: Actor): AppError | undefined =>
  actor.role === 'admin' ? undefined : notToEverybody();

/** Whether somebody may end a stream: its host, or an admin. */
export const refusalToEnd = (actor: Actor, hostId: string): AppError | undefined =>
  actor.userId === hostId || actor.role === 'admin'
    ? undefined
    : forbidden('Only the host may end a stream');

/** Signals go between the host and a viewer, never between viewers. */
export const refusalToSignal = (from: string, to: string, hostId: string): AppError | undefined =>
  (from === hostId) === (to === hostId)
    ? forbidden('Signals go between the host and a viewer')
    : undefined;

/** Whether the actor is the one whom the stream shows. */
export const isHost = (stream: LiveStream, actor: Actor): boolean =>
  stream.hostId.toHexString() === actor.userId;

/** Decides who may see a stream and take part in it, and makes the view that they get. */
export class LiveAccess {
  constructor(
    private readonly deps: {
      streams: Pick<LiveStreamsRepository, 'running'>;
      leases: Pick<LiveLeases, 'isViewing' | 'viewerCount'>;
      chatAccess: Pick<ChatAccess, 'role' | 'sanctions' | 'silence' | 'snapshot'>;
      directory: Pick<UserDirectory, 'card'>;
      /** A user's account as the database has it; undefined when there is no such user. */
      statusOf(userId: string): Promise<AccountStatus | undefined>;
    },
  ) {}

  /**
   * A running stream, for somebody who may watch it.
   *
   * @throws {AppError} NOT_FOUND when there is no such stream, it is over, or the actor may not see it.
   */
  async watchable(actor: Actor, liveId: string): Promise<LiveStream> {
    const stream = await this.running(liveId);
    if (!(await this.mayWatch(actor.userId, stream))) throw notFound('Live stream');
    return stream;
  }

  /**
   * A running stream, without any check of access.
   *
   * @throws {AppError} NOT_FOUND when there is no such stream, or it is over.
   */
  async running(liveId: string): Promise<LiveStream> {
    const stream = await this.deps.streams.running(liveId);
    if (!stream) throw notFound('Live stream');
    return stream;
  }

  /**
   * A stream, for its host and those who watch.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for those who do not watch.
   */
  async attending(actor: Actor, liveId: string): Promise<LiveStream> {
    const stream = await this.watchable(actor, liveId);
    const isThere =
      isHost(stream, actor) || (await this.deps.leases.isViewing(liveId, actor.userId));
    if (!isThere) throw new AppError('FORBIDDEN', 'Join the stream first');
    return stream;
  }

  /**
   * Whether a user may see a stream: everybody a public one, else the chat's members, as long as the host may
   * stream there and is not silenced. Of a shadowed host's the host alone.
   */
  async mayWatch(userId: string, stream: LiveStream): Promise<boolean> {
    const hostId = stream.hostId.toHexString();
    if (userId !== hostId && this.isShadowed(hostId)) return false;
    if (!stream.chatId) return this.mayContinue(stream);
    const chat = await this.openChat(stream);
    return chat !== undefined && (await this.deps.chatAccess.role(chat, userId)) !== undefined;
  }

  /** Whether the host may still stream: in a chat, as a member who may post; to everybody, as an admin. */
  async mayContinue(stream: LiveStream): Promise<boolean> {
    if (stream.chatId) return (await this.openChat(stream)) !== undefined;
    const isSilenced = this.deps.chatAccess.sanctions.serverSilence(stream.hostId.toHexString());
    if (isSilenced) return false;
    return isAdminNow(await this.deps.statusOf(stream.hostId.toHexString()));
  }

  /**
   * Whether somebody who takes part may comment and react.
   *
   * @throws {AppError} SILENCED.
   */
  async assertMayTalk({ userId }: Actor, { chatId }: LiveStream): Promise<void> {
    const { chatAccess } = this.deps;
    const chat = chatId && (await chatAccess.snapshot(chatId.toHexString()));
    const silence = chat
      ? await chatAccess.silence(chat, userId)
      : chatAccess.sanctions.serverSilence(userId);
    if (silence) throw silenced(silence);
  }

  /** Whether what a user says and shows is for themselves alone. */
  isShadowed(userId: string): boolean {
    return this.deps.chatAccess.sanctions.isShadowed(userId);
  }

  /** A person who takes part, as the others see them. */
  async card(userId: string): Promise<UserCard> {
    const card = await this.deps.directory.card(userId);
    if (!card) throw notFound('User');
    return card;
  }

  /** A stream as everybody who may watch it sees it. */
  async record(stream: LiveStream): Promise<LiveRecord> {
    const id = stream._id.toHexString();
    const [host, viewerCount] = await Promise.all([
      this.card(stream.hostId.toHexString()),
      this.deps.leases.viewerCount(id),
    ]);
    return {
      id,
      title: stream.title,
      chatId: stream.chatId?.toHexString() ?? null,
      host,
      startedAt: stream.startedAt.toISOString(),
      viewerCount,
    };
  }

  /** The stream's chat, if its host may stream there. */
  private async openChat({ chatId, hostId }: LiveStream): Promise<ChatSnapshot | undefined> {
    const { chatAccess } = this.deps;
    const chat = await chatAccess.snapshot(chatId!.toHexString());
    if (!chat || refusalToPost(chat)) return undefined;
    const host = hostId.toHexString();
    if (await chatAccess.silence(chat, host)) return undefined;
    const role = await chatAccess.role(chat, host);
    return role && chat;
  }
}

/** This node's sockets, as far as live streams care. */
export interface LiveSockets {
  /** Takes the devices on this node out of a stream's channels: a user's, or, without one, everybody's. */
  leave(liveId: string, userId?: string): void;
}

/** How many ended streams are remembered, so that this node's devices are notified only once. */
const REMEMBERED = 10_000;

const chatIdOf = ({ stream }: Participant): string | undefined => stream.chatId?.toHexString();

/** Keeps this node's devices out of streams that they may no longer take part in, or that are over. */
export class LiveAccessGuard {
  /** Rechecks that failed because the database did not answer. */
  private readonly unsettled = new Map<string, AccessChange>();
  /** Ids of streams that are over for this node's devices. */
  private readonly ended = new LRUCache<string, true>({ ...atMost(REMEMBERED) });

  constructor(
    private readonly deps: {
      streams: Pick<LiveStreamsRepository, 'ended'>;
      participants: LiveParticipants;
      leases: Pick<LiveLeases, 'viewerLeft'>;
      access: Pick<LiveAccess, 'isShadowed' | 'mayContinue' | 'mayWatch'>;
      chatAccess: Pick<ChatAccess, 'forget'>;
      bus: Publisher<LiveEvents>;
      clock: Clock;
      sockets: LiveSockets;
      /** Ends a stream; answers whether this call did. */
      finish(stream: LiveStream, reason: LiveEndReason): Promise<boolean>;
    },
  ) {}

  /**
   * Handles the end of a stream, as reported by another node, this node or the database. The first report
   * counts, and the devices are notified once. A device that has joined since is notified, too.
   */
  over(end: LiveEnd): void {
    const { bus, participants } = this.deps;
    if (this.ended.has(end.liveId) && participants.ofStream(end.liveId).length === 0) return;
    this.ended.set(end.liveId, true);
    participants.removeAll(end.liveId);
    bus.emit('live.over', end, { scope: 'node' });
  }

  /** Users are no longer in a chat: their devices here leave its streams. */
  async removed(chatId: string, userIds: string[]): Promise<void> {
    const participants = userIds.flatMap((userId) => this.deps.participants.ofUser(userId));
    await this.putOut(participants.filter((participant) => chatIdOf(participant) === chatId));
  }

  /**
   * Rechecks a user whose membership, blocks or role may differ from what this node has cached. It may be
   * called any number of times: it changes only what is wrong.
   */
  async recheck(accessChange: AccessChange): Promise<void> {
    const key = `${accessChange.kind} ${accessChange.userId} ${accessChange.chatId ?? ''}`;
    try {
      await this.check(accessChange);
      this.unsettled.delete(key);
    } catch (error) {
      this.unsettled.set(key, accessChange);
      throw error;
    }
  }

  /** Ends on this node the streams whose end it has missed, and repeats the rechecks that failed. */
  async catchUp(): Promise<void> {
    for (const accessChange of [...this.unsettled.values()]) await this.recheck(accessChange);
    await this.settle(this.deps.participants.streams());
  }

  private async check({ kind, userId, chatId }: AccessChange): Promise<void> {
    if (kind === 'login') {
      await this.checkHost(userId);
      return;
    }
    const isConcerned = (participant: Participant) =>
      kind === 'silence' ||
      (kind === 'block' ? chatIdOf(participant) !== undefined : chatIdOf(participant) === chatId);
    const { access, participants } = this.deps;
    const own = participants.ofUser(userId).filter(isConcerned);
    const shown = participants
      .streams()
      .filter((participant) => participant.hostId === userId && isConcerned(participant));
    for (const one of new Map([...own, ...shown].map((each) => [each.liveId, each])).values()) {
      if (await access.mayWatch(userId, one.stream)) {
        if (one.hostId === userId && access.isShadowed(userId)) {
          const all = participants.ofStream(one.liveId);
          await this.putOut(all.filter((participant) => !isHostDevice(participant)));
        }
        continue;
      }
      // In this order, a change between the two queries does not remove the host, or both sides of a block,
      // from a stream that is over for everybody.
      if (await access.mayContinue(one.stream)) {
        await this.putOut(own.filter(({ liveId }) => liveId === one.liveId));
      } else await this.end(one);
    }
  }

  /** A role matters only for streams to everybody, and the host's node checks those. */
  private async checkHost(userId: string): Promise<void> {
    const { access, participants } = this.deps;
    const shown = participants
      .ofUser(userId)
      .filter((participant) => isHostDevice(participant) && !chatIdOf(participant));
    for (const one of shown) if (!(await access.mayContinue(one.stream))) await this.end(one);
  }

  /** Ends a stream that its host may no longer show, unless another node has ended it. */
  private async end(participant: Participant): Promise<void> {
    const isEnded = await this.deps.finish(participant.stream, 'not_allowed');
    if (!isEnded) await this.settle([participant]);
  }

  private async settle(participants: Participant[]): Promise<void> {
    if (participants.length === 0) return;
    const { chatAccess, streams } = this.deps;
    for (const stream of await streams.ended(participants.map((one) => one.stream._id))) {
      // A host whose stream was ended gets the reason when they begin another one.
      if (stream.chatId && stream.endReason === 'not_allowed') {
        chatAccess.forget(stream.chatId.toHexString());
      }
      this.over(liveEnded(stream));
    }
  }

  /**
   * The sockets leave before the writes, so that a failed write leaves nobody in a stream that they may not
   * watch.
   */
  private async putOut(leaving: Participant[]): Promise<void> {
    const { bus, clock, leases, participants, sockets } = this.deps;
    const at = new Date(clock.now()).toISOString();
    for (const { liveId, hostId, userId, socketId } of leaving) {
      participants.remove(liveId, socketId);
      // The first of a user's devices removes the others, too.
      bus.emit(
        'live.put_out',
        { liveId, hostId, userId, at, audience: audiences.participant(liveId, userId) },
        { scope: 'node' },
      );
      sockets.leave(liveId, userId);
    }
    await Promise.all(
      leaving.map(({ liveId, userId, socketId }) => leases.viewerLeft(liveId, userId, socketId)),
    );
  }
}
