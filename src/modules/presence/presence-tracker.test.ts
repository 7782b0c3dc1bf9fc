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
import type { PresenceProfile } from './presence.view.js';
import { PresenceReader } from './presence-reader.js';

const away = new Error('the database is away');
const GRACE_MS = 1000;

/** Presence over a database that can be told to fail, or to lose what it is asked. */
const setUp = () => {
  const logger = pino({ level: 'silent' });
  const bus = new EventBus<PresenceEvents>(logger);
  const told: string[] = [];
  bus.subscribe([
    {
      event: 'presence.changed',
      phase: 'deliver',
      on: 'origin',
      does: 'notes who was told of',
      run: ({ userId, status }) => {
        told.push(`${userId} ${status}`);
      },
    },
  ]);
  const statuses = new Map<string, PresenceProfile['status']>();
  const lastSeen = new Map<string, Date>();
  /** What becomes of the next questions to the database, each of which takes one. */
  const troubles: ('fails' | 'is lost')[] = [];
  const answer = <T>(value: T): Promise<T> => {
    const trouble = troubles.shift();
    if (trouble === 'fails') return Promise.reject(away);
    return trouble === 'is lost' ? new Promise(() => undefined) : Promise.resolve(value);
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
  const audiences = {
    of: () => answer({ contactIds: [], roomIds: [], blockedIds: [] }),
  } as unknown as PresenceAudiences;
  const announcer = new PresencePublisher({
    store,
    audiences,
    directory,
    bus,
    see: new PresenceReader({ store, audiences, directory }),
    load: { isShedding: () => false },
  });
  const attendance = new PresenceTracker({
    store,
    announcer,
    logger,
    clock: systemClock,
    graceMs: GRACE_MS,
  });
  bus.subscribe(attendance.subscriptions);
  const isOnline = async (userId: string) => (await store.online([userId])).has(userId);
  return { announcer, attendance, isOnline, lastSeen, statuses, store, told, troubles };
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

describe('when the database is away while somebody connects', () => {
  it('counts them in, and tells of them afterwards, once', async () => {
    const { announcer, attendance, isOnline, told, troubles } = setUp();
    troubles.push('fails');
    // The rejection that nobody waits for must not end the process: the suite fails on it.
    await expect(attendance.connect('alice', 'phone')).rejects.toBe(away);
    expect(await isOnline('alice')).toBe(true);
    await attendance.connect('alice', 'laptop');
    expect(told).toEqual([]);
    await announcer.catchUp();
    await announcer.catchUp();
    expect(told).toEqual(['alice online']);
  });

  it('tells nothing of those who hide, and knows that they do', async () => {
    const { announcer, attendance, statuses, told, troubles } = setUp();
    statuses.set('alice', 'offline');
    troubles.push('fails');
    await expect(attendance.connect('alice', 'phone')).rejects.toBe(away);
    await announcer.catchUp();
    expect([told, await attendance.isHiding('alice')]).toEqual([[], true]);
  });

  it('goes on trying, and does not let one stand in the way of others', async () => {
    const { announcer, attendance, told, troubles } = setUp();
    for (const userId of ['alice', 'bob']) {
      troubles.push('fails');
      await expect(attendance.connect(userId, userId)).rejects.toBe(away);
    }
    troubles.push('fails');
    await expect(announcer.catchUp()).rejects.toBe(away);
    expect(told).toEqual([]);
    await announcer.catchUp();
    expect(told).toEqual(['bob online', 'alice online']);
  });
});

it('tells again of what could not be told after it was looked up', async () => {
  const { announcer, attendance, told, troubles } = setUp();
  const connecting = attendance.connect('alice', 'phone');
  // The profile has been asked for; what is told of them, and whom, comes next.
  troubles.push('fails');
  await expect(connecting).rejects.toBe(away);
  expect(told).toEqual([]);
  troubles.push('fails');
  await expect(announcer.catchUp()).rejects.toBe(away);
  await announcer.catchUp();
  expect(told).toEqual(['alice online']);
});

it('tells of a departure that could not be told, with the time at which it was', async () => {
  const { announcer, attendance, lastSeen, told, troubles } = setUp();
  await attendance.connect('alice', 'phone');
  const left = new Date(systemClock.now());
  attendance.disconnect('alice', 'phone');
  troubles.push('fails');
  await jest.advanceTimersByTimeAsync(GRACE_MS);
  expect(told).toEqual(['alice online']);
  await announcer.catchUp();
  expect([told.at(-1), lastSeen.get('alice')]).toEqual(['alice offline', left]);
});

describe('an operation that is lost without an answer', () => {
  it('holds up its user for a moment only, who is then told of', async () => {
    const { announcer, attendance, isOnline, told, troubles } = setUp();
    troubles.push('is lost');
    const connecting = failureOf(attendance.connect('alice', 'phone'));
    await jest.advanceTimersByTimeAsync(QUEUE_STEP_MS);
    expect(await connecting).toMatchObject({ code: 'TIMEOUT' });
    expect(await isOnline('alice')).toBe(true);
    await announcer.catchUp();
    expect(told).toEqual(['alice online']);
    attendance.disconnect('alice', 'phone');
    await jest.advanceTimersByTimeAsync(GRACE_MS);
    expect(told).toEqual(['alice online', 'alice offline']);
  });

  it('keeps nobody else, nor the lease, waiting after the lease had lapsed', async () => {
    const { announcer, attendance, store, told, troubles } = setUp();
    for (const userId of ['alice', 'bob']) await attendance.connect(userId, userId);
    told.length = 0;
    jest.spyOn(store, 'renew').mockResolvedValueOnce('lapsed' as never);
    await attendance.tick();
    troubles.push('is lost');
    const first = failureOf(announcer.catchUp());
    await attendance.tick();
    await jest.advanceTimersByTimeAsync(QUEUE_STEP_MS);
    expect(await first).toMatchObject({ code: 'TIMEOUT' });
    await announcer.catchUp();
    expect(told).toEqual(['bob online', 'alice online']);
  });
});

it('notes when a node goes down when each of its users was last there, by one question', async () => {
  const { attendance, lastSeen } = setUp();
  for (const userId of ['alice', 'bob']) await attendance.connect(userId, userId);
  const left = new Date();
  attendance.disconnect('alice', 'alice');
  await jest.advanceTimersByTimeAsync(GRACE_MS / 2);
  await attendance.settle();
  expect(lastSeen).toEqual(
    new Map([
      ['bob', new Date(left.getTime() + GRACE_MS / 2)],
      ['alice', left],
    ]),
  );
});

it('loses nobody of those whom a dead node has left behind', async () => {
  const { announcer, attendance, lastSeen, store, told, troubles } = setUp();
  const at = new Date(7000);
  jest
    .spyOn(store, 'takeOrphans')
    .mockResolvedValueOnce({ userIds: ['alice', 'bob'], lastSeen: at } as never);
  troubles.push('fails');
  await attendance.tick();
  await expect(announcer.catchUp()).rejects.toBe(away);
  await announcer.catchUp();
  expect(told).toEqual(['bob offline', 'alice offline']);
  expect(lastSeen).toEqual(
    new Map([
      ['bob', at],
      ['alice', at],
    ]),
  );
});
