import type { Subscription } from '../../platform/event-bus.js';
import { ConcurrencyLimiter } from '../../platform/concurrency-limiter.js';
import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { UserStatus } from '../users/index.js';
import type { PresencePublisher } from './presence-publisher.js';
import type { PresenceEvents } from './presence.events.js';
import type { PresenceStore } from './presence-store.js';

/** Departures that are published at a time: after a network has failed, thousands are due at once. */
const DEPARTURES_AT_A_TIME = 8;

/**
 * Knows who is here. A user is here while one of their sockets is on any node, and for a grace period after
 * the last, so that a short loss of the network is not published. Whoever has chosen to be `offline` looks
 * as if they had left when they chose it, whatever they do.
 */
export class PresenceTracker {
  /** Sockets on this node, by user. */
  private readonly sockets = new Map<string, Set<string>>();
  /** Users whose last socket on this node has gone a moment ago. */
  private readonly leaving = new Map<string, { timer: NodeJS.Timeout; at: Date }>();
  /**
   * What the users on this node have chosen to show. No `CachedLookup`: an event says what it is, and it is
   * kept for as long as a socket of the user is here.
   */
  private readonly chosen = new Map<string, Promise<UserStatus>>();

  private readonly departures = new ConcurrencyLimiter({
    concurrency: DEPARTURES_AT_A_TIME,
    // They are no more than the connections there were.
    maxWaiting: Infinity,
    refusal: () => new AppError('OVERLOADED', 'Too many departures'),
  });

  constructor(
    private readonly deps: {
      store: PresenceStore;
      publisher: PresencePublisher;
      directory: { setLastSeenOfMany(left: Map<string, Date>): Promise<void> };
      clock: Clock;
      logger: Logger;
      /** How long after the last connection a user still counts as here, in milliseconds. */
      graceMs: number;
    },
  ) {}

  readonly subscriptions: Subscription<PresenceEvents>[] = [
    {
      event: 'presence.chosen',
      phase: 'state',
      on: 'every-node',
      does: 'remembers what the user has chosen to show',
      run: ({ userId, status }) => {
        if (this.sockets.has(userId)) this.chosen.set(userId, Promise.resolve(status));
      },
    },
  ];

  /**
   * Counts a socket in; publishes the arrival when it is the user's first anywhere.
   *
   * @param chatIds the chats that the user is in, as they were looked up for the socket.
   */
  async connect(userId: string, socketId: string, chatIds?: string[]): Promise<void> {
    const { publisher, store } = this.deps;
    const known = this.sockets.get(userId);
    if (known) {
      known.add(socketId);
      return;
    }
    this.sockets.set(userId, new Set([socketId]));
    const chosen = publisher.profile(userId).then(({ status }) => status);
    this.chosen.set(userId, chosen);
    chosen.catch(() => {
      // Nobody may be waiting for it; `isHiding` looks it up the next time.
      if (this.chosen.get(userId) === chosen) this.chosen.delete(userId);
    });
    const left = this.leaving.get(userId);
    this.leaving.delete(userId);
    clearTimeout(left?.timer);
    await publisher.inTurn(userId, async () => {
      // Before anything that may fail: a user who is not stored now is not stored while this socket lasts.
      if (left || !(await store.enter(userId))) return;
      const publishArrival = (known?: string[]) => () => this.publishArrival(userId, known);
      await publisher.attempt(userId, 'arrival', publishArrival(chatIds), publishArrival());
    });
  }

  /** Counts a socket out; after the last one's grace period the departure is published. */
  disconnect(userId: string, socketId: string): void {
    const { publisher, clock, logger, store, graceMs } = this.deps;
    const known = this.sockets.get(userId);
    if (!known?.delete(socketId) || known.size > 0) return;
    this.sockets.delete(userId);
    this.chosen.delete(userId);
    const at = new Date(clock.now());
    const timer = setTimeout(() => {
      this.leaving.delete(userId);
      const depart = async (): Promise<void> => {
        if (!(await store.leave(userId))) return;
        await publisher.attempt(userId, 'departure', () => publisher.publishDeparture(userId, at));
      };
      const departure = publisher.inTurn(userId, () => this.departures.run(depart));
      departure.catch((error: unknown) => {
        logger.warn({ err: error }, 'a departure was not published');
      });
    }, graceMs);
    timer.unref();
    this.leaving.set(userId, { timer, at });
  }

  /** Whether a user on this node has chosen not to be seen. */
  async isHiding(userId: string): Promise<boolean> {
    const chosen = this.chosen.get(userId);
    const status = chosen ? await chosen : (await this.deps.publisher.profile(userId)).status;
    return status === 'offline';
  }

  /**
   * Renews this node's lease and takes over the users of dead nodes. What follows from it is published by
   * the next `catchUp`, because the lease must not wait for it.
   */
  async renew(): Promise<void> {
    const { publisher, store } = this.deps;
    if ((await store.renew()) === 'lapsed') {
      for (const userId of this.sockets.keys()) {
        publisher.postpone(userId, 'arrival', () => this.publishArrival(userId));
      }
    }
    // They may be on another node, and those connected there have not been notified.
    for (const userId of store.takeUnreported()) {
      publisher.postpone(userId, 'presence', () => this.publishUnlessHiding(userId));
    }
    for (;;) {
      const orphans = await store.takeOrphans();
      if (!orphans) return;
      for (const userId of orphans.userIds) {
        publisher.postpone(userId, 'departure', () =>
          publisher.publishDeparture(userId, orphans.lastSeen),
        );
      }
    }
  }

  /**
   * Gives up all users when the node shuts down: their clients reconnect elsewhere, and another node
   * publishes the departure of those who have not after the grace period.
   */
  async close(): Promise<void> {
    const { publisher, clock, directory, logger, store, graceMs } = this.deps;
    const now = new Date(clock.now());
    const users = new Map([...this.sockets.keys()].map((userId) => [userId, now]));
    for (const [userId, { timer, at }] of this.leaving) {
      clearTimeout(timer);
      users.set(userId, at);
    }
    this.leaving.clear();
    await publisher.catchUp().catch((error: unknown) => {
      logger.warn({ err: error }, 'not all presence was published before the shutdown');
    });
    await publisher.idle();
    await store.release(graceMs);
    await directory.setLastSeenOfMany(users);
  }

  /** Publishes the user's presence, unless they hide: an update at this moment would show that they are here. */
  private async publishUnlessHiding(userId: string): Promise<void> {
    const { publisher } = this.deps;
    const { status } = await publisher.profile(userId);
    if (status !== 'offline') await publisher.publish(userId);
  }

  /** Publishes that a user on this node is here, unless they hide. */
  private async publishArrival(userId: string, chatIds?: string[]): Promise<void> {
    if (!(await this.isHiding(userId))) await this.deps.publisher.publish(userId, chatIds);
  }
}
