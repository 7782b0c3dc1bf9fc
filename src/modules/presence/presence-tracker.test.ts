import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import { EventBus } from '../../platform/event-bus.js';
import { systemClock } from '../../shared/clock.js';
import { QUEUE_STEP_MS } from '../../shared/deadline.js';
import { PresencePublisher } from './presence-publisher.js';
import { PresenceTracker } from './presence-tracker.js';
import type { PresenceAudiences } from './presence-audiences.js';
import type { PresenceEvents } from './presence.events.js';
import { MemoryPresenceStore } from './presence-store.js';
import type { PresenceProfile } from './presence-reader.js';
import { PresenceReader } from './presence-reader.js';

const away = new Error('the database is away');
const GRACE_MS = 1000;

/** Presence over a database that can be made to fail, or to lose operations. */
const setUp = () => {
  const logger = pino({ level: 'silent' });
  const bus = new EventBus<PresenceEvents>(logger);
  const published: string[] = [];
  bus.subscribe([
    {
      event: 'presence.changed',
      phase: 'deliver',
      on: 'origin',
      does: 'collects what is published',
      run: ({ userId, status }) => {
        published.push(`${userId} ${status}`);
      },
    },
  ]);
  const statuses = new Map<string, PresenceProfile['status']>();
  const lastSeen = new Map<string, Date>();
  /** What becomes of the next operations of the database, each of which takes one. */
  const faults: ('fails' | 'is lost')[] = [];
  const answer = <T>(value: T): Promise<T> => {
    const fault = faults.shift();
    if (fault === 'fails') return Promise.reject(away);
    return fault === 'is lost' ? new Promise(() => undefined) : Promise.resolve(value);
  };
  const store = new MemoryPresenceStore();
  const directory = {
    presenceProfiles: (userIds: string[]) =>
      answer(
        new Map(
          userIds.map((userId) => [
            userId,
            { status: statuses.get(userId) ?? 'online', customStatus: '', lastSeenAt: null },
          ]),
        ),
      ),
    setLastSeen: async (userId: string, at: Date) => {
      await answer(undefined);
      lastSeen.set(userId, at);
    },
    setLastSeenOfMany: async (left: Map<string, Date>) => {
      await answer(undefined);
      for (const [userId, at] of left) lastSeen.set(userId, at);
    },
    cards: () => Promise.resolve(new Map()),
  };
  /** How many audiences are looked up now, and how many were at most. */
  const lookUps = { now: 0, most: 0 };
  const audiences = {
    of: async () => {
      lookUps.now += 1;
      lookUps.most = Math.max(lookUps.most, lookUps.now);
      const found = await answer({ contactIds: [], roomIds: [], blockedIds: [] });
      lookUps.now -= 1;
      return found;
    },
  } as unknown as PresenceAudiences;
  const publisher = new PresencePublisher({
    store,
    audiences,
    directory,
    bus,
    reader: new PresenceReader(store, audiences, directory),
    load: { isShedding: () => false },
  });
  const tracker = new PresenceTracker({
    store,
    publisher,
    directory,
    logger,
    clock: systemClock,
    graceMs: GRACE_MS,
  });
  bus.subscribe(tracker.subscriptions);
  const isOnline = async (userId: string) => (await store.online([userId])).has(userId);
  return { publisher, tracker, lookUps, isOnline, lastSeen, statuses, store, published, faults };
};

/** What the work fails with; undefined when it does not. */
const failureOf = (work: Promise<void>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a user who connects while the database is away', () => {
  it('is counted in at once, and published once when the database is back', async () => {
    const { publisher, tracker, isOnline, published, faults } = setUp();
    faults.push('fails');
    // The rejected lookup that nobody awaits must not end the process: the suite fails on it.
    await expect(tracker.connect('alice', 'phone')).rejects.toBe(away);
    expect(await isOnline('alice')).toBe(true);
    await tracker.connect('alice', 'laptop');
    expect(published).toEqual([]);
    await publisher.catchUp();
    await publisher.catchUp();
    expect(published).toEqual(['alice online']);
  });

  it('is not published when they hide', async () => {
    const { publisher, tracker, statuses, published, faults } = setUp();
    statuses.set('alice', 'offline');
    faults.push('fails');
    await expect(tracker.connect('alice', 'phone')).rejects.toBe(away);
    await publisher.catchUp();
    expect([published, await tracker.isHiding('alice')]).toEqual([[], true]);
  });

  it('is not held up by another user whose update fails again', async () => {
    const { publisher, tracker, published, faults } = setUp();
    for (const userId of ['alice', 'bob']) {
      faults.push('fails');
      await expect(tracker.connect(userId, userId)).rejects.toBe(away);
    }
    faults.push('fails');
    await expect(publisher.catchUp()).rejects.toBe(away);
    expect(published).toEqual([]);
    await publisher.catchUp();
    expect(published).toEqual(['bob online', 'alice online']);
  });
});

it('an arrival is published again when its first attempt failed after the profile was read', async () => {
  const { publisher, tracker, published, faults } = setUp();
  const connecting = tracker.connect('alice', 'phone');
  // The profile has been asked for; the presence and its audience come next.
  faults.push('fails');
  await expect(connecting).rejects.toBe(away);
  expect(published).toEqual([]);
  faults.push('fails');
  await expect(publisher.catchUp()).rejects.toBe(away);
  await publisher.catchUp();
  expect(published).toEqual(['alice online']);
});

it('a departure that failed is published later with the time at which the user left', async () => {
  const { publisher, tracker, lastSeen, published, faults } = setUp();
  await tracker.connect('alice', 'phone');
  const left = new Date(systemClock.now());
  tracker.disconnect('alice', 'phone');
  faults.push('fails');
  await jest.advanceTimersByTimeAsync(GRACE_MS);
  expect(published).toEqual(['alice online']);
  await publisher.catchUp();
  expect([published.at(-1), lastSeen.get('alice')]).toEqual(['alice offline', left]);
});

describe('a database operation that is lost without an answer', () => {
  it('delays only its own user, who is published after the deadline', async () => {
    const { publisher, tracker, isOnline, published, faults } = setUp();
    faults.push('is lost');
    const connecting = failureOf(tracker.connect('alice', 'phone'));
    await jest.advanceTimersByTimeAsync(QUEUE_STEP_MS);
    expect(await connecting).toMatchObject({ code: 'TIMEOUT' });
    expect(await isOnline('alice')).toBe(true);
    await publisher.catchUp();
    expect(published).toEqual(['alice online']);
    tracker.disconnect('alice', 'phone');
    await jest.advanceTimersByTimeAsync(GRACE_MS);
    expect(published).toEqual(['alice online', 'alice offline']);
  });

  it('delays neither other users nor the lease after the lease had lapsed', async () => {
    const { publisher, tracker, store, published, faults } = setUp();
    for (const userId of ['alice', 'bob']) await tracker.connect(userId, userId);
    published.length = 0;
    jest.spyOn(store, 'renew').mockResolvedValueOnce('lapsed' as never);
    await tracker.renew();
    faults.push('is lost');
    const first = failureOf(publisher.catchUp());
    await tracker.renew();
    await jest.advanceTimersByTimeAsync(QUEUE_STEP_MS);
    expect(await first).toMatchObject({ code: 'TIMEOUT' });
    await publisher.catchUp();
    expect(published).toEqual(['bob online', 'alice online']);
  });
});

it('a node that shuts down records when each of its users was last here', async () => {
  const { tracker, lastSeen } = setUp();
  for (const userId of ['alice', 'bob']) await tracker.connect(userId, userId);
  const left = new Date();
  tracker.disconnect('alice', 'alice');
  await jest.advanceTimersByTimeAsync(GRACE_MS / 2);
  await tracker.close();
  expect(lastSeen).toEqual(
    new Map([
      ['bob', new Date(left.getTime() + GRACE_MS / 2)],
      ['alice', left],
    ]),
  );
});

it('the users of a dead node are published as gone even when the database fails meanwhile', async () => {
  const { publisher, tracker, lastSeen, store, published, faults } = setUp();
  const at = new Date(7000);
  jest
    .spyOn(store, 'takeOrphans')
    .mockResolvedValueOnce({ userIds: ['alice', 'bob'], lastSeen: at } as never);
  faults.push('fails');
  await tracker.renew();
  await expect(publisher.catchUp()).rejects.toBe(away);
  await publisher.catchUp();
  expect(published).toEqual(['bob offline', 'alice offline']);
  expect(lastSeen).toEqual(
    new Map([
      ['bob', at],
      ['alice', at],
    ]),
  );
});

it('of a thousand who leave at once all are published, a few at a time', async () => {
  const { tracker, lookUps, published } = setUp();
  const users = Array.from({ length: 1000 }, (_, n) => `user ${n}`);
  for (const userId of users) await tracker.connect(userId, userId);
  published.length = 0;
  lookUps.most = 0;
  for (const userId of users) tracker.disconnect(userId, userId);
  await jest.advanceTimersByTimeAsync(GRACE_MS);
  expect(published.sort()).toEqual(users.map((userId) => `${userId} offline`).sort());
  expect(lookUps.most).toBeLessThanOrEqual(8);
});
