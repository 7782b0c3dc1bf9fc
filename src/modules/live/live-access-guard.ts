import { LRUCache } from 'lru-cache';
import { trusted } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import type { ChatAccess } from '../chats/index.js';
import type { AccessChange } from '../access-changes/index.js';
import type { HostLive } from './host-live.js';
import type { LiveEnd, LiveEvents } from './live.events.js';
import { liveEnded } from './live.events.js';
import type { LiveModels } from './live.model.js';
import type { LiveDevices } from './live-devices.js';
import type { LiveParticipants, TakenSeat } from './live-participants.js';
import { isHostSeat } from './live-participants.js';
import type { LiveStreams } from './live-streams.js';

/** What it takes to keep streams to those who may be there. */
export interface LiveAccessGuardParts {
  models: LiveModels;
  seats: LiveParticipants;
  streams: LiveStreams;
  attendance: LiveDevices;
  host: HostLive;
  access: Pick<ChatAccess, 'forget'>;
  bus: Publisher<LiveEvents>;
  clock: Clock;
  /** Takes a user's devices on this node out of a stream's rooms. */
  unseat(liveId: string, userId: string): void;
}

/** Streams that are over, of which it is remembered that this node's devices have heard so. */
const REMEMBERED = 10_000;

const chatIdOf = ({ stream }: TakenSeat): string | undefined => stream.chatId?.toHexString();

/** Keeps this node's devices out of streams that they may no longer take part in, or that are over. */
export class LiveAccessGuard {
  /** What could not be looked at, because the database did not answer. */
  private readonly unsettled = new Map<string, AccessChange>();
  /** Ids of streams that are over for this node's devices. */
  private readonly known = new LRUCache<string, true>({ max: REMEMBERED });

  constructor(private readonly parts: LiveAccessGuardParts) {}

  /**
   * A stream is over, as another node, this one or the database says; whoever says it first is believed,
   * and the devices are told once. One that has come to it since is told, too.
   */
  over(end: LiveEnd): void {
    const { attendance, bus, seats } = this.parts;
    if (this.known.has(end.liveId) && seats.ofStream(end.liveId).length === 0) return;
    this.known.set(end.liveId, true);
    attendance.forget(end.liveId);
    bus.emit('live.over', end, { scope: 'node' });
  }

  /** Users are no longer in a chat: their devices here leave its streams. */
  async removed(chatId: string, userIds: string[]): Promise<void> {
    const seats = userIds.flatMap((userId) => this.parts.seats.ofUser(userId));
    await this.putOut(seats.filter((seat) => chatIdOf(seat) === chatId));
  }

  /**
   * A user's place in a chat, a block between them and somebody, or their role may be other than this node
   * has heard. What is as it should be stays so: this may be asked any number of times.
   */
  async doubted(accessChange: AccessChange): Promise<void> {
    const key = `${accessChange.kind} ${accessChange.userId} ${accessChange.chatId ?? ''}`;
    try {
      await this.lookAt(accessChange);
      this.unsettled.delete(key);
    } catch (error) {
      this.unsettled.set(key, accessChange);
      throw error;
    }
  }

  /** Ends here what has ended elsewhere, unheard, and looks at what could not be looked at before. */
  async catchUp(): Promise<void> {
    for (const accessChange of [...this.unsettled.values()]) await this.doubted(accessChange);
    await this.settle(this.parts.seats.streams());
  }

  private async lookAt({ kind, userId, chatId }: AccessChange): Promise<void> {
    if (kind === 'login') {
      await this.lookAtHost(userId);
      return;
    }
    const isConcerned = (seat: TakenSeat) =>
      kind === 'block' ? chatIdOf(seat) !== undefined : chatIdOf(seat) === chatId;
    const { seats, streams } = this.parts;
    const own = seats.ofUser(userId).filter(isConcerned);
    const shown = seats.streams().filter((seat) => seat.hostId === userId && isConcerned(seat));
    for (const seat of new Map([...own, ...shown].map((one) => [one.liveId, one])).values()) {
      if (await streams.mayWatch(userId, seat.stream)) continue;
      // Asked in this order, what is decided in between does not put out the host, or both sides of a block,
      // of a stream that is over for everybody.
      if (await streams.mayGoOn(seat.stream)) {
        await this.putOut(own.filter(({ liveId }) => liveId === seat.liveId));
      } else await this.end(seat);
    }
  }

  /** A role decides only about streams to everybody, and the node that the host is on sees to those. */
  private async lookAtHost(userId: string): Promise<void> {
    const { seats, streams } = this.parts;
    const shown = seats.ofUser(userId).filter((seat) => isHostSeat(seat) && !chatIdOf(seat));
    for (const seat of shown) if (!(await streams.mayGoOn(seat.stream))) await this.end(seat);
  }

  /** Ends a stream that its host may no longer show, or finds that another node was first. */
  private async end(seat: TakenSeat): Promise<void> {
    if (!(await this.parts.host.finish(seat.stream, 'not_allowed'))) await this.settle([seat]);
  }

  private async settle(doubtful: TakenSeat[]): Promise<void> {
    if (doubtful.length === 0) return;
    const { access, models } = this.parts;
    const ids = doubtful.map(({ stream }) => stream._id);
    const over = await models.streams.find({ _id: trusted({ $in: ids }), status: 'ended' }).lean();
    for (const stream of over) {
      // Who hears that their stream was taken from them is told why when they begin another one.
      if (stream.chatId && stream.endReason === 'not_allowed') {
        access.forget(stream.chatId.toHexString());
      }
      this.over(liveEnded(stream));
    }
  }

  /** All but the writes happens at once, so that no failure leaves anybody where they may not be. */
  private async putOut(taken: TakenSeat[]): Promise<void> {
    const { attendance, bus, clock, seats, unseat } = this.parts;
    const at = new Date(clock.now()).toISOString();
    for (const { liveId, hostId, userId, socketId } of taken) {
      seats.vacate(liveId, socketId);
      // The first of a user's devices takes the others along.
      bus.emit(
        'live.put_out',
        { liveId, hostId, userId, at, audience: audiences.seats(liveId, userId) },
        { scope: 'node' },
      );
      unseat(liveId, userId);
    }
    await Promise.all(
      taken.map(({ liveId, userId, socketId }) => attendance.viewerLeft(liveId, userId, socketId)),
    );
  }
}
