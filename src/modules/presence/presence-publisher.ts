import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { LoadMonitor } from '../../platform/load-monitor.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { UserEvents } from '../users/index.js';
import type { PresenceAudiences } from './presence-audiences.js';
import { presenceAudience } from './presence-audiences.js';
import type { PresenceProfile, PresenceReader } from './presence-reader.js';
import { UNKNOWN_PROFILE } from './presence-reader.js';
import type { PresenceStore } from './presence-store.js';
import type { PresenceEvents } from './presence.events.js';

/**
 * What is owed to those who may know of a user: that they have come (unless they hide), that they have gone,
 * or their presence, whatever it is.
 */
export type Update = 'arrival' | 'departure' | 'presence';

/** Publishes to those who may know that a user has come, gone, or changed. */
export class PresencePublisher {
  /** The last piece of work for a user. */
  private readonly turns = new Map<string, Promise<void>>();
  /** Updates that failed, or that the process was too busy for; by user, at most one of each kind. */
  private readonly postponed = new Map<string, Map<Update, () => Promise<void>>>();

  readonly subscriptions: Subscription<Pick<UserEvents, 'user.deactivated'>>[] = [
    {
      event: 'user.deactivated',
      phase: 'effects',
      on: 'origin',
      does: 'tells those who may know of the user that the account is closed',
      run: ({ userId }) => this.publishClosing(userId),
    },
  ];

  constructor(
    private readonly deps: {
      store: Pick<PresenceStore, 'online'>;
      audiences: Pick<PresenceAudiences, 'of'>;
      directory: {
        presenceProfiles(userIds: string[]): Promise<Map<string, PresenceProfile>>;
        setLastSeen(userId: string, at: Date): Promise<void>;
      };
      bus: Publisher<PresenceEvents>;
      reader: Pick<PresenceReader, 'states'>;
      load: Pick<LoadMonitor, 'isShedding'>;
    },
  ) {}

  /**
   * Works on one user at a time, so that what is published of them keeps its order. Each step of the work
   * needs a deadline of its own: a step that never ends would end the user's updates for good, and a
   * deadline around the whole would let the rest run on beside the next one's turn.
   */
  async inTurn(userId: string, work: () => Promise<void>): Promise<void> {
    const before = this.turns.get(userId) ?? Promise.resolve();
    const turn = before.then(work);
    const settledTurn = turn.catch(() => undefined);
    this.turns.set(userId, settledTurn);
    void settledTurn.then(() => {
      if (this.turns.get(userId) === settledTurn) this.turns.delete(userId);
    });
    return turn;
  }

  /** Waits for the work under way. */
  async idle(): Promise<void> {
    await Promise.all(this.turns.values());
  }

  /** Does the work, in the user's turn; if it fails, the next {@link catchUp} runs `again`. */
  async attempt(
    userId: string,
    update: Update,
    work: () => Promise<void>,
    again = work,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.postpone(userId, update, again);
      throw error;
    }
  }

  /** Leaves the work to the next {@link catchUp}; it replaces an earlier update of its kind. */
  postpone(userId: string, update: Update, work: () => Promise<void>): void {
    const owed = this.postponed.get(userId) ?? new Map<Update, () => Promise<void>>();
    this.postponed.set(userId, owed);
    owed.delete(update);
    owed.set(update, work);
  }

  /**
   * Publishes the user's presence as it is now, or postpones that while the process is busy.
   *
   * @param chatIds the user's chats, where the caller knows them.
   */
  async publish(userId: string, chatIds?: string[]): Promise<void> {
    if (this.deps.load.isShedding('signals')) {
      this.postpone(userId, 'presence', () => this.publish(userId));
      return;
    }
    const [states, known] = await withDeadline(
      Promise.all([this.deps.reader.states([userId]), this.deps.audiences.of(userId, chatIds)]),
      QUEUE_STEP_MS,
    );
    this.deps.bus.emit(
      'presence.changed',
      { userId, ...states.get(userId)!, audience: presenceAudience(userId, known) },
      { scope: 'cluster' },
    );
  }

  /**
   * Publishes what was postponed: each update once, whatever has happened meanwhile. Ends with the first
   * failure, because the next update would hardly fare better; its user is then the last in the queue.
   */
  async catchUp(): Promise<void> {
    for (const [userId, owed] of this.postponed) {
      if (this.deps.load.isShedding('signals')) return;
      this.postponed.delete(userId);
      await this.inTurn(userId, async () => {
        for (const [update, work] of owed) {
          await work();
          owed.delete(update);
        }
      }).catch((error: unknown) => {
        const since = this.postponed.get(userId);
        this.postponed.set(userId, new Map([...owed, ...(since ?? [])]));
        throw error;
      });
    }
  }

  /** Publishes that the user has left, unless they are on another node, or had left when they hid. */
  async publishDeparture(userId: string, at: Date): Promise<void> {
    const stillHere = await this.deps.store.online([userId]);
    if (stillHere.has(userId)) return;
    if (await this.recordLastSeen(userId, at)) await this.publish(userId);
  }

  private async publishClosing(userId: string): Promise<void> {
    const known = await withDeadline(this.deps.audiences.of(userId), QUEUE_STEP_MS);
    this.deps.bus.emit(
      'contact.closed',
      { userId, audience: presenceAudience(userId, known) },
      { scope: 'cluster' },
    );
  }

  /** What a user has chosen to show. */
  async profile(userId: string): Promise<PresenceProfile> {
    const profiles = this.deps.directory.presenceProfiles([userId]);
    return (await withDeadline(profiles, QUEUE_STEP_MS)).get(userId) ?? UNKNOWN_PROFILE;
  }

  /** Records when a user left; not of those who hide, who left when they hid. Answers whether it did. */
  private async recordLastSeen(userId: string, at: Date): Promise<boolean> {
    const { status } = await this.profile(userId);
    if (status === 'offline') return false;
    await withDeadline(this.deps.directory.setLastSeen(userId, at), QUEUE_STEP_MS);
    return true;
  }
}
