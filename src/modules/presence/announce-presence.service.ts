import type { Publisher } from '../../platform/event-bus.js';
import type { LoadMonitor } from '../../platform/load-monitor.js';
import type { PresenceAudiences } from './presence-audience.service.js';
import type { PresenceEvents } from './presence.events.js';
import type { PresenceProfile } from './presence.view.js';
import { UNKNOWN_PROFILE } from './presence.view.js';
import type { PresenceStore } from './presence-store.js';
import type { SeePresence } from './see-presence.service.js';

/** What announcing is built from. */
export interface AnnouncePresenceParts {
  store: Pick<PresenceStore, 'online'>;
  audiences: PresenceAudiences;
  directory: {
    presenceProfiles(userIds: string[]): Promise<Map<string, PresenceProfile>>;
    setLastSeen(userId: string, at: Date): Promise<void>;
  };
  bus: Publisher<PresenceEvents>;
  see: SeePresence;
  /** Says whether the process is too busy for announcements. */
  load: Pick<LoadMonitor, 'isShedding'>;
}

/** Tells those who may know that somebody has come, gone, or changed. */
export class AnnouncePresence {
  /** The last piece of work for a user. */
  private readonly turns = new Map<string, Promise<void>>();
  /** Users of whom something was to be told while the process was busy; at most everybody it has met. */
  private readonly putOff = new Set<string>();

  constructor(private readonly parts: AnnouncePresenceParts) {}

  /** Works on one user at a time, so that what is announced of them keeps its order. */
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

  /**
   * Says where the user stands now, or puts that off while the process is busy; `chatIds` are the user's
   * chats, where they are known.
   */
  async announce(userId: string, chatIds?: string[]): Promise<void> {
    if (this.parts.load.isShedding('signals')) {
      this.putOff.add(userId);
      return;
    }
    const [states, audience] = await Promise.all([
      this.parts.see.states([userId]),
      this.parts.audiences.of(userId, chatIds),
    ]);
    this.parts.bus.publish('presence.changed', { userId, ...states.get(userId)!, ...audience });
  }

  /** Says where those stand of whom it was put off: once for each, whatever has happened meanwhile. */
  async catchUp(): Promise<void> {
    for (const userId of this.putOff) {
      if (this.parts.load.isShedding('signals')) return;
      this.putOff.delete(userId);
      await this.inTurn(userId, () => this.announce(userId));
    }
  }

  /** Says that the user has left, unless they are on another node, or had left when they hid. */
  async depart(userId: string, at: Date): Promise<void> {
    const stillHere = await this.parts.store.online([userId]);
    if (stillHere.has(userId)) return;
    if (await this.noteLastSeen(userId, at)) await this.announce(userId);
  }

  /** Notes when a user left; not of the invisible, who left when they hid. Answers whether it did. */
  async noteLastSeen(userId: string, at: Date): Promise<boolean> {
    const { status } = await this.profile(userId);
    if (status === 'offline') return false;
    await this.parts.directory.setLastSeen(userId, at);
    return true;
  }

  /** What a user has said of themselves. */
  async profile(userId: string): Promise<PresenceProfile> {
    return (await this.parts.directory.presenceProfiles([userId])).get(userId) ?? UNKNOWN_PROFILE;
  }
}
