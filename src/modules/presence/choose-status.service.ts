import type { Publisher } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { UserStatus } from '../users/index.js';
import type { AnnouncePresence } from './announce-presence.service.js';
import type { PresenceEvents } from './presence.events.js';
import type { PresenceStore } from './presence-store.js';

/** What somebody chooses to show; an absent `customStatus` stays as it is. */
export interface ChosenStatus {
  status: UserStatus;
  customStatus?: string | undefined;
}

/** What choosing is built from. */
export interface ChooseStatusParts {
  store: Pick<PresenceStore, 'online'>;
  directory: {
    setStatus(userId: string, status: UserStatus, customStatus?: string): Promise<void>;
    setLastSeen(userId: string, at: Date): Promise<void>;
  };
  announcer: AnnouncePresence;
  bus: Publisher<PresenceEvents>;
  clock: Clock;
}

/** People choose how they show: online, away, busy, or offline, which hides them. */
export class ChooseStatus {
  constructor(private readonly parts: ChooseStatusParts) {}

  /** Takes the status that somebody has chosen, and tells those who may know. */
  async choose(actor: Actor, { status, customStatus }: ChosenStatus): Promise<ChosenStatus> {
    const { userId } = actor;
    const { announcer, bus, directory, clock, store } = this.parts;
    await announcer.inTurn(userId, async () => {
      const before = await announcer.profile(userId);
      await withDeadline(directory.setStatus(userId, status, customStatus), QUEUE_STEP_MS);
      bus.publish('presence.chosen', { userId, status });
      const isHere = (await store.online([userId])).has(userId);
      const isHiding = status === 'offline';
      const isSame =
        before.status === status &&
        (customStatus === undefined || before.customStatus === customStatus);
      if (!isHere || isSame || (isHiding && before.status === 'offline')) return;
      if (isHiding) {
        const now = new Date(clock.now());
        await withDeadline(directory.setLastSeen(userId, now), QUEUE_STEP_MS);
      }
      await announcer.announce(userId);
    });
    return { status, ...(customStatus !== undefined && { customStatus }) };
  }
}
