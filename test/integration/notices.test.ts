/** The board on which nodes leave word for each other: nothing is lost between its writers and readers. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Model } from 'mongoose';
import type { AccessChange, AccessChangeDoc } from '../../src/modules/access-changes/index.js';
import {
  AccessChangeFeed,
  AccessChangePoller,
  defineAccessChangeModel,
} from '../../src/modules/access-changes/index.js';
import { createLogger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/mongo.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import { systemClock } from '../../src/shared/clock.js';

describe('notices', () => {
  let database: Database<Model<AccessChangeDoc>>;
  beforeAll(async () => {
    const url = new URL((process.env.TEST_MONGODB_URI ?? process.env.MONGODB_URI)!);
    url.pathname = `/notices_${randomUUID().slice(0, 8)}`;
    const logger = createLogger({ logLevel: 'silent', nodeEnv: 'test' });
    database = await connectDatabase(
      url.href,
      { databaseTimeoutMs: 10_000 },
      logger,
      defineAccessChangeModel,
    );
  });
  afterAll(async () => {
    await database.connection.db!.dropDatabase();
    await database.close();
  });

  const about = (userId: string): AccessChange => ({ kind: 'login', userId });
  /** A reader that writes down whom it looks at, and how often it has lost its place. */
  const newReader = async () => {
    const looks: string[][] = [];
    const state = { looks, doubts: 0, now: 0, isDatabaseAway: false };
    const watch = new AccessChangePoller(
      database.models,
      {
        lookAt: (accessChanges) => {
          if (state.isDatabaseAway) return Promise.reject(new Error('the database is away'));
          looks.push(accessChanges.map(({ userId }) => userId).sort());
          return Promise.resolve();
        },
        doubtAll: () => {
          state.doubts += 1;
          return Promise.resolve();
        },
      },
      () => state.now,
    );
    await watch.start();
    return { watch, state };
  };

  it('of several nodes are numbered without a hole, and each is read', async () => {
    const { watch, state } = await newReader();
    const boards = [1, 2, 3].map(() => new AccessChangeFeed(database.models, systemClock));
    const users = Array.from({ length: 60 }, (_, i) => `user ${i}`).sort();
    await Promise.all(users.map((user, i) => boards[i % boards.length]!.post([about(user)])));
    const entries = await database.models.find().sort({ n: 1 }).lean();
    expect(entries.map(({ n }) => n)).toEqual(entries.map((_, i) => i + 1));
    await watch.tick();
    await watch.tick();
    expect(state.looks).toEqual([users]);
    expect(state.doubts).toBe(0);
  });

  it('are looked at again for a while, because the change comes after its notice', async () => {
    const { watch, state } = await newReader();
    await new AccessChangeFeed(database.models, systemClock).post([about('slow')]);
    for (const now of [0, 1000, 9000, 11_000, 11_250]) {
      state.now = now;
      await watch.tick();
    }
    expect(state.looks).toEqual([['slow'], ['slow'], ['slow']]);
  });

  it('are looked at as long after the database was away, when the change may have been written', async () => {
    const { watch, state } = await newReader();
    await new AccessChangeFeed(database.models, systemClock).post([about('late')]);
    await watch.tick();
    state.isDatabaseAway = true;
    for (const now of [250, 5000, 12_000, 30_000]) {
      state.now = now;
      await expect(watch.tick()).rejects.toThrow('away');
    }
    state.isDatabaseAway = false;
    for (const now of [30_250, 39_000, 40_250, 40_500]) {
      state.now = now;
      await watch.tick();
    }
    expect(state.looks).toEqual([['late'], ['late'], ['late']]);
  });

  it('are nothing new to a node that has just started', async () => {
    await new AccessChangeFeed(database.models, systemClock).post([about('earlier')]);
    const { watch, state } = await newReader();
    await watch.tick();
    await watch.tick();
    expect(state.looks).toEqual([]);
  });

  it('that were cleared before a node has read them leave it in doubt of everything', async () => {
    const { watch, state } = await newReader();
    const board = new AccessChangeFeed(database.models, systemClock);
    await board.post([about('missed')]);
    const [missed] = await database.models.find().sort({ n: -1 }).limit(1).lean();
    await board.post([about('seen')]);
    await database.models.deleteOne({ n: missed!.n });
    await watch.tick();
    await watch.tick();
    expect([state.doubts, state.looks]).toEqual([1, [['seen']]]);
  });
});
