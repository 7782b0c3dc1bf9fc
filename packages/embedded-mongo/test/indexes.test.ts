import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { freshCollection, indexOf, runDb, stagesOf } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

describe('indexes of the embedded database', () => {
  let running: RunningDb;
  beforeAll(async () => {
    running = await runDb();
  });
  afterAll(() => running.stop());
  const fresh = () => freshCollection(running.db);

  it('tells a duplicate key as MongoDB does', async () => {
    const c = fresh();
    await c.createIndex({ email: 1 }, { unique: true });
    await c.createIndex({ org: 1, slug: -1 }, { unique: true });
    await c.insertOne({ _id: 1 as never, email: 'a@x', org: 1, slug: 's' });
    await expect(c.insertOne({ email: 'a@x', org: 2 })).rejects.toMatchObject({
      code: 11000,
      keyPattern: { email: 1 },
      keyValue: { email: 'a@x' },
      message: expect.stringMatching(
        /^E11000 duplicate key error collection: test\.c\d+ index: email_1 dup key: \{ email: "a@x" \}$/,
      ),
    });
    await c.insertOne({ _id: 2 as never, email: 'b@x', org: 2, slug: 's' });
    await expect(c.updateOne({ _id: 2 as never }, { $set: { org: 1 } })).rejects.toMatchObject({
      code: 11000,
      keyValue: { org: 1, slug: 's' },
    });
    await expect(
      c.findOneAndUpdate({ _id: 2 as never }, { $set: { email: 'a@x' } }),
    ).rejects.toMatchObject({ code: 11000, keyValue: { email: 'a@x' } });
    await expect(c.insertOne({ _id: 1 as never })).rejects.toMatchObject({
      keyPattern: { _id: 1 },
      keyValue: { _id: 1 },
    });
    expect(await c.findOne({ _id: 2 as never })).toMatchObject({ email: 'b@x', org: 2 });
  });

  it('keeps the elements of an array unique across documents, not within one', async () => {
    const c = fresh();
    await c.createIndex({ chat: 1, versions: 1 }, { unique: true });
    await c.insertOne({ _id: 1 as never, chat: 'a', versions: [1, 2, 2] });
    await c.insertOne({ _id: 2 as never, chat: 'b', versions: [1, 2] });
    await expect(c.insertOne({ chat: 'a', versions: [3, 2] })).rejects.toMatchObject({
      code: 11000,
      keyValue: { chat: 'a', versions: 2 },
    });
    await c.insertOne({ _id: 3 as never, chat: 'a', versions: [3] });
    await expect(
      c.updateOne({ _id: 3 as never }, { $push: { versions: 1 } } as never),
    ).rejects.toMatchObject({ code: 11000 });
    await c.updateOne({ _id: 1 as never }, { $set: { versions: [9] } });
    await c.updateOne({ _id: 3 as never }, { $push: { versions: 1 } } as never);
    const found = await c
      .find({ chat: 'a', versions: { $gt: 2 } })
      .sort({ _id: 1 })
      .toArray();
    expect(found.map(({ _id }) => _id)).toEqual([1, 3]);
    const { queryPlanner } = await c.find({ chat: 'a', versions: { $gt: 2 } }).explain();
    expect(indexOf(queryPlanner.winningPlan)).toBe('chat_1_versions_1');
    await expect(c.insertOne({ chat: [1], versions: [2] })).rejects.toMatchObject({ code: 171 });
  });

  it('leaves documents out of partial and sparse unique indexes', async () => {
    const c = fresh();
    await c.createIndex(
      { sender: 1, clientId: 1 },
      { unique: true, partialFilterExpression: { clientId: { $type: 'string' } } },
    );
    await c.createIndex({ slug: 1 }, { unique: true, sparse: true });
    await c.createIndex(
      { score: 1 },
      { unique: true, partialFilterExpression: { score: { $gt: 5 } }, name: 'high' },
    );
    await c.insertMany([
      { sender: 1, score: 1 },
      { sender: 1, score: 1 },
    ]);
    await c.insertOne({ sender: 1, clientId: 'x', slug: 'a', score: 6 });
    await expect(c.insertOne({ sender: 1, clientId: 'x' })).rejects.toMatchObject({ code: 11000 });
    await expect(c.insertOne({ slug: 'a' })).rejects.toMatchObject({ code: 11000 });
    await expect(c.insertOne({ score: 6 })).rejects.toMatchObject({ code: 11000 });
    const plan = async (filter: object) =>
      (await c.find(filter).explain())['queryPlanner'].winningPlan;
    expect(indexOf(await plan({ sender: 1, clientId: 'x' }))).toBe('sender_1_clientId_1');
    expect(stagesOf(await plan({ sender: 1 }))).toEqual(['COLLSCAN']);
    expect(await c.countDocuments({ sender: 1 })).toBe(3);
    expect(indexOf(await plan({ score: { $gt: 7 } }))).toBe('high');
    expect(stagesOf(await plan({ score: { $gt: 5.5 } }))).toEqual(['FETCH', 'IXSCAN']);
    expect(stagesOf(await plan({ score: { $gt: 4 } }))).toEqual(['COLLSCAN']);
    expect(stagesOf(await plan({ slug: null }))).toEqual(['COLLSCAN']);
    expect(await c.countDocuments({ slug: null })).toBe(2);
  });

  it('builds, describes, changes and drops indexes', async () => {
    const c = fresh();
    await c.insertMany([{ a: 1 }, { a: 1 }]);
    await expect(c.createIndex({ a: 1 }, { unique: true })).rejects.toMatchObject({ code: 11000 });
    await c.createIndex({ a: 1 });
    await c.createIndex({ a: 1 });
    await expect(c.createIndex({ a: 1 }, { name: 'a_1', unique: true })).rejects.toMatchObject({
      code: 86,
    });
    await expect(c.createIndex({ a: 1 }, { name: 'other' })).rejects.toMatchObject({ code: 85 });
    await c.createIndex({ at: 1 }, { expireAfterSeconds: 3600 });
    await expect(c.createIndex({ at: 1 }, { expireAfterSeconds: 60 })).rejects.toMatchObject({
      code: 85,
      codeName: 'IndexOptionsConflict',
      message: expect.stringMatching(
        /^An equivalent index already exists with the same name but different options\. Requested index: .*expireAfterSeconds: 60 .*existing index: .*expireAfterSeconds: 3600 /,
      ),
    });
    await expect(c.createIndex({ at: -1 }, { name: 'at_1' })).rejects.toMatchObject({ code: 86 });
    const described = await c.indexes();
    expect(described.map(({ name }) => name)).toEqual(['_id_', 'a_1', 'at_1']);
    expect(described[2]).toEqual({ v: 2, key: { at: 1 }, name: 'at_1', expireAfterSeconds: 3600 });
    await running.db.command({
      collMod: c.collectionName,
      index: { name: 'at_1', expireAfterSeconds: 60 },
    });
    expect((await c.indexes())[2]).toMatchObject({ expireAfterSeconds: 60 });
    await c.dropIndex('a_1');
    await c.dropIndexes();
    expect(await c.indexes()).toHaveLength(1);
  });

  it('has indexes on one key beside each other when they differ in what they hold', async () => {
    const c = fresh();
    await c.insertMany([{ a: 1 }, { a: 2 }, {}]);
    await c.createIndex({ a: 1 });
    await c.createIndex({ a: 1 }, { name: 'unique', unique: true });
    await c.createIndex({ a: 1 }, { name: 'sparse', unique: true, sparse: true });
    await expect(c.createIndex({ a: 1 }, { name: 'again', unique: true })).rejects.toMatchObject({
      code: 85,
    });
    await expect(c.insertOne({ a: 2 })).rejects.toMatchObject({ code: 11000 });
    await expect(c.insertOne({})).rejects.toMatchObject({ code: 11000 });
    // By its key none of them is meant more than the others.
    const drop = { dropIndexes: c.collectionName, index: { a: 1 } };
    await expect(running.db.command(drop)).rejects.toMatchObject({ code: 181 });
    const index = { keyPattern: { a: 1 }, expireAfterSeconds: 1 };
    const change = { collMod: c.collectionName, index };
    await expect(running.db.command(change)).rejects.toMatchObject({ code: 181 });
    await expect(c.countDocuments({}, { hint: { a: 1 } })).rejects.toMatchObject({ code: 27 });
    expect(await c.countDocuments({}, { hint: 'a_1' })).toBe(3);
    expect(await c.countDocuments({}, { hint: 'sparse' })).toBe(2);
    await c.dropIndex('unique');
    await c.insertOne({});
    expect(await c.countDocuments({ a: null })).toBe(2);
    expect(await running.db.command({ validate: c.collectionName })).toMatchObject({ valid: true });
  });

  it('looks thousands of values up in an index', async () => {
    const c = fresh();
    await c.createIndex({ n: 1 });
    await c.insertMany(Array.from({ length: 6000 }, (_, n) => ({ n, parity: n % 2 })));
    const filter = { n: { $in: Array.from({ length: 5000 }, (_, n) => n + 2000) }, parity: 1 };
    const { executionStats } = await c.find(filter).explain('executionStats');
    expect(executionStats).toMatchObject({ nReturned: 2000, totalKeysExamined: 4000 });
    expect(await c.countDocuments({ n: filter.n })).toBe(4000);
    expect(await c.find(filter).sort({ n: -1 }).limit(2).toArray()).toMatchObject([
      { n: 5999 },
      { n: 5997 },
    ]);
  });

  it('drops an index that is named twice once, and no other', async () => {
    const c = fresh();
    for (const field of ['a', 'b', 'c', 'd']) await c.createIndex({ [field]: 1 });
    await c.insertOne({ a: 1, b: 1, c: 1, d: 1 });
    const drop = (index: unknown) => running.db.command({ dropIndexes: c.collectionName, index });
    expect(await drop(['a_1', 'b_1', 'a_1'])).toMatchObject({ nIndexesWas: 5 });
    expect((await c.indexes()).map(({ name }) => name)).toEqual(['_id_', 'c_1', 'd_1']);
    await expect(drop(['c_1', 'a_1'])).rejects.toMatchObject({ code: 27 });
    expect(await c.countDocuments({ d: 1 })).toBe(1);
    expect(await running.db.command({ validate: c.collectionName })).toMatchObject({
      valid: true,
      nIndexes: 3,
    });
  });

  it('reads an equality prefix, then a range, in sort order, and stops at the limit', async () => {
    const c = fresh();
    await c.createIndex({ chat: 1, seq: 1 });
    await c.createIndex({ chat: 1, at: -1, seq: 1 });
    const documents = Array.from({ length: 600 }, (_, i) => ({
      chat: i % 3,
      seq: i,
      at: Math.floor(i / 7),
    }));
    await c.insertMany(documents);
    const newest = c
      .find({ chat: 1, seq: { $lt: 500 } })
      .sort({ seq: -1 })
      .limit(50);
    const { executionStats, queryPlanner } = await newest.clone().explain('executionStats');
    expect(stagesOf(queryPlanner.winningPlan)).toEqual(['LIMIT', 'FETCH', 'IXSCAN']);
    expect(indexOf(queryPlanner.winningPlan)).toBe('chat_1_seq_1');
    expect(executionStats).toMatchObject({ nReturned: 50, totalDocsExamined: 50 });
    const expected = documents
      .filter(({ chat, seq }) => chat === 1 && seq < 500)
      .reverse()
      .slice(0, 50);
    expect((await newest.toArray()).map(({ seq }) => seq as number)).toEqual(
      expected.map(({ seq }) => seq),
    );
    const mixed = c.find({ chat: 2 }).sort({ at: 1, seq: -1 });
    expect(stagesOf((await mixed.clone().explain())['queryPlanner'].winningPlan)).toEqual([
      'FETCH',
      'IXSCAN',
    ]);
    const inOrder = documents
      .filter(({ chat }) => chat === 2)
      .sort((l, r) => l.at - r.at || r.seq - l.seq);
    expect((await mixed.toArray()).map(({ seq }) => seq as number)).toEqual(
      inOrder.map(({ seq }) => seq),
    );
    const wrongWay = await c.find({ chat: 2 }).sort({ at: 1, seq: 1 }).explain();
    expect(stagesOf(wrongWay['queryPlanner'].winningPlan)).toContain('SORT');
  });

  it('uses ranges for $in, a union for $or, and the _id', async () => {
    const c = fresh();
    await c.createIndex({ a: 1, b: 1 });
    await c.createIndex({ b: 1 });
    await c.insertMany(Array.from({ length: 100 }, (_, i) => ({ a: i % 10, b: i })));
    const plan = async (filter: object) =>
      (await c.find(filter).explain('executionStats')) as Document;
    const several = await plan({ a: { $in: [3, 7, 7] }, b: { $gte: 50 } });
    expect(several['executionStats']).toMatchObject({ nReturned: 10, totalKeysExamined: 10 });
    const either = await plan({ $or: [{ a: 3 }, { b: { $lt: 4 } }] });
    expect(stagesOf(either['queryPlanner']['winningPlan'])).toEqual([
      'FETCH',
      'OR',
      'IXSCAN',
      'IXSCAN',
    ]);
    expect(either['executionStats']).toMatchObject({ nReturned: 13 });
    const one = await c.findOne({ b: 5 });
    const byId = await plan({ _id: one!._id });
    expect(stagesOf(byId['queryPlanner']['winningPlan'])).toEqual(['IDHACK']);
  });

  it('counts from the index alone', async () => {
    const c = fresh();
    await c.createIndex({ room: 1, seq: 1 });
    await c.insertMany(Array.from({ length: 300 }, (_, seq) => ({ room: seq % 3, seq })));
    const explained = await running.db.command({
      explain: { count: c.collectionName, query: { room: 1, seq: { $gt: 100 } } },
    });
    expect(stagesOf(explained['queryPlanner'].winningPlan)).toEqual(['COUNT', 'COUNT_SCAN']);
    expect(explained['executionStats'].totalDocsExamined).toBe(0);
    expect(await c.countDocuments({ room: 1, seq: { $gt: 100 } })).toBe(66);
    await c.insertOne({ room: 1, seq: [200, 300, 400] });
    expect(await c.countDocuments({ room: 1, seq: { $gt: 100 } })).toBe(67);
  });

  it('obeys a hint', async () => {
    const c = fresh();
    await c.createIndex({ a: 1 });
    await c.createIndex({ b: 1 });
    await c.insertMany([
      { a: 1, b: 2 },
      { a: 2, b: 1 },
    ]);
    const plan = async (hint: string | Record<string, 1>) =>
      (await c.find({ a: 1, b: 2 }, { hint }).explain())['queryPlanner'].winningPlan;
    expect(indexOf(await plan('b_1'))).toBe('b_1');
    expect(indexOf(await plan({ a: 1 }))).toBe('a_1');
    expect(stagesOf(await plan({ $natural: 1 }))).toEqual(['COLLSCAN']);
  });

  it('keeps indexes in step through updates and deletes', async () => {
    const c = fresh();
    await c.createIndex({ 'items.k': 1, tag: -1 });
    await c.createIndex({ tag: 1 }, { sparse: true });
    await c.createIndex({ text: 1 });
    await c.insertMany(
      Array.from({ length: 50 }, (_, i) => ({
        items: [{ k: i }, { k: i + 1 }],
        tag: i % 4,
        text: `word${String(i % 5)}`,
      })),
    );
    await c.updateMany({ tag: 1 }, { $push: { items: { k: 99 } } } as never);
    await c.updateMany({ tag: 2 }, { $unset: { tag: 1 }, $set: { text: 'changed' } });
    await c.deleteMany({ 'items.k': { $lt: 10 } });
    const validated = await running.db.command({ validate: c.collectionName });
    expect(validated).toMatchObject({ valid: true, errors: [], nIndexes: 4 });
    expect(await c.countDocuments({ 'items.k': 99 })).toBe(10);
    expect(await c.countDocuments({ text: 'changed' }, { hint: 'text_1' })).toBe(
      await c.countDocuments({ text: 'changed' }, { hint: { $natural: 1 } }),
    );
  });
});
