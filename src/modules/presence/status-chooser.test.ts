import { describe, expect, it, jest } from '@jest/globals';
import { anActor } from '../../../test/support/factories.js';
import type { UserStatus } from '../users/index.js';
import { PresencePublisher } from './presence-publisher.js';
import { StatusChooser } from './status-chooser.js';

const actor = anActor();
const { userId } = actor;

/** A connected user, and a database whose writes can be made to fail. */
const setUp = () => {
  const profile = { status: 'online' as UserStatus, customStatus: '', lastSeen: undefined };
  const setStatus = jest.fn((_id: string, status: UserStatus) => {
    profile.status = status;
    return Promise.resolve();
  });
  const setLastSeen = jest.fn(() => Promise.resolve());
  const published: [event: string, status: string | undefined][] = [];
  const bus = {
    emit: (event: string, payload: { status?: string }) => published.push([event, payload.status]),
  };
  const store = { online: () => Promise.resolve(new Set([userId])) };
  const directory = {
    presenceProfiles: () => Promise.resolve(new Map([[userId, { ...profile }]])),
    setStatus,
    setLastSeen,
  };
  const publisher = new PresencePublisher({
    store,
    directory,
    bus,
    audiences: { of: () => Promise.resolve({ contactIds: [], roomIds: [], blockedIds: [] }) },
    reader: { states: () => Promise.resolve(new Map([[userId, { status: profile.status }]])) },
    load: { isShedding: () => false },
  } as unknown as ConstructorParameters<typeof PresencePublisher>[0]);
  const clock = { now: () => 1000 };
  const chooser = new StatusChooser({ store, directory, publisher, bus, clock } as never);
  return { publisher, chooser, setStatus, setLastSeen, published };
};

describe('a status whose write failed', () => {
  it('is published when the database is back, even if a retry in between changed nothing', async () => {
    const { publisher, chooser, setLastSeen, published } = setUp();
    setLastSeen.mockRejectedValueOnce(new Error('the database is away'));
    await expect(chooser.choose(actor, { status: 'offline' })).rejects.toThrow('away');
    expect(published).toEqual([['presence.chosen', 'offline']]);
    await chooser.choose(actor, { status: 'offline' });
    expect(published.filter(([event]) => event === 'presence.changed')).toEqual([]);
    await publisher.catchUp();
    expect(setLastSeen).toHaveBeenCalledTimes(2);
    expect(published.at(-1)).toEqual(['presence.changed', 'offline']);
  });

  it('is published as stored when only the answer was lost', async () => {
    const { publisher, chooser, setStatus, published } = setUp();
    const write = setStatus.getMockImplementation()!;
    setStatus.mockImplementationOnce(async (id, status) => {
      await write(id, status);
      throw new Error('the answer was lost');
    });
    await expect(chooser.choose(actor, { status: 'busy' })).rejects.toThrow('lost');
    await publisher.catchUp();
    expect(published).toEqual([
      ['presence.chosen', 'busy'],
      ['presence.changed', 'busy'],
    ]);
  });
});
