/** How nodes tell each other of access changes without Redis: nothing is lost between who posts and who reads. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccessChange } from '../../src/modules/access-changes/index.js';
import {
  createAccessChanges,
  defineAccessChangeModels,
} from '../../src/modules/access-changes/index.js';
import { silentLogger } from '../support/logger.js';
import type { Database } from '../../src/platform/mongo.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import { systemClock } from '../../src/shared/clock.js';

/** An entry as it is stored, for all versions of the server that share the database. */
interface StoredEntry {
  n: number;
  notices: AccessChange[];
  at: Date;
}

describe('an access change', () => {
  let database: Database;
  beforeAll(async () => {
    const url = new URL((process.env.TEST_MONGODB_URI ?? process.env.MONGODB_URI)!);
    url.pathname = `/notices_${randomUUID().slice(0, 8)}`;
    const logger = silentLogger();
    database = await connectDatabase(
      url.href,
      { databaseTimeoutMs: 10_000 },
      logger,
      defineAccessChangeModels,
    );
  });
  afterAll(async () => {
    await database.connection.db!.dropDatabase();
    await database.close();
  });

  const about = (userId: string): AccessChange => ({ kind: 'login', userId });
  const node = () => createAccessChanges({ connection: database.connection, clock: systemClock });
  const entries = () => database.connection.collection<StoredEntry>('notices');
  /** A node that writes down whom it rechecks, and how often it has reconnected everybody. */
  const newReader = async () => {
    const looks: string[][] = [];
    const state = { looks, reconnects: 0, now: 0, isDatabaseAway: false };
    const login = { sessionId: 'phone', role: 'user' } as const;
    const reconciliation = node().reconciliation({
      bus: { emit: () => undefined },
      memberships: () => Promise.resolve([]),
      statusOf: () =>
        state.isDatabaseAway
          ? Promise.reject(new Error('the database is away'))
          : Promise.resolve({ role: 'user', isDeactivated: false }),
      sockets: {
        connected: (userIds) => {
          const here = [...userIds];
          if (!state.isDatabaseAway) looks.push([...here].sort());
          return here;
        },
        logins: () => [login],
        inChat: () => ({ inChannel: 0, looking: 0, all: 0 }),
        reconnectAll: () => {
          state.reconnects += 1;
          return Promise.resolve();
        },
      },
      now: () => state.now,
    });
    await reconciliation.start();
    return { tick: () => reconciliation.jobs[0]!.run(), state };
  };

  it('gets a number without a hole from any of several nodes, and each one is read', async () => {
    const { tick, state } = await newReader();
    const feeds = [1, 2, 3].map(() => node().feed);
    const users = Array.from({ length: 60 }, (_, i) => `user ${i}`).sort();
    await Promise.all(users.map((user, i) => feeds[i % feeds.length]!.post([about(user)])));
    const stored = await entries().find().sort({ n: 1 }).toArray();
    expect(stored.map(({ n }) => n)).toEqual(stored.map((_, i) => i + 1));
    await tick();
    await tick();
    expect(state.looks).toEqual([users]);
    expect(state.reconnects).toBe(0);
  });

  it('is stored under the names that nodes of earlier versions read', async () => {
    await node().feed.post([{ kind: 'member', userId: 'bob', chatId: 'team' }]);
    const [newest] = await entries()
      .find({}, { projection: { _id: 0 } })
      .sort({ n: -1 })
      .limit(1)
      .toArray();
    expect(newest).toEqual({
      n: expect.any(Number),
      notices: [{ kind: 'member', userId: 'bob', chatId: 'team' }],
      at: expect.any(Date),
    });
  });

  it('is rechecked for a while, because its write follows its announcement', async () => {
    const { tick, state } = await newReader();
    await node().feed.post([about('slow')]);
    for (const now of [0, 1000, 9000, 11_000, 11_250]) {
      state.now = now;
      await tick();
    }
    expect(state.looks).toEqual([['slow'], ['slow'], ['slow']]);
  });

  it('is rechecked as long after the database was away, when it may have been written', async () => {
    const { tick, state } = await newReader();
    await node().feed.post([about('late')]);
    await tick();
    state.isDatabaseAway = true;
    for (const now of [250, 5000, 12_000, 30_000]) {
      state.now = now;
      await expect(tick()).rejects.toThrow('away');
    }
    state.isDatabaseAway = false;
    for (const now of [30_250, 39_000, 40_250, 40_500]) {
      state.now = now;
      await tick();
    }
    expect(state.looks).toEqual([['late'], ['late'], ['late']]);
  });

  it('is not rechecked by a node that has started after it', async () => {
    await node().feed.post([about('earlier')]);
    const { tick, state } = await newReader();
    await tick();
    await tick();
    expect(state.looks).toEqual([]);
  });

  it('makes a node reconnect everybody when it was cleared before that node has read it', async () => {
    const { tick, state } = await newReader();
    const { feed } = node();
    await feed.post([about('missed')]);
    const [missed] = await entries().find().sort({ n: -1 }).limit(1).toArray();
    await feed.post([about('read')]);
    await entries().deleteOne({ n: missed!.n });
    await tick();
    await tick();
    expect([state.reconnects, state.looks]).toEqual([1, [['read']]]);
  });
});
