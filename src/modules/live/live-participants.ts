import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { LiveEvents } from './live.events.js';
import type {
  LiveStream,
  LiveStreamsRepository,
  LiveViewersRepository,
} from './live.repository.js';

/** A device that wants to take part in a stream, and its connection. */
export interface LiveDevice {
  readonly id: string;
  /** Whether the device is still connected. */
  readonly isConnected: boolean;
  /** Subscribes the device to a stream's events. */
  enter(liveId: string): void;
  /** Ends that. */
  leave(liveId: string): void;
}

/** One device that takes part in one stream. */
export interface Participant {
  stream: LiveStream;
  liveId: string;
  hostId: string;
  userId: string;
  socketId: string;
}

/**
 * Whether a device whose joining has failed leaves the stream: not when it took part before and the error is
 * temporary.
 */
export const leavesAfter = (error: unknown, tookPart: boolean): boolean =>
  !tookPart || (error instanceof AppError && error.status < 500);

/** Whether it is the host's own device. */
export const isHostDevice = ({ hostId, userId }: Participant): boolean => userId === hostId;

/** Participants under a key that several share; a key without participants is not kept. */
class ParticipantIndex {
  private readonly participants = new Map<string, Set<Participant>>();

  constructor(private readonly keyOf: (participant: Participant) => string) {}

  add(participant: Participant): void {
    const key = this.keyOf(participant);
    const known = this.participants.get(key);
    if (known) known.add(participant);
    else this.participants.set(key, new Set([participant]));
  }

  delete(participant: Participant): void {
    const key = this.keyOf(participant);
    const known = this.participants.get(key);
    known?.delete(participant);
    if (known?.size === 0) this.participants.delete(key);
  }

  of(key: string): Participant[] {
    return [...(this.participants.get(key) ?? [])];
  }

  keys(): string[] {
    return [...this.participants.keys()];
  }

  /** One participant of each key. */
  firsts(): Participant[] {
    return [...this.participants.values()].flatMap(([first]) => first ?? []);
  }
}

/** This node's devices that take part in streams. */
export class LiveParticipants {
  private readonly byDevice = new ParticipantIndex(({ socketId }) => socketId);
  private readonly byStream = new ParticipantIndex(({ liveId }) => liveId);
  private readonly byUser = new ParticipantIndex(({ userId }) => userId);

  /** A user's device takes part in a stream. */
  add(stream: LiveStream, userId: string, socketId: string): void {
    const liveId = stream._id.toHexString();
    if (this.has(liveId, socketId)) return;
    const participant = { stream, liveId, hostId: stream.hostId.toHexString(), userId, socketId };
    for (const index of [this.byDevice, this.byStream, this.byUser]) index.add(participant);
  }

  /** A device no longer takes part. */
  remove(liveId: string, socketId: string): void {
    const participant = this.find(liveId, socketId);
    if (!participant) return;
    for (const index of [this.byDevice, this.byStream, this.byUser]) index.delete(participant);
  }

  /** Removes all participants of a stream. */
  removeAll(liveId: string): void {
    for (const { socketId } of this.ofStream(liveId)) this.remove(liveId, socketId);
  }

  has(liveId: string, socketId: string): boolean {
    return this.find(liveId, socketId) !== undefined;
  }

  ofDevice(socketId: string): Participant[] {
    return this.byDevice.of(socketId);
  }

  ofStream(liveId: string): Participant[] {
    return this.byStream.of(liveId);
  }

  ofUser(userId: string): Participant[] {
    return this.byUser.of(userId);
  }

  /** Every device that takes part in a stream. */
  devices(): string[] {
    return this.byDevice.keys();
  }

  /** Every stream with a participant, by one of them. */
  streams(): Participant[] {
    return this.byStream.firsts();
  }

  private find(liveId: string, socketId: string): Participant | undefined {
    return this.byDevice.of(socketId).find((participant) => participant.liveId === liveId);
  }
}

/**
 * Who takes part in which stream, as leases in the database: the devices of this node are renewed while
 * they are connected, and those of a node that crashed run out.
 *
 * A device may disconnect, or lose its right, while its joining is still being written. So the caller checks
 * after the write whether the device still takes part, and removes it if not.
 */
export class LiveLeases {
  constructor(
    private readonly deps: {
      streams: LiveStreamsRepository;
      viewers: LiveViewersRepository;
      participants: LiveParticipants;
      bus: Publisher<LiveEvents>;
      clock: Clock;
      /** How long a host or viewer counts as connected without a renewal, in milliseconds. */
      leaseMs: number;
      /** How long a stream waits for a host who has disconnected, in milliseconds. */
      graceMs: number;
    },
  ) {}

  /**
   * A device of the host is connected: the stream continues. A device that has disconnected meanwhile does
   * not count.
   */
  async hostArrived(stream: LiveStream, device: LiveDevice): Promise<void> {
    const { leaseMs, participants, streams } = this.deps;
    participants.add(stream, stream.hostId.toHexString(), device.id);
    await streams.extend(stream._id, this.after(leaseMs));
    // It disconnected before it took part, or its grace period was written before the lease.
    if (!device.isConnected) await this.hostLeft(stream, device.id);
  }

  /**
   * A device of the host has disconnected: after the grace period the stream ends, unless another one is
   * connected.
   */
  async hostLeft(stream: LiveStream, socketId: string): Promise<void> {
    const { graceMs, participants, streams } = this.deps;
    const liveId = stream._id.toHexString();
    participants.remove(liveId, socketId);
    if (participants.ofStream(liveId).some(isHostDevice)) return;
    await streams.extend(stream._id, this.after(graceMs));
  }

  /** A device watches; answers whether it is the user's first. */
  async viewerArrived(stream: LiveStream, userId: string, socketId: string): Promise<boolean> {
    const { leaseMs, participants, viewers } = this.deps;
    const wasViewing = await this.isViewing(stream._id.toHexString(), userId);
    participants.add(stream, userId, socketId);
    await viewers.add(stream._id, { userId, socketId }, this.after(leaseMs));
    return !wasViewing;
  }

  /** A device no longer watches; when it was the user's last, the others are notified. */
  async viewerLeft(liveId: string, userId: string, socketId: string): Promise<void> {
    const { bus, participants, viewers } = this.deps;
    participants.remove(liveId, socketId);
    const wasViewing = await viewers.remove(liveId, socketId);
    if (!wasViewing || (await this.isViewing(liveId, userId))) return;
    const viewerCount = await this.viewerCount(liveId);
    bus.emit(
      'live.viewer_left',
      { liveId, userId, viewerCount, audience: audiences.stream(liveId) },
      { scope: 'cluster' },
    );
  }

  /** A device has disconnected. */
  async disconnected(socketId: string): Promise<void> {
    // It leaves all streams in memory before the first `await` of a write: after a failed write a lease is
    // left, which runs out because nothing renews it.
    await Promise.all(
      this.deps.participants
        .ofDevice(socketId)
        .map((participant) =>
          isHostDevice(participant)
            ? this.hostLeft(participant.stream, socketId)
            : this.viewerLeft(participant.liveId, participant.userId, socketId),
        ),
    );
  }

  /** Whether a user watches on any device of any node. */
  isViewing(liveId: string, userId: string): Promise<boolean> {
    return this.deps.viewers.isViewing(liveId, userId, this.after(0));
  }

  /** How many people watch. */
  viewerCount(liveId: string): Promise<number> {
    return this.deps.viewers.count(liveId, this.after(0));
  }

  /** Renews the leases of this node's devices; called well before they run out. */
  async renew(): Promise<void> {
    const { leaseMs, participants, streams, viewers } = this.deps;
    const hosted = participants
      .streams()
      .filter(({ hostId, liveId }) =>
        participants.ofUser(hostId).some((participant) => participant.liveId === liveId),
      )
      .map(({ stream }) => stream._id);
    const socketIds = participants.devices();
    const until = this.after(leaseMs);
    await Promise.all([
      hosted.length > 0 && streams.extendAll(hosted, until),
      socketIds.length > 0 && viewers.renew(socketIds, until),
    ]);
  }

  private after(ms: number): Date {
    return new Date(this.deps.clock.now() + ms);
  }
}
