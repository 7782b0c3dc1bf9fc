import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Binary,
  Decimal128,
  Double,
  Int32,
  Long,
  MongoBulkWriteError,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb';
import { freshCollection, runDb } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

describe('the official driver on the embedded database', () => {
  let running: RunningDb;
  beforeAll(async () => {
    running = await runDb();
  });
  afterAll(() => running.stop());
  const fresh = () => freshCollection(running.db);

  it('poses as a standalone server with sessions', async () => {
    const hello = await running.db.admin().command({ hello: 1 });
    expect(hello).toMatchObject({
      isWritablePrimary: true,
      logicalSessionTimeoutMinutes: 30,
      ok: 1,
    });
    expect(hello).not.toHaveProperty('setName');
    expect(hello).not.toHaveProperty('topologyVersion');
    expect((await running.db.admin().buildInfo())['version']).toBe('7.0.0');
    await running.client.withSession({ causalConsistency: true }, async (session) => {
      const c = fresh();
      await c.insertOne({ _id: 1 as never }, { session });
      expect(await c.countDocuments({}, { session })).toBe(1);
    });
  });

  it('inserts, finds, updates, replaces and deletes', async () => {
    const c = fresh();
    const { insertedId } = await c.insertOne({ a: 1, nested: { deep: [1, 'two', null] } });
    expect(insertedId).toBeInstanceOf(ObjectId);
    expect(await c.findOne({ _id: insertedId })).toEqual({
      _id: insertedId,
      a: 1,
      nested: { deep: [1, 'two', null] },
    });
    expect((await c.insertMany([{ a: 2 }, { a: 3 }, { a: 4 }])).insertedCount).toBe(3);
    expect(await c.updateOne({ a: 2 }, { $set: { b: 'x' } })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 1,
    });
    expect(await c.updateOne({ a: 2 }, { $set: { b: 'x' } })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 0,
    });
    expect(await c.updateMany({ a: { $gte: 3 } }, { $inc: { a: 10 } })).toMatchObject({
      modifiedCount: 2,
    });
    expect((await c.replaceOne({ a: 13 }, { a: 'replaced' })).modifiedCount).toBe(1);
    const all = await c
      .find({}, { projection: { _id: 0, a: 1 } })
      .sort({ a: 1 })
      .toArray();
    expect(all).toEqual([{ a: 1 }, { a: 2 }, { a: 14 }, { a: 'replaced' }]);
    expect((await c.deleteOne({ a: 'replaced' })).deletedCount).toBe(1);
    expect((await c.deleteMany({})).deletedCount).toBe(3);
    expect(await c.findOne({})).toBeNull();
  });

  it('upserts, and says what was upserted', async () => {
    const c = fresh();
    const update = { $setOnInsert: { made: 1 }, $inc: { n: 1 } };
    expect(await c.updateOne({ key: 'k' }, update, { upsert: true })).toMatchObject({
      matchedCount: 0,
      upsertedCount: 1,
    });
    expect(await c.updateOne({ key: 'k' }, update, { upsert: true })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 1,
      upsertedCount: 0,
    });
    expect(await c.findOne({}, { projection: { _id: 0 } })).toEqual({ key: 'k', made: 1, n: 2 });
  });

  it('finds and modifies', async () => {
    const c = fresh();
    const increment = { $inc: { n: 1 } };
    expect(
      await c.findOneAndUpdate({ key: 's' }, increment, {
        upsert: true,
        returnDocument: 'after',
        projection: { _id: 0 },
      }),
    ).toEqual({ key: 's', n: 1 });
    expect(await c.findOneAndUpdate({ key: 'other' }, increment, { upsert: true })).toBeNull();
    const raw = await c.findOneAndUpdate({ key: 's' }, increment, { includeResultMetadata: true });
    expect(raw?.['lastErrorObject']).toEqual({ n: 1, updatedExisting: true });
    expect(raw?.['value']).toMatchObject({ n: 1 });
    await c.insertMany([{ p: 3 }, { p: 1 }, { p: 2 }]);
    expect(
      await c.findOneAndUpdate({ p: { $gt: 0 } }, { $set: { taken: true } }, { sort: { p: -1 } }),
    ).toMatchObject({ p: 3 });
    expect(
      await c.findOneAndReplace({ p: 1 }, { p: 'one' }, { returnDocument: 'after' }),
    ).toMatchObject({ p: 'one' });
    expect(await c.findOneAndDelete({ p: 2 })).toMatchObject({ p: 2 });
    expect(await c.findOneAndDelete({ p: 2 })).toBeNull();
  });

  it('stops an ordered batch at the first error and carries an unordered one on', async () => {
    const c = fresh();
    const batch = [1, 10, 1, 11].map((n) => ({ insertOne: { document: { _id: n as never } } }));
    const ordered = await c.bulkWrite(batch).catch((error: unknown) => error);
    expect(ordered).toBeInstanceOf(MongoBulkWriteError);
    expect(ordered).toMatchObject({ code: 11000, result: { insertedCount: 2 } });
    expect(await c.countDocuments({ _id: 11 as never })).toBe(0);
    const unordered = await c
      .bulkWrite(batch, { ordered: false })
      .catch((error: unknown) => error as MongoBulkWriteError);
    expect((unordered as MongoBulkWriteError).writeErrors).toMatchObject([
      { index: 0, code: 11000 },
      { index: 1, code: 11000 },
      { index: 2, code: 11000 },
    ]);
    expect(await c.countDocuments()).toBe(3);
  });

  it('keeps the exact type of every value', async () => {
    const c = fresh();
    const document = {
      long: Long.fromString('9007199254740993'),
      double: new Double(2),
      int: new Int32(3),
      decimal: Decimal128.fromString('1.10'),
      timestamp: new Timestamp({ t: 5, i: 1 }),
      regex: /a.b/i,
      nothing: null,
      binary: new Binary(Buffer.from('xyz')),
      date: new Date(-1),
    };
    await c.insertOne({ ...document });
    const found = await c.findOne({}, { promoteValues: false, projection: { _id: 0 } });
    expect(found).toMatchObject({
      long: document.long,
      double: document.double,
      int: document.int,
      decimal: document.decimal,
      nothing: null,
      date: document.date,
    });
    expect(await c.countDocuments({ double: 2, int: 3 })).toBe(1);
    expect(await c.countDocuments({ long: Long.fromString('9007199254740992') })).toBe(0);
  });

  it('reads through many batches, in both directions, while others write', async () => {
    const c = fresh();
    await c.createIndex({ n: 1 });
    await c.insertMany(Array.from({ length: 1000 }, (_, n) => ({ n })));
    const seen: number[] = [];
    for await (const { n } of c
      .find({ n: { $gte: 0 } })
      .sort({ n: -1 })
      .batchSize(7)) {
      seen.push(n as number);
      if (n === 500) await c.deleteMany({ n: { $lt: 100 } });
    }
    expect(seen).toEqual(Array.from({ length: 900 }, (_, i) => 999 - i));
    expect(await c.find().skip(10).limit(5).sort({ n: 1 }).toArray()).toMatchObject(
      [110, 111, 112, 113, 114].map((n) => ({ n })),
    );
    const status = await running.db.admin().serverStatus();
    expect(status['metrics'].cursor.open.total).toBe(0);
  });

  it('answers a closed cursor with CursorNotFound', async () => {
    const c = fresh();
    await c.insertMany(Array.from({ length: 5 }, (_, n) => ({ n })));
    const cursor = c.find().batchSize(2);
    await cursor.next();
    await c.drop();
    await cursor.next();
    await expect(cursor.next()).rejects.toMatchObject({ code: 43 });
  });

  it('counts and lists distinct values', async () => {
    const c = fresh();
    await c.insertMany([
      { t: ['a', 'b'], n: 1 },
      { t: ['b'], n: new Double(1) },
      { n: 2 },
      { t: [] },
    ]);
    expect(await c.countDocuments({ n: 1 })).toBe(2);
    expect(await c.countDocuments({}, { skip: 1, limit: 2 })).toBe(2);
    expect(await c.countDocuments({ nothing: 1 })).toBe(0);
    expect(await c.estimatedDocumentCount()).toBe(4);
    expect(await c.distinct('t')).toEqual(['a', 'b']);
    expect(await c.distinct('n', { n: { $gt: 0 } })).toEqual([1, 2]);
  });

  it('loses no increment of parallel writers, and upserts one key once', async () => {
    const c = fresh();
    await c.createIndex({ key: 1 }, { unique: true });
    const numbers = await Promise.all(
      Array.from({ length: 50 }, () =>
        c.findOneAndUpdate(
          { key: 'k' },
          { $inc: { n: 1 } },
          { upsert: true, returnDocument: 'after' },
        ),
      ),
    );
    const got = numbers.map((document) => document?.['n'] as number).sort((a, b) => a - b);
    expect(got).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    const inserts = await Promise.allSettled(
      Array.from({ length: 20 }, () => c.insertOne({ key: 'same' })),
    );
    expect(inserts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('accepts unacknowledged writes and every write concern of a single server', async () => {
    const c = fresh();
    await c.insertOne({ n: 1 }, { writeConcern: { w: 0 } });
    await c.insertOne({ n: 2 }, { writeConcern: { w: 'majority', j: true } });
    expect(await c.find({}, { readConcern: 'majority' }).toArray()).toHaveLength(2);
    await expect(c.insertOne({ n: 3 }, { writeConcern: { w: 2 } })).rejects.toMatchObject({
      code: 2,
    });
  });

  it('keeps maxTimeMS', async () => {
    const c = fresh();
    for (let i = 0; i < 5; i++) {
      await c.insertMany(Array.from({ length: 4000 }, (_, n) => ({ n, text: 'x'.repeat(200) })));
    }
    await expect(
      c.find({ text: { $regex: 'y' } }, { maxTimeMS: 1 }).toArray(),
    ).rejects.toMatchObject({ code: 50 });
  });

  it('keeps maxTimeMS where single documents take long, and where none are read any more', async () => {
    const c = fresh();
    await c.insertMany(Array.from({ length: 60 }, (_, n) => ({ n })));
    const slow = { $expr: { $eq: ['$n', { $size: { $range: [0, 500_000] } }] } };
    await expect(c.find(slow, { maxTimeMS: 300 }).toArray()).rejects.toMatchObject({ code: 50 });
    const others = fresh();
    await others.insertMany(Array.from({ length: 3000 }, (_, n) => ({ n })));
    const joined = others.aggregate(
      [
        { $group: { _id: '$n' } },
        {
          $lookup: {
            from: others.collectionName,
            let: { n: '$_id' },
            pipeline: [{ $match: { $expr: { $eq: ['$n', '$$n'] } } }],
            as: 'found',
          },
        },
        { $match: { found: [] } },
      ],
      { maxTimeMS: 300 },
    );
    await expect(joined.toArray()).rejects.toMatchObject({ code: 50 });
  });

  it('refuses a transaction, and does none of it', async () => {
    const c = fresh();
    await running.client.withSession(async (session) => {
      const transaction = session.withTransaction(() => c.insertOne({ n: 1 }, { session }));
      await expect(transaction).rejects.toMatchObject({
        code: 115,
        message: expect.stringMatching(/^A transaction is not supported/),
      });
    });
    expect(await c.countDocuments()).toBe(0);
  });

  it('refuses by name what it does not have', async () => {
    const c = fresh();
    await c.insertOne({ _id: 1 as never, s: 'text' });
    const { db } = running;
    const refusals: [() => Promise<unknown>, number, RegExp][] = [
      [() => db.command({ noSuchThing: 1 }), 59, /noSuchThing/],
      [() => db.command({ mapReduce: c.collectionName }), 115, /mapReduce/],
      [() => db.command({ find: c.collectionName, bogus: 1 }), 40415, /find\.bogus/],
      [() => db.command({ find: c.collectionName, min: { a: 1 } }), 115, /min/],
      [() => c.find({ s: { $foo: 1 } }).toArray(), 2, /\$foo/],
      [() => c.find({ $where: 'true' }).toArray(), 115, /\$where/],
      [() => c.find({}, { collation: { locale: 'en', strength: 2 } }).toArray(), 115, /collation/],
      [() => c.updateOne({ _id: 1 as never }, { $frob: { a: 1 } } as never), 9, /\$frob/],
      [() => c.updateOne({ _id: 1 as never }, { $set: { _id: 2 } } as never), 66, /_id/],
      [() => c.updateOne({ _id: 1 as never }, { $inc: { s: 1 } }), 14, /\$inc/],
      [() => c.updateOne({ _id: 1 as never }, { $set: { a: 1 }, $inc: { a: 1 } }), 40, /conflict/],
      [() => c.insertOne({ _id: [1] as never }), 2, /_id/],
      [() => c.watch().next(), 40573, /changeStream/],
      [() => db.createCollection('capped', { capped: true, size: 1000 }), 115, /capped/],
      [() => db.createCollection('bad$name'), 73, /Invalid namespace/],
      [() => c.createIndex({ a: 'hashed' }), 115, /hashed/],
      [() => c.createIndex({ a: '2dsphere' }), 115, /2dsphere/],
      [() => c.dropIndex('nope_1'), 27, /nope_1/],
      [() => db.collection('absent').indexes(), 26, /absent/],
      [() => c.find({}, { hint: 'nope' }).toArray(), 2, /hint/],
      [
        () =>
          db.command({
            insert: c.collectionName,
            documents: [{}],
            lsid: { id: new UUID() },
            txnNumber: Long.ONE,
          }),
        20,
        /Transaction numbers/,
      ],
    ];
    for (const [refused, code, message] of refusals) {
      const error = await refused().then(
        () => new Error('was not refused'),
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    }
  });
});
