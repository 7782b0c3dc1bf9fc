/** Work that is done once over all nodes: who does it, and who takes over when that node dies. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { Jobs } from '../../src/platform/jobs.js';
import { Leases, defineLeaseModels } from '../../src/platform/leases.js';
import { silentLogger } from '../support/logger.js';
import type { Database } from '../../src/platform/mongo.js';
import { connectDatabase } from '../../src/platform/mongo.js';

const uri = new URL(process.env.TEST_MONGODB_URI!);
uri.pathname = `/leases_${randomUUID().slice(0, 8)}`;
const logger = silentLogger();
const LENGTH_MS = 10_000;

let databases: Database[];
beforeAll(async () => {
  const connect = () =>
    connectDatabase(uri.href, { databaseTimeoutMs: 10_000 }, logger, defineLeaseModels);
  databases = [await connect(), await connect(), await connect()];
});
afterAll(async () => {
  await Promise.all(databases.map((database) => database.close()));
  const client = await MongoClient.connect(uri.href);
  await client.db().dropDatabase();
  await client.close();
});

let now: number;
let work: string;
beforeEach(() => {
  now = 1_000_000;
  work = randomUUID();
});
const newNodes = () =>
  databases.map(({ connection }) => new Leases(connection, { now: () => now }));
const holders = async (nodes: Leases[]): Promise<boolean[]> =>
  Promise.all(nodes.map((node) => node.hold(work, LENGTH_MS)));

describe('leases', () => {
  it('are held by one node of all, also when all ask at once', async () => {
    const nodes = newNodes();
    const first = await holders(nodes);
    expect(first.filter(Boolean)).toHaveLength(1);
    expect(await holders(nodes)).toEqual(first);
  });

  it('stay with the node that asks again in time', async () => {
    const nodes = newNodes();
    const first = await holders(nodes);
    for (let round = 0; round < 10; round += 1) {
      now += LENGTH_MS * 0.6;
      expect(await holders(nodes)).toEqual(first);
    }
  });

  it('are not claimed for longer by a node whose clock is put back', async () => {
    const [{ connection }] = databases as [Database];
    let late = now;
    const putBack = new Leases(connection, { now: () => late });
    expect(await putBack.hold(work, LENGTH_MS)).toBe(true);
    late -= 300_000;
    now += LENGTH_MS + 1;
    const [other] = newNodes();
    expect(await other!.hold(work, LENGTH_MS)).toBe(true);
    expect(await putBack.hold(work, LENGTH_MS)).toBe(false);
  });

  it('go to another node after the end, when the holder has died', async () => {
    const [dead, ...living] = newNodes();
    expect(await dead!.hold(work, LENGTH_MS)).toBe(true);
    expect(await holders(living)).toEqual([false, false]);
    now += LENGTH_MS - 1;
    expect(await holders(living)).toEqual([false, false]);
    now += 1;
    expect((await holders(living)).filter(Boolean)).toHaveLength(1);
    // A node that was only away finds out that it is no longer the one.
    expect(await dead!.hold(work, LENGTH_MS)).toBe(false);
  });

  it('are free at once when the holder goes in order', async () => {
    const [first, second] = newNodes();
    expect(await first!.hold(work, LENGTH_MS)).toBe(true);
    await first!.release();
    expect(await second!.hold(work, LENGTH_MS)).toBe(true);
  });
});

describe('a job that is done once over all nodes', () => {
  it('runs on one node, and on another after that one has stopped', async () => {
    const rounds = [0, 0];
    const reached = [5, 5].map((wanted, node) => {
      let resolve: () => void = () => undefined;
      const promise = new Promise<void>((done) => (resolve = done));
      return { promise, note: () => (rounds[node]! += 1) >= wanted && resolve() };
    });
    const nodes = newNodes()
      .slice(0, 2)
      .map((leases) => new Jobs(logger, leases));
    nodes[0]!.everyOnce(work, 1, () => Promise.resolve(reached[0]!.note()));
    await reached[0]!.promise;
    let looked = 0;
    const isAsked = new Promise<void>((resolve) => {
      const leases = new Leases(databases[1]!.connection, { now: () => now });
      nodes[1] = new Jobs(logger, {
        hold: async (name, length) => {
          const isMine = await leases.hold(name, length);
          looked += 1;
          if (looked === 5) resolve();
          return isMine;
        },
        release: () => leases.release(),
      });
    });
    nodes[1]!.everyOnce(work, 1, () => Promise.resolve(reached[1]!.note()));
    await isAsked;
    expect(rounds[1]).toBe(0);
    await nodes[0]!.stop();
    const done = rounds[0];
    // What the second node knows of the lease ends with it.
    now += LENGTH_MS;
    await reached[1]!.promise;
    expect(rounds[0]).toBe(done);
    await nodes[1]!.stop();
  });
});
