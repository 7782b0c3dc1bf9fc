import { AppError } from '../../shared/errors.js';
import type { LiveStreamDoc } from './live.model.js';

/** A device that comes to a stream. */
export interface LiveSeat {
  readonly id: string;
  /** Whether the device is still connected. */
  readonly isConnected: boolean;
  /** Lets the device hear what is said on a stream. */
  enter(liveId: string): void;
  /** Ends that. */
  leave(liveId: string): void;
}

/** One device in one stream. */
export interface TakenSeat {
  stream: LiveStreamDoc;
  liveId: string;
  hostId: string;
  userId: string;
  socketId: string;
}

/**
 * Whether a device that could not come to a stream gives its seat up: not when it had it before, and only
 * something passing stood in the way.
 */
export const losesSeat = (error: unknown, wasSeated: boolean): boolean =>
  !wasSeated || (error instanceof AppError && error.status < 500);

/** Whether it is the host's own device. */
export const isHostSeat = ({ hostId, userId }: TakenSeat): boolean => userId === hostId;

/** Seats under a key that several share; a key without seats is not kept. */
class SeatIndex {
  private readonly seats = new Map<string, Set<TakenSeat>>();

  constructor(private readonly keyOf: (seat: TakenSeat) => string) {}

  add(seat: TakenSeat): void {
    const key = this.keyOf(seat);
    const known = this.seats.get(key);
    if (known) known.add(seat);
    else this.seats.set(key, new Set([seat]));
  }

  delete(seat: TakenSeat): void {
    const key = this.keyOf(seat);
    const known = this.seats.get(key);
    known?.delete(seat);
    if (known?.size === 0) this.seats.delete(key);
  }

  of(key: string): TakenSeat[] {
    return [...(this.seats.get(key) ?? [])];
  }

  keys(): string[] {
    return [...this.seats.keys()];
  }

  /** One seat of each key. */
  firsts(): TakenSeat[] {
    return [...this.seats.values()].flatMap(([first]) => first ?? []);
  }
}

/** This node's devices that take part in streams. */
export class LiveParticipants {
  private readonly byDevice = new SeatIndex(({ socketId }) => socketId);
  private readonly byStream = new SeatIndex(({ liveId }) => liveId);
  private readonly byUser = new SeatIndex(({ userId }) => userId);

  /** A user's device takes part in a stream. */
  take(stream: LiveStreamDoc, userId: string, socketId: string): void {
    const liveId = stream._id.toHexString();
    if (this.has(liveId, socketId)) return;
    const seat = { stream, liveId, hostId: stream.hostId.toHexString(), userId, socketId };
    for (const index of [this.byDevice, this.byStream, this.byUser]) index.add(seat);
  }

  /** A device no longer does. */
  vacate(liveId: string, socketId: string): void {
    const seat = this.find(liveId, socketId);
    if (!seat) return;
    for (const index of [this.byDevice, this.byStream, this.byUser]) index.delete(seat);
  }

  has(liveId: string, socketId: string): boolean {
    return this.find(liveId, socketId) !== undefined;
  }

  ofDevice(socketId: string): TakenSeat[] {
    return this.byDevice.of(socketId);
  }

  ofStream(liveId: string): TakenSeat[] {
    return this.byStream.of(liveId);
  }

  ofUser(userId: string): TakenSeat[] {
    return this.byUser.of(userId);
  }

  /** Every device with a seat. */
  devices(): string[] {
    return this.byDevice.keys();
  }

  /** Every stream with a seat, by one of them. */
  streams(): TakenSeat[] {
    return this.byStream.firsts();
  }

  private find(liveId: string, socketId: string): TakenSeat | undefined {
    return this.byDevice.of(socketId).find((seat) => seat.liveId === liveId);
  }
}
