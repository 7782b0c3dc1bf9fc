import { describe, expect, it } from '@jest/globals';
import { Types } from 'mongoose';
import { aLiveStream, anActor } from '../../../test/support/factories.js';
import { HostLive } from './host-live.js';
import type { NewLiveStream } from './live.repository.js';

type HostLiveDeps = ConstructorParameters<typeof HostLive>[0];

/** A node that looks for abandoned streams, and finds one. */
const setUp = () => {
  const ended: string[] = [];
  const state = { now: 0, isDatabaseAway: false };
  const stream = aLiveStream();
  const host = new HostLive({
    streams: {
      abandoned: () =>
        state.isDatabaseAway
          ? Promise.reject(new Error('the database is away'))
          : Promise.resolve(ended.length > 0 ? [] : [stream]),
      end: () => Promise.resolve(true),
    },
    viewers: { removeAll: () => Promise.resolve() },
    bus: {
      emit: (_type: string, { reason }: { reason: string }) => {
        ended.push(reason);
      },
    },
    clock: { now: () => 1_000_000 },
    now: () => state.now,
  } as unknown as HostLiveDeps);
  return { ended, host, state };
};

describe('a stream whose host has not come back', () => {
  it('ends in the second round of a node, when hosts who are there have been renewed', async () => {
    const { ended, host, state } = setUp();
    await host.endAbandoned();
    expect(ended).toEqual([]);
    state.now += 5000;
    await host.endAbandoned();
    expect(ended).toEqual(['host_left']);
  });

  it('gets another round after the database was away, when no host could be renewed', async () => {
    const { ended, host, state } = setUp();
    await host.endAbandoned();
    state.isDatabaseAway = true;
    for (let round = 0; round < 6; round += 1) {
      state.now += 5000;
      await expect(host.endAbandoned()).rejects.toThrow('away');
    }
    state.isDatabaseAway = false;
    state.now += 5000;
    await host.endAbandoned();
    expect(ended).toEqual([]);
    state.now += 5000;
    await host.endAbandoned();
    expect(ended).toEqual(['host_left']);
  });
});

describe('a stream to everybody', () => {
  it('is refused when this node has not heard that its host is no longer an admin', async () => {
    const ended: string[] = [];
    const host = new HostLive({
      streams: {
        insert: ({ hostId, title, startedAt }: NewLiveStream) =>
          Promise.resolve(aLiveStream({ hostId: new Types.ObjectId(hostId), title, startedAt })),
        end: (_id: Types.ObjectId, reason: string) => {
          ended.push(reason);
          return Promise.resolve(true);
        },
      },
      viewers: { removeAll: () => Promise.resolve() },
      access: { mayContinue: () => Promise.resolve(false) },
      chatAccess: { sanctions: { serverSilence: () => undefined } },
      leases: { hostArrived: () => Promise.resolve(), hostLeft: () => Promise.resolve() },
      participants: { has: () => false },
      words: { assertNames: () => undefined },
      bus: { emit: () => undefined },
      clock: { now: () => 0 },
      graceMs: 0,
    } as unknown as HostLiveDeps);
    const former = anActor({ role: 'admin' });
    const device = {
      id: 'phone',
      isConnected: true,
      enter: () => undefined,
      leave: () => undefined,
    };
    await expect(host.start(former, { title: 'Hello' }, device)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(ended).toEqual(['not_allowed']);
  });
});
