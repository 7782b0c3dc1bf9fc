import type { Publisher } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { UserStatus } from '../users/index.js';
import type { PresencePublisher } from './presence-publisher.js';
import type { PresenceEvents } from './presence.events.js';
import type { PresenceStore } from './presence-store.js';

/** What somebody chooses to show; an absent `customStatus` stays as it is. */
export interface ChosenStatus {
  status: UserStatus;
  customStatus?: string | undefined;
}

/** What choosing is built from. */
export interface StatusChooserParts {
  store: Pick<PresenceStore, 'online'>;
  directory: {
    setStatus(userId: string, status: UserStatus, customStatus?: string): Promise<void>;
    setLastSeen(userId: string, at: Date): Promise<void>;
  };
  announcer: PresencePublisher;
  bus: Publisher<PresenceEvents>;
  clock: Clock;
}

/** People choose how they show: online, away, busy, or offline, which hides them. */
export class StatusChooser {
  constructor(private readonly parts: StatusChooserParts) {}

  /** Takes the status that somebody has chosen, and tells those who may know. */
  async choose(actor: Actor, { status, customStatus }: ChosenStatus): Promise<ChosenStatus> {
    const { userId } = actor;
    const { announcer, bus, directory } = this.parts;
    await announcer.inTurn(userId, async () => {
      const before = await announcer.profile(userId);
      const choose = async () => {
        await withDeadline(directory.setStatus(userId, status, customStatus), QUEUE_STEP_MS);
        bus.emit('presence.chosen', { userId, status }, { scope: 'cluster' });
        const isSame =
          before.status === status &&
          (customStatus === undefined || before.customStatus === customStatus);
        if (!isSame && !(status === 'offline' && before.status === 'offline')) {
          await this.tell(userId, status);
        }
      };
      // What has failed may have been written all the same; and who asks again finds it chosen already.
      const tellWhatStands = async () => {
        const { status: standing } = await announcer.profile(userId);
        bus.emit('presence.chosen', { userId, status: standing }, { scope: 'cluster' });
        await this.tell(userId, standing);
      };
      await announcer.attempt(userId, 'announcement', choose, tellWhatStands);
    });
    return { status, ...(customStatus !== undefined && { customStatus }) };
  }

  private async tell(userId: string, status: UserStatus): Promise<void> {
    const { announcer, directory, clock, store } = this.parts;
    if (!(await store.online([userId])).has(userId)) return;
    if (status === 'offline') {
      await withDeadline(directory.setLastSeen(userId, new Date(clock.now())), QUEUE_STEP_MS);
    }
    await announcer.tell(userId);
  }
}
