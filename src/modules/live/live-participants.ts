import { AppError } from '../../shared/errors.js';
import type { LiveStreamDoc } from './live.model.js';

/** A device that wants to take part in a stream, and its connection. */
export interface LiveDevice {
  readonly id: string;
  /** Whether the device is still connected. */
  readonly isConnected: boolean;
  /** Lets the device hear what is said on a stream. */
  enter(liveId: string): void;
  /** Ends that. */
  leave(liveId: string): void;
}

/** One device that takes part in one stream. */
export interface Participant {
  stream: LiveStreamDoc;
  liveId: string;
  hostId: string;
  userId: string;
  socketId: string;
}

/**
 * Whether a device whose joining has failed leaves the stream: not when it took part before, and the fault
 * is one that passes.
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
  add(stream: LiveStreamDoc, userId: string, socketId: string): void {
    const liveId = stream._id.toHexString();
    if (this.has(liveId, socketId)) return;
    const participant = { stream, liveId, hostId: stream.hostId.toHexString(), userId, socketId };
    for (const index of [this.byDevice, this.byStream, this.byUser]) index.add(participant);
  }

  /** A device no longer does. */
  remove(liveId: string, socketId: string): void {
    const participant = this.find(liveId, socketId);
    if (!participant) return;
    for (const index of [this.byDevice, this.byStream, this.byUser]) index.delete(participant);
  }

  /** Nobody takes part in a stream any more. */
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
