import type { Publisher } from '../../platform/event-bus.js';
import type { LoadMonitor } from '../../platform/load-monitor.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { presenceAudience } from './presence-audience.js';
import type { PresenceAudiences } from './presence-audiences.js';
import type { PresenceEvents } from './presence.events.js';
import type { PresenceProfile } from './presence.view.js';
import { UNKNOWN_PROFILE } from './presence.view.js';
import type { PresenceStore } from './presence-store.js';
import type { PresenceReader } from './presence-reader.js';

/** What announcing is built from. */
export interface PresencePublisherParts {
  store: Pick<PresenceStore, 'online'>;
  audiences: PresenceAudiences;
  directory: {
    presenceProfiles(userIds: string[]): Promise<Map<string, PresenceProfile>>;
    setLastSeen(userId: string, at: Date): Promise<void>;
    setLastSeenOfMany(left: Map<string, Date>): Promise<void>;
  };
  bus: Publisher<PresenceEvents>;
  see: PresenceReader;
  /** Says whether the process is too busy for announcements. */
  load: Pick<LoadMonitor, 'isShedding'>;
}

/**
 * What is owed to those who may know of a user: to say that they have come (unless they hide), that they
 * have gone, or where they stand, whatever that is.
 */
export type Errand = 'arrival' | 'departure' | 'announcement';

/** Tells those who may know that somebody has come, gone, or changed. */
export class PresencePublisher {
  /** The last piece of work for a user. */
  private readonly turns = new Map<string, Promise<void>>();
  /**
   * What could not be told of users, because the process was busy or the database did not answer; of at
   * most everybody it has met.
   */
  private readonly putOff = new Map<string, Map<Errand, () => Promise<void>>>();

  constructor(private readonly parts: PresencePublisherParts) {}

  /**
   * Works on one user at a time, so that what is announced of them keeps its order. Each step of the work
   * needs a deadline of its own: what is lost without an answer would end the user's presence for good,
   * and a deadline around the whole would let the rest run on beside the next one's turn.
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
  async settled(): Promise<void> {
    await Promise.all(this.turns.values());
  }

  /** Does the work, in the user's turn; if it fails, the next {@link catchUp} does it again. */
  async attempt(
    userId: string,
    errand: Errand,
    work: () => Promise<void>,
    again = work,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.later(userId, errand, again);
      throw error;
    }
  }

  /** Leaves the work to the next {@link catchUp}; it takes the place of an earlier one of its kind. */
  later(userId: string, errand: Errand, work: () => Promise<void>): void {
    const owed = this.putOff.get(userId) ?? new Map<Errand, () => Promise<void>>();
    this.putOff.set(userId, owed);
    owed.delete(errand);
    owed.set(errand, work);
  }

  /** Says where the user stands now, and again if that fails; see {@link tell}. */
  async announce(userId: string): Promise<void> {
    await this.attempt(userId, 'announcement', () => this.tell(userId));
  }

  /**
   * Says where the user stands now, or puts that off while the process is busy; `chatIds` are the user's
   * chats, where they are known.
   */
  async tell(userId: string, chatIds?: string[]): Promise<void> {
    if (this.parts.load.isShedding('signals')) {
      this.later(userId, 'announcement', () => this.tell(userId));
      return;
    }
    const [states, known] = await withDeadline(
      Promise.all([this.parts.see.states([userId]), this.parts.audiences.of(userId, chatIds)]),
      QUEUE_STEP_MS,
    );
    this.parts.bus.emit(
      'presence.changed',
      { userId, ...states.get(userId)!, audience: presenceAudience(userId, known) },
      { scope: 'cluster' },
    );
  }

  /**
   * Tells what was put off: once for each, whatever has happened meanwhile. Ends with the first failure,
   * because the next one would hardly fare better; whom it concerns is then the last in the row.
   */
  async catchUp(): Promise<void> {
    for (const [userId, owed] of this.putOff) {
      if (this.parts.load.isShedding('signals')) return;
      this.putOff.delete(userId);
      await this.inTurn(userId, async () => {
        for (const [errand, work] of owed) {
          await work();
          owed.delete(errand);
        }
      }).catch((error: unknown) => {
        const since = this.putOff.get(userId);
        this.putOff.set(userId, new Map([...owed, ...(since ?? [])]));
        throw error;
      });
    }
  }

  /** Says that the user has left, unless they are on another node, or had left when they hid. */
  async depart(userId: string, at: Date): Promise<void> {
    const stillHere = await this.parts.store.online([userId]);
    if (stillHere.has(userId)) return;
    if (await this.noteLastSeen(userId, at)) await this.tell(userId);
  }

  /** Notes when a user left; not of the invisible, who left when they hid. Answers whether it did. */
  async noteLastSeen(userId: string, at: Date): Promise<boolean> {
    const { status } = await this.profile(userId);
    if (status === 'offline') return false;
    await withDeadline(this.parts.directory.setLastSeen(userId, at), QUEUE_STEP_MS);
    return true;
  }

  /** As {@link noteLastSeen}, of any number of users at once. */
  async noteAllLastSeen(left: Map<string, Date>): Promise<void> {
    await this.parts.directory.setLastSeenOfMany(left);
  }

  /** What a user has said of themselves. */
  async profile(userId: string): Promise<PresenceProfile> {
    const profiles = this.parts.directory.presenceProfiles([userId]);
    return (await withDeadline(profiles, QUEUE_STEP_MS)).get(userId) ?? UNKNOWN_PROFILE;
  }
}
