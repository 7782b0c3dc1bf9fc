import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import { freshCollection, runDb } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

describe('pipelines that write', () => {
  let running: RunningDb;
  beforeAll(async () => {
    running = await runDb();
  });
  afterAll(() => running.stop());

  const all = (collection: Collection<Document>) => collection.find().sort({ _id: 1 }).toArray();

  async function pair(): Promise<[Collection<Document>, Collection<Document>]> {
    const [from, to] = [freshCollection(running.db), freshCollection(running.db)];
    await from.insertMany([1, 2, 3].map((n) => ({ _id: n as never, n })));
    await to.insertMany([
      { _id: 2 as never, old: true },
      { _id: 9 as never, old: true },
    ]);
    return [from, to];
  }

  it('$out puts the results in place of a collection and keeps its indexes', async () => {
    const [from, to] = await pair();
    await to.createIndex({ n: 1 }, { unique: true, sparse: true });
    const results = await from
      .aggregate([{ $match: { n: { $gt: 1 } } }, { $out: to.collectionName }])
      .toArray();
    expect(results).toEqual([]);
    expect(await all(to)).toEqual([
      { _id: 2, n: 2 },
      { _id: 3, n: 3 },
    ]);
    expect((await to.indexes()).map(({ name }) => name)).toEqual(['_id_', 'n_1']);
    await from.aggregate([{ $set: { n: 0 } }, { $limit: 1 }, { $out: from.collectionName }]).next();
    expect(await all(from)).toEqual([{ _id: 1, n: 0 }]);
    await from.aggregate([{ $out: { db: 'elsewhere', coll: 'copy' } }]).next();
    expect(await all(running.client.db('elsewhere').collection('copy'))).toEqual([
      { _id: 1, n: 0 },
    ]);
  });

  it('$out leaves the collection as it was when a result does not fit', async () => {
    const [from, to] = await pair();
    await to.createIndex({ same: 1 }, { unique: true, sparse: true });
    await expect(
      from.aggregate([{ $set: { same: 1 } }, { $out: to.collectionName }]).next(),
    ).rejects.toMatchObject({ code: 11000 });
    expect(await all(to)).toHaveLength(2);
    expect(await to.countDocuments({ old: true })).toBe(2);
    expect(await to.estimatedDocumentCount()).toBe(2);
  });

  it.each([
    [{}, { _id: 2, old: true, n: 2 }],
    [{ whenMatched: 'replace' }, { _id: 2, n: 2 }],
    [{ whenMatched: 'keepExisting' }, { _id: 2, old: true }],
    [
      {
        whenMatched: [{ $set: { sum: { $add: ['$$new.n', '$$more'] } } }],
        let: { more: { $multiply: ['$n', 10] } },
      },
      { _id: 2, old: true, sum: 22 },
    ],
  ])('$merge with %j', async (options, merged) => {
    const [from, to] = await pair();
    await from.aggregate([{ $merge: { into: to.collectionName, ...options } }]).next();
    expect(await all(to)).toEqual([
      { _id: 1, n: 1 },
      merged,
      { _id: 3, n: 3 },
      { _id: 9, old: true },
    ]);
  });

  it('$merge finds documents by other fields of a unique index', async () => {
    const [from, to] = await pair();
    const merge = { $merge: { into: to.collectionName, on: ['key'], whenNotMatched: 'discard' } };
    const pipeline = [{ $project: { _id: 0, key: { $add: ['$n', 1] }, n: 1 } }, merge];
    await expect(from.aggregate(pipeline).next()).rejects.toMatchObject({ code: 51183 });
    await to.createIndex({ key: 1 }, { unique: true, sparse: true });
    await to.insertOne({ _id: 'a' as never, key: 3 });
    await from.aggregate(pipeline).next();
    expect(await to.find({ key: { $exists: true } }).toArray()).toEqual([
      { _id: 'a', key: 3, n: 2 },
    ]);
  });

  it('$merge fails as a whole when told to', async () => {
    const [from, to] = await pair();
    const merge = (options: Document) =>
      from.aggregate([{ $merge: { into: to.collectionName, ...options } }]).next();
    await expect(merge({ whenMatched: 'fail' })).rejects.toMatchObject({ code: 11000 });
    await expect(merge({ whenNotMatched: 'fail' })).rejects.toMatchObject({ code: 13113 });
    expect(await all(to)).toEqual([
      { _id: 2, old: true },
      { _id: 9, old: true },
    ]);
  });

  it('refuses what does not make sense', async () => {
    const [from, to] = await pair();
    const into = to.collectionName;
    const refused: [Document[], number][] = [
      [[{ $out: into }, { $limit: 1 }], 40601],
      [[{ $merge: into }, { $out: into }], 40601],
      [[{ $out: 5 }], 16990],
      [[{ $out: { db: 'x', coll: 'y', timeseries: {} } }], 115],
      [[{ $out: 'bad$name' }], 73],
      [[{ $merge: { into, bogus: 1 } }], 40415],
      [[{ $merge: { into, on: 5 } }], 51186],
      [[{ $merge: { into, whenMatched: 'x' } }], 2],
      [[{ $merge: { into, whenMatched: [{ $group: { _id: 1 } }] } }], 72],
      [[{ $merge: { into, whenMatched: 'merge', let: { a: 1 } } }], 51199],
      [[{ $merge: { into, whenMatched: 'fail', whenNotMatched: 'discard' } }], 51181],
      [[{ $set: { _id: null } }, { $merge: into }], 51132],
      [[{ $facet: { a: [{ $out: into }] } }], 115],
    ];
    for (const [pipeline, code] of refused) {
      await expect(from.aggregate(pipeline).toArray()).rejects.toMatchObject({ code });
    }
    const strong = { readConcern: { level: 'linearizable' } } as const;
    await expect(from.aggregate([{ $out: into }], strong).toArray()).rejects.toMatchObject({
      code: 72,
    });
    expect(await to.countDocuments({ old: true })).toBe(2);
  });

  it('a database answers pipelines that bring their documents', async () => {
    const { db } = running;
    const documents = { $documents: [{ a: 1 }, { a: { $add: [1, 1] } }] };
    expect(await db.aggregate([documents, { $match: { a: 2 } }]).toArray()).toEqual([{ a: 2 }]);
    for (const [pipeline, code] of [
      [[{ $documents: 5 }], 40228],
      [[{ $match: {} }], 73],
      [[{ $listLocalSessions: {} }], 115],
      [[{ $changeStream: {} }], 40573],
    ] as [Document[], number][]) {
      await expect(db.aggregate(pipeline).toArray()).rejects.toMatchObject({ code });
    }
  });
});
