import { describe, expect, it, jest } from '@jest/globals';
import type { UserStatus } from '../users/index.js';
import { PresencePublisher } from './presence-publisher.js';
import type { PresencePublisherParts } from './presence-publisher.js';
import { StatusChooser } from './status-chooser.js';

const userId = '6500000000000000000000aa';
const actor = { userId, role: 'user' as const, sessionId: '' };

/** Somebody who is connected, and whose choice the database takes or not. */
const setUp = () => {
  const profile = { status: 'online' as UserStatus, customStatus: '', lastSeen: undefined };
  const setStatus = jest.fn((_id: string, status: UserStatus) => {
    profile.status = status;
    return Promise.resolve();
  });
  const setLastSeen = jest.fn(() => Promise.resolve());
  const told: [event: string, status: string | undefined][] = [];
  const bus = {
    emit: (event: string, payload: { status?: string }) => told.push([event, payload.status]),
  };
  const store = { online: () => Promise.resolve(new Set([userId])) };
  const directory = {
    presenceProfiles: () => Promise.resolve(new Map([[userId, { ...profile }]])),
    setStatus,
    setLastSeen,
  };
  const announcer = new PresencePublisher({
    store,
    directory,
    bus,
    audiences: { of: () => Promise.resolve({ contactIds: [], roomIds: [], blockedIds: [] }) },
    see: { states: () => Promise.resolve(new Map([[userId, { status: profile.status }]])) },
    load: { isShedding: () => false },
  } as unknown as PresencePublisherParts);
  const clock = { now: () => 1000 };
  const chooser = new StatusChooser({ store, directory, announcer, bus, clock } as never);
  return { announcer, chooser, setStatus, setLastSeen, told };
};

describe('a choice that the database did not take at once', () => {
  it('is told when the database is back, although asking again changed nothing', async () => {
    const { announcer, chooser, setLastSeen, told } = setUp();
    setLastSeen.mockRejectedValueOnce(new Error('the database is away'));
    await expect(chooser.choose(actor, { status: 'offline' })).rejects.toThrow('away');
    expect(told).toEqual([['presence.chosen', 'offline']]);
    await chooser.choose(actor, { status: 'offline' });
    expect(told.filter(([event]) => event === 'presence.changed')).toEqual([]);
    await announcer.catchUp();
    expect(setLastSeen).toHaveBeenCalledTimes(2);
    expect(told.at(-1)).toEqual(['presence.changed', 'offline']);
  });

  it('is told as it stands when its answer was lost', async () => {
    const { announcer, chooser, setStatus, told } = setUp();
    const write = setStatus.getMockImplementation()!;
    setStatus.mockImplementationOnce(async (id, status) => {
      await write(id, status);
      throw new Error('the answer was lost');
    });
    await expect(chooser.choose(actor, { status: 'busy' })).rejects.toThrow('lost');
    await announcer.catchUp();
    expect(told).toEqual([
      ['presence.chosen', 'busy'],
      ['presence.changed', 'busy'],
    ]);
  });
});
