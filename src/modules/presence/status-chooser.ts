import type { Publisher } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { UserStatus } from '../users/index.js';
import type { PresencePublisher } from './presence-publisher.js';
import type { PresenceStore } from './presence-store.js';
import type { PresenceEvents } from './presence.events.js';

/** What a user chooses to show; an absent `customStatus` stays as it is. */
export interface ChosenStatus {
  status: UserStatus;
  customStatus?: string | undefined;
}

/** Lets users choose how they show: online, away, busy, or offline, which hides them. */
export class StatusChooser {
  constructor(
    private readonly deps: {
      store: Pick<PresenceStore, 'online'>;
      directory: {
        setStatus(userId: string, status: UserStatus, customStatus?: string): Promise<void>;
        setLastSeen(userId: string, at: Date): Promise<void>;
      };
      publisher: Pick<PresencePublisher, 'attempt' | 'inTurn' | 'profile' | 'publish'>;
      bus: Publisher<PresenceEvents>;
      clock: Clock;
    },
  ) {}

  /** Stores the chosen status, and publishes it to those who may know. */
  async choose(actor: Actor, { status, customStatus }: ChosenStatus): Promise<ChosenStatus> {
    const { userId } = actor;
    const { publisher, bus, directory } = this.deps;
    await publisher.inTurn(userId, async () => {
      const before = await publisher.profile(userId);
      const choose = async () => {
        await withDeadline(directory.setStatus(userId, status, customStatus), QUEUE_STEP_MS);
        bus.emit('presence.chosen', { userId, status }, { scope: 'cluster' });
        const isSame =
          before.status === status &&
          (customStatus === undefined || before.customStatus === customStatus);
        if (!isSame && !(status === 'offline' && before.status === 'offline')) {
          await this.publishIfHere(userId, status);
        }
      };
      // A failed write may have been stored all the same, and a retry then finds the status unchanged.
      const publishStored = async () => {
        const { status: stored } = await publisher.profile(userId);
        bus.emit('presence.chosen', { userId, status: stored }, { scope: 'cluster' });
        await this.publishIfHere(userId, stored);
      };
      await publisher.attempt(userId, 'presence', choose, publishStored);
    });
    return { status, ...(customStatus !== undefined && { customStatus }) };
  }

  private async publishIfHere(userId: string, status: UserStatus): Promise<void> {
    const { publisher, directory, clock, store } = this.deps;
    if (!(await store.online([userId])).has(userId)) return;
    if (status === 'offline') {
      await withDeadline(directory.setLastSeen(userId, new Date(clock.now())), QUEUE_STEP_MS);
    }
    await publisher.publish(userId);
  }
}
