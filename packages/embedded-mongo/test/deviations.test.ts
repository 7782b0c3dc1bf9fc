import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Decimal128, Int32, Long, MongoClient, Timestamp } from 'mongodb';
import type { Document } from 'mongodb';
import { freshCollection, runDb } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

/** Where suites from outside have found an answer that MongoDB does not give. */
describe('answers that were not those of MongoDB', () => {
  let running: RunningDb;
  beforeAll(async () => {
    running = await runDb();
  });
  afterAll(() => running.stop());

  async function holding(...documents: Document[]) {
    const collection = freshCollection(running.db);
    if (documents.length > 0) await collection.insertMany(documents);
    return collection;
  }

  it.each<[string, Document, number]>([
    ['a default on an inner boundary', { default: 200 }, 40199],
    ['a default on the lowest boundary', { default: 0 }, 40199],
    ['a default between boundaries', { default: 399.5 }, 40199],
    ['a default of another numeric type', { default: Decimal128.fromString('1') }, 40199],
    ['an expression between boundaries', { default: { $add: [1, 2] } }, 40199],
    ['a default from the document', { default: '$n' }, 40195],
    ['a boundary from the document', { boundaries: [0, '$n'] }, 40191],
    ['a constant to group by', { groupBy: 5 }, 40202],
    ['a text to group by', { groupBy: 'n' }, 40202],
    ['an output named like an operator', { output: { $n: { $sum: 1 } } }, 40236],
    ['an accumulator of a list', { output: { n: { $sum: [1, 2] } } }, 40237],
  ])('$bucket refuses %s', async (_what, options, code) => {
    const c = await holding({ n: 5 });
    const bucket = { groupBy: '$n', boundaries: [0, 200, 400], ...options };
    await expect(c.aggregate([{ $bucket: bucket }]).toArray()).rejects.toMatchObject({ code });
  });

  it.each([400, 1e9, -1, -0.5, null, 'other', Long.fromNumber(400), { $add: [1, 1000] }])(
    '$bucket takes the default %p, outside its boundaries',
    async (usual) => {
      const c = await holding({ n: 5 }, { n: 500 });
      const bucket = { groupBy: '$n', boundaries: [0, 200, 400], default: usual };
      expect(await c.aggregate([{ $bucket: bucket }]).toArray()).toHaveLength(2);
    },
  );

  it('fills the empty timestamps at the top of a replacement, and no others', async () => {
    const empty = () => new Timestamp({ t: 0, i: 0 });
    const now = Date.now() / 1000;
    const c = await holding({ _id: 1 as never });
    const replacement = () => ({ t: empty(), inner: { t: empty() }, list: [empty()] });
    await c.replaceOne({ _id: 1 as never }, replacement());
    await c.findOneAndReplace({ _id: 2 as never }, replacement(), { upsert: true });
    await c.insertOne({ _id: 3 as never, ...replacement() });
    for (const found of await c.find().toArray()) {
      expect(Math.abs((found['t'] as Timestamp).getHighBitsUnsigned() - now)).toBeLessThan(60);
      expect(found['inner']).toEqual({ t: empty() });
      expect(found['list']).toEqual([empty()]);
    }
    await c.updateOne({ _id: 1 as never }, { $set: { t: empty() } });
    expect(await c.findOne({ _id: 1 as never })).toMatchObject({ t: empty() });
    await c.insertOne({ _id: empty() as never });
    expect(await c.countDocuments({ _id: empty() as never })).toBe(1);
  });

  it.each<[string, Document, Document, number | undefined]>([
    ['through a number', { a: { b: 2 } }, { 'a.b.c': 'd' }, 28],
    ['through a text', { a: 'x' }, { 'a.b': 'd' }, 28],
    ['through null', { a: null }, { 'a.b': 'd' }, 28],
    ['through an array, by a name', { a: [1] }, { 'a.b': 'd' }, 28],
    ['out of an array', { a: [1] }, { 'a.0': 'd' }, 2],
    ['into a number', { a: 1, d: 2 }, { a: 'd.e' }, 28],
    ['beyond an array', { a: [1] }, { 'a.5': 'd' }, undefined],
    ['of what is missing', { a: {} }, { 'a.b.c': 'd' }, undefined],
  ])('$rename %s', async (_what, document, rename, code) => {
    const c = await holding({ _id: 1 as never, ...document });
    const renamed = c.updateOne({}, { $rename: rename });
    if (code === undefined) expect(await renamed).toMatchObject({ modifiedCount: 0 });
    else await expect(renamed).rejects.toMatchObject({ code });
    expect(await c.findOne()).toEqual({ _id: 1, ...document });
  });

  it.each<[string, Document, Document]>([
    ['$set', { $set: { 'a.$x': 1 } }, { a: { $x: 1, $y: 1 } }],
    ['$set further down', { $set: { 'a.$z.b': 1 } }, { a: { $y: 1, $z: { b: 1 } } }],
    ['$inc', { $inc: { 'a.$y': 4 } }, { a: { $y: 5 } }],
    ['$unset', { $unset: { 'a.$y': 1 } }, { a: {} }],
    ['$push', { $push: { 'a.$l': 1 } }, { a: { $l: [1], $y: 1 } }],
    ['$rename', { $rename: { 'a.$y': 'a.$w' } }, { a: { $w: 1 } }],
  ])('%s reaches names with $ within documents', async (_what, change, expected) => {
    const c = await holding({ _id: 1 as never, a: { $y: 1 } });
    await c.updateOne({}, change);
    expect(await c.findOne()).toEqual({ _id: 1, ...expected });
  });

  it('writes no name with $ at the top of a document, but removes it', async () => {
    const c = await holding({ _id: 1 as never, $x: 1 });
    for (const change of [{ $set: { $x: 2 } }, { $inc: { $x: 2 } }, { $set: { '$x.y': 2 } }]) {
      await expect(c.updateOne({}, change)).rejects.toMatchObject({ code: 52 });
    }
    await c.updateOne({}, { $unset: { $x: 1 } });
    expect(await c.findOne()).toEqual({ _id: 1 });
  });

  it.each<Document>([
    { $id: 7 },
    { $ref: 'things' },
    { $ref: 'things', $id: 7 },
    { $db: 'd', $id: { $eq: 7 } },
    { n: 1, $id: 7 },
    { $or: [{ $id: 7 }, { $id: 8 }] },
  ])('$elemMatch finds a reference by %p', async (condition) => {
    const c = await holding({ a: [{ $ref: 'things', $id: 7, $db: 'd', n: 1 }] });
    const isOperand = JSON.stringify(condition).includes('$eq');
    const found = await c.countDocuments({ a: { $elemMatch: condition } });
    expect(found).toBe(isOperand ? 0 : 1);
    expect(await c.countDocuments({ a: { $elemMatch: { $id: 1 } } })).toBe(0);
    await expect(c.countDocuments({ $id: 7 })).rejects.toMatchObject({ code: 2 });
  });

  it.each<[string, Document]>([
    ['find', { writeConcern: { w: 1 } }],
    ['count', { writeConcern: { w: 1 } }],
    ['distinct', { key: 'a', writeConcern: {} }],
    ['aggregate', { pipeline: [], cursor: {}, writeConcern: { j: true } }],
    ['aggregate', { pipeline: [{ $out: 'o' }], explain: true, writeConcern: { j: true } }],
    ['listIndexes', { writeConcern: { w: 1 } }],
    ['validate', { writeConcern: { w: 1 } }],
    ['insert', { documents: [{}], readConcern: { level: 'local' } }],
    ['update', { updates: [{ q: {}, u: {} }], readConcern: { level: 'majority' } }],
    ['delete', { deletes: [{ q: {}, limit: 1 }], readConcern: { level: 'local' } }],
    ['findAndModify', { remove: true, readConcern: { level: 'local' } }],
    ['createIndexes', { indexes: [{ key: { a: 1 }, name: 'a' }], readConcern: { level: 'local' } }],
    ['drop', { readConcern: { level: 'local' } }],
  ])('%s refuses a concern that it can not have: %p', async (name, options) => {
    const c = await holding({ a: 1 });
    const sent = running.db.command({ [name]: c.collectionName, ...options });
    await expect(sent).rejects.toMatchObject({ code: 72, codeName: 'InvalidOptions' });
    expect(await c.find().toArray()).toHaveLength(1);
  });

  it('refuses options that it would ignore', async () => {
    const c = await holding({ a: 1 }, { a: 2 });
    const collation = { locale: 'simple' };
    const name = c.collectionName;
    for (const [command, code] of [
      [{ insert: name, documents: [{}], collation }, 40415],
      [{ ping: 1, collation }, 40415],
      [{ aggregate: 1, pipeline: [{ $documents: [] }], explain: true }, 115],
      [{ find: name, collation: { locale: 'fr' } }, 115],
    ] as [Document, number][]) {
      await expect(running.db.command(command)).rejects.toMatchObject({ code });
    }
    const { cursor } = await running.db.command({ find: name, batchSize: 1 });
    const more = { getMore: (cursor as { id: Long }).id, collection: name, maxTimeMS: 5 };
    await expect(running.db.command(more)).rejects.toMatchObject({ code: 2 });
  });

  const big = { $range: [0, 5_000_000] };
  const within = { $range: [0, 3000] };
  it.each<[string, Document]>([
    ['$map', { $map: { input: big, in: { $multiply: ['$$this', 2] } } }],
    ['$filter', { $filter: { input: big, cond: { $gt: ['$$this', 5_000_000] } } }],
    ['$reduce', { $reduce: { input: big, initialValue: 0, in: { $add: ['$$value', 1] } } }],
    ['$range', { $size: [{ $concatArrays: [big, big, big, big] }] }],
    ['$map in $map', { $map: { input: within, in: { $map: { input: within, in: 1 } } } }],
    ['$in in $map', { $map: { input: within, in: { $in: [-1, big] } } }],
    ['$zip', { $zip: { inputs: [big, big] } }],
    ['$sortArray', { $sortArray: { input: { $setUnion: [within, big] }, sortBy: -1 } }],
    ['$setIntersection', { $setIntersection: [big, big] }],
  ])('maxTimeMS ends one expression: %s', async (_what, expression) => {
    const c = await holding({ a: 1 });
    const startedAt = performance.now();
    const found = c
      .aggregate([{ $project: { n: { $size: [{ $ifNull: [expression, []] }] } } }], {
        maxTimeMS: 30,
      })
      .toArray();
    await expect(found).rejects.toMatchObject({ code: 50 });
    // Less by far than it takes to the end; the machine may be slow.
    expect(performance.now() - startedAt).toBeLessThan(5000);
    const filter = { $expr: { $eq: [expression, 1] } };
    await expect(c.find(filter, { maxTimeMS: 30 }).toArray()).rejects.toMatchObject({ code: 50 });
  });

  it('refuses a $range beyond the memory that MongoDB gives it', async () => {
    const c = await holding({ a: 1 });
    const pipeline = [{ $project: { n: { $range: [0, 2_000_000_000] } } }];
    await expect(c.aggregate(pipeline).toArray()).rejects.toMatchObject({ code: 146 });
  });

  it('lets a client with a strict server API work, and refuses what is not part of it', async () => {
    const serverApi = { version: '1', strict: true, deprecationErrors: true } as const;
    const client = new MongoClient(running.embedded.uri, {
      serverApi,
      serverSelectionTimeoutMS: 5000,
    });
    try {
      const db = client.db('strict');
      const c = db.collection('c');
      await c.insertOne({ a: 1 });
      await c.updateOne({ a: 1 }, { $set: { b: 1 } });
      await c.createIndex({ a: 1 });
      expect(await c.find().toArray()).toHaveLength(1);
      expect(await c.aggregate([{ $count: 'n' }]).toArray()).toEqual([{ n: 1 }]);
      expect(await db.command({ ping: 1 })).toEqual({ ok: 1 });
      await expect(c.createIndex({ b: 1 }, { sparse: true })).rejects.toMatchObject({ code: 323 });
      for (const command of [
        { distinct: 'c', key: 'a' },
        { buildInfo: 1 },
        { collStats: 'c' },
        { find: 'c', noCursorTimeout: true },
        { renameCollection: 'strict.c', to: 'strict.d' },
      ]) {
        await expect(db.admin().command(command)).rejects.toMatchObject({
          code: 323,
          codeName: 'APIStrictError',
        });
      }
    } finally {
      await client.close();
    }
    for (const [options, code] of [
      [{ apiVersion: '2' }, 322],
      [{ apiStrict: true }, 72],
      [{ apiDeprecationErrors: false }, 72],
    ] as [Document, number][]) {
      await expect(running.db.command({ ping: 1, ...options })).rejects.toMatchObject({ code });
    }
  });

  it('answers distinct in the order of MongoDB', async () => {
    const c = await holding({ a: [3, 1] }, { a: 2 }, { a: [0, 5] }, { a: new Int32(1) });
    expect(await c.distinct('a')).toEqual([1, 3, 2, 0, 5]);
    const descending = await c.createIndex({ a: -1 });
    expect(await c.distinct('a')).toEqual([5, 3, 2, 1, 0]);
    await c.dropIndex(descending);
    await c.createIndex({ a: 1, b: 1 });
    expect(await c.distinct('a')).toEqual([0, 1, 2, 3, 5]);
    expect(await c.distinct('a', { a: { $gte: 2 } })).toEqual([0, 1, 2, 3, 5]);
  });

  const nested = (levels: number, inner: unknown = 1): unknown =>
    Array.from({ length: levels }).reduce<unknown>((value) => ({ a: value }), inner);

  it('refuses documents and filters that are nested too deeply', async () => {
    const c = await holding({ _id: 1 as never });
    await c.insertOne(nested(180) as Document);
    await expect(c.insertOne(nested(182) as Document)).rejects.toMatchObject({ code: 15 });
    await expect(c.insertOne(nested(250) as Document)).rejects.toMatchObject({ code: 15 });
    const deepSet = { $set: { b: nested(181) } };
    await expect(c.updateOne({ _id: 1 as never }, deepSet)).rejects.toMatchObject({ code: 15 });
    const not = (levels: number) =>
      Array.from({ length: levels }).reduce<Document>((inner) => ({ $not: inner }), { $eq: 1 });
    expect(await c.countDocuments({ z: not(91) })).toBe(2);
    await expect(c.countDocuments({ z: not(101) })).rejects.toMatchObject({ code: 2 });
  });

  it('refuses names that no database or collection can have, also to read', async () => {
    const long = running.client.db('d'.repeat(64));
    await expect(long.command({ ping: 1 })).rejects.toMatchObject({ code: 73 });
    for (const name of ['.a', 'a\0b', '']) {
      await expect(running.db.command({ find: name })).rejects.toMatchObject({ code: 73 });
    }
    for (const name of ['a$b', 'system.x', 'a.', 'x'.repeat(251)]) {
      await expect(running.db.command({ create: name })).rejects.toMatchObject({ code: 73 });
    }
  });
});
