import { describe, expect, it } from '@jest/globals';
import { Types } from 'mongoose';
import type { Actor } from '../../shared/actor.js';
import type { HostLiveParts } from './host-live.js';
import { HostLive } from './host-live.js';

/** A host whose stream looks abandoned, and a node that looks for such. */
const setUp = () => {
  const ended: string[] = [];
  const state = { now: 0, isDatabaseAway: false };
  const stream = { _id: new Types.ObjectId(), hostId: new Types.ObjectId(), chatId: null };
  const found = {
    limit: () => found,
    lean: () =>
      state.isDatabaseAway
        ? Promise.reject(new Error('the database is away'))
        : Promise.resolve(ended.length > 0 ? [] : [stream]),
  };
  const host = new HostLive({
    models: {
      streams: { find: () => found, updateOne: () => Promise.resolve({ modifiedCount: 1 }) },
      viewers: { deleteMany: () => Promise.resolve() },
    },
    bus: {
      emit: (_type: string, { reason }: { reason: string }) => {
        ended.push(reason);
      },
    },
    clock: { now: () => 1_000_000 },
    now: () => state.now,
  } as unknown as HostLiveParts);
  return { ended, host, state };
};

describe('streams that look abandoned', () => {
  it('end in the second round of a node: in between, those who are there have been renewed', async () => {
    const { ended, host, state } = setUp();
    await host.endAbandoned();
    expect(ended).toEqual([]);
    state.now += 5000;
    await host.endAbandoned();
    expect(ended).toEqual(['host_left']);
  });

  it('get another round after the database was away, when nobody could be renewed', async () => {
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
  it('is refused as such when this node has not heard that its host is no longer an admin', async () => {
    const ended: string[] = [];
    const host = new HostLive({
      models: {
        streams: {
          create: (stream: object) =>
            Promise.resolve({ toObject: () => ({ ...stream, _id: new Types.ObjectId() }) }),
          updateOne: (_filter: object, { $set }: { $set: { endReason: string } }) => {
            ended.push($set.endReason);
            return Promise.resolve({ modifiedCount: 1 });
          },
        },
        viewers: { deleteMany: () => Promise.resolve() },
      },
      streams: { mayGoOn: () => Promise.resolve(false) },
      attendance: {
        hostArrived: () => Promise.resolve(),
        hostLeft: () => Promise.resolve(),
      },
      seats: { has: () => false },
      bus: { emit: () => undefined },
      clock: { now: () => 0 },
      graceMs: 0,
    } as unknown as HostLiveParts);
    const former: Actor = {
      userId: new Types.ObjectId().toHexString(),
      role: 'admin',
      sessionId: '',
    };
    const seat = { id: 'phone', isConnected: true, enter: () => undefined, leave: () => undefined };
    await expect(host.start(former, { title: 'Hello' }, seat)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(ended).toEqual(['not_allowed']);
  });
});
