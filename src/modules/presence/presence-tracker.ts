import type { Subscription } from '../../platform/event-bus.js';
import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import type { UserStatus } from '../users/index.js';
import type { PresencePublisher } from './presence-publisher.js';
import type { PresenceEvents } from './presence.events.js';
import type { PresenceStore } from './presence-store.js';

/** What counting is built from. */
export interface AttendanceParts {
  store: PresenceStore;
  announcer: PresencePublisher;
  clock: Clock;
  logger: Logger;
  /** How long after the last connection a user still counts as here, in milliseconds. */
  graceMs: number;
}

/**
 * Who is here. A user is here while one of their sockets is on any node, and for a grace period after
 * the last, so that a short loss of the network is not announced to everybody. Whoever has chosen to be
 * `offline` looks as if they had left when they chose it, whatever they do.
 */
export class PresenceTracker {
  /** Sockets on this node, by user. */
  private readonly sockets = new Map<string, Set<string>>();
  /** Users whose last socket on this node has gone a moment ago. */
  private readonly leaving = new Map<string, { timer: NodeJS.Timeout; at: Date }>();
  /** What the users on this node have chosen to show. */
  private readonly chosen = new Map<string, Promise<UserStatus>>();

  constructor(private readonly parts: AttendanceParts) {}

  readonly subscriptions: Subscription<PresenceEvents>[] = [
    {
      event: 'presence.chosen',
      phase: 'state',
      on: 'every-node',
      does: 'notes what the user has chosen to show',
      run: ({ userId, status }) => {
        if (this.sockets.has(userId)) this.chosen.set(userId, Promise.resolve(status));
      },
    },
  ];

  /**
   * Counts a socket in; tells the others when it is the user's first anywhere.
   *
   * @param chatIds the chats that the user is in, as they were looked up for the socket.
   */
  async connect(userId: string, socketId: string, chatIds?: string[]): Promise<void> {
    const { announcer, store } = this.parts;
    const known = this.sockets.get(userId);
    if (known) {
      known.add(socketId);
      return;
    }
    this.sockets.set(userId, new Set([socketId]));
    const chosen = announcer.profile(userId).then(({ status }) => status);
    this.chosen.set(userId, chosen);
    chosen.catch(() => {
      // Nobody may be waiting for it; whoever asks next looks it up.
      if (this.chosen.get(userId) === chosen) this.chosen.delete(userId);
    });
    const left = this.leaving.get(userId);
    this.leaving.delete(userId);
    clearTimeout(left?.timer);
    await announcer.inTurn(userId, async () => {
      // Whatever else fails: whoever is not noted now is not noted while this socket lasts.
      if (left || !(await store.enter(userId))) return;
      const showUp = (known?: string[]) => () => this.showUp(userId, known);
      await announcer.attempt(userId, 'arrival', showUp(chatIds), showUp());
    });
  }

  /** Counts a socket out; after the last one's grace period the others are told. */
  disconnect(userId: string, socketId: string): void {
    const { announcer, clock, logger, store, graceMs } = this.parts;
    const known = this.sockets.get(userId);
    if (!known?.delete(socketId) || known.size > 0) return;
    this.sockets.delete(userId);
    this.chosen.delete(userId);
    const at = new Date(clock.now());
    const timer = setTimeout(() => {
      this.leaving.delete(userId);
      const departure = announcer.inTurn(userId, async () => {
        if (!(await store.leave(userId))) return;
        await announcer.attempt(userId, 'departure', () => announcer.depart(userId, at));
      });
      departure.catch((error: unknown) => {
        logger.warn({ err: error }, 'a departure was not announced');
      });
    }, graceMs);
    timer.unref();
    this.leaving.set(userId, { timer, at });
  }

  /** Whether a user on this node has chosen not to be seen. */
  async isHiding(userId: string): Promise<boolean> {
    const chosen = this.chosen.get(userId);
    const status = chosen ? await chosen : (await this.parts.announcer.profile(userId)).status;
    return status === 'offline';
  }

  /**
   * Renews this node's lease and takes over those whom dead nodes have left behind. Whom that concerns is
   * announced by the next `catchUp`: the lease does not wait for it.
   */
  async tick(): Promise<void> {
    const { announcer, store } = this.parts;
    if ((await store.renew()) === 'lapsed') {
      for (const userId of this.sockets.keys()) {
        announcer.later(userId, 'arrival', () => this.showUp(userId));
      }
    }
    // They may be on another node; and those connected there have not been told.
    for (const userId of store.takeUnheard()) {
      announcer.later(userId, 'announcement', () => this.tellAnew(userId));
    }
    for (;;) {
      const orphans = await store.takeOrphans();
      if (!orphans) return;
      for (const userId of orphans.userIds) {
        announcer.later(userId, 'departure', () => announcer.depart(userId, orphans.lastSeen));
      }
    }
  }

  /**
   * Lets go of all users when the node goes down: their clients reconnect elsewhere, and another node
   * announces those who have not after the grace period.
   */
  async settle(): Promise<void> {
    const { announcer, clock, logger, store, graceMs } = this.parts;
    const now = new Date(clock.now());
    const users = new Map([...this.sockets.keys()].map((userId) => [userId, now]));
    for (const [userId, { timer, at }] of this.leaving) {
      clearTimeout(timer);
      users.set(userId, at);
    }
    this.leaving.clear();
    await announcer.catchUp().catch((error: unknown) => {
      logger.warn({ err: error }, 'not everybody was announced before the end');
    });
    await announcer.settled();
    await store.release(graceMs);
    await announcer.noteAllLastSeen(users);
  }

  /** Says where a user stands, unless they hide, which must not show in what is said of them. */
  private async tellAnew(userId: string): Promise<void> {
    const { announcer } = this.parts;
    const { status } = await announcer.profile(userId);
    if (status !== 'offline') await announcer.tell(userId);
  }

  /** Tells that a user is here, unless they hide. */
  private async showUp(userId: string, chatIds?: string[]): Promise<void> {
    if (!(await this.isHiding(userId))) await this.parts.announcer.tell(userId, chatIds);
  }
}
