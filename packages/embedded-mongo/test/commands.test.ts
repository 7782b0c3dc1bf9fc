import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Double, Int32 } from 'mongodb';
import type { Document } from 'mongodb';
import { freshCollection, runDb } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

/** What only shows when commands are sent as they are, without a driver in between that checks them. */
describe('commands', () => {
  let running: RunningDb;
  beforeAll(async () => {
    running = await runDb();
  });
  afterAll(() => running.stop());

  /** A collection with three documents. */
  async function filled() {
    const collection = freshCollection(running.db);
    await collection.insertMany([{ _id: 1 as never, x: 11, t: { y: 1 } }, { x: 22 }, { x: 33 }]);
    return collection;
  }

  it('fail as a whole, before any statement has run, when one is malformed', async () => {
    const c = await filled();
    const good = { q: { x: 11 }, u: { $set: { changed: true } } };
    const commands: [Document, number][] = [
      [{ update: 'c', updates: [good, { ...good, bogus: 1 }] }, 40415],
      [{ update: 'c', updates: [good, { q: {} }] }, 40414],
      [{ update: 'c', updates: [good, { u: { a: 1 } }] }, 40414],
      [{ update: 'c', updates: [good, { q: {}, u: 5 }] }, 9],
      [{ update: 'c', updates: [good, { ...good, hint: 5 }] }, 9],
      [{ update: 'c', updates: [good, { ...good, arrayFilters: [5] }] }, 14],
      [{ update: 'c', updates: [good, { ...good, sort: { x: 1 } }] }, 40415],
      [{ update: 'c', updates: [good, { ...good, c: { v: 1 } }] }, 51198],
      [{ update: 'c', updates: [good, { ...good, collation: { locale: 'fr' } }] }, 115],
      [{ delete: 'c', deletes: [{ q: {}, limit: 0 }, { q: {} }] }, 40414],
      [
        {
          delete: 'c',
          deletes: [
            { q: {}, limit: 0 },
            { q: {}, limit: 2 },
          ],
        },
        9,
      ],
    ];
    for (const [command, code] of commands) {
      const [name = ''] = Object.keys(command);
      const sent = { ...command, [name]: c.collectionName };
      await expect(running.db.command(sent)).rejects.toMatchObject({ code });
    }
    expect(await c.countDocuments({ changed: { $exists: false } })).toBe(3);
  });

  it('refuse unknown members of the documents in their arguments', async () => {
    const c = await filled();
    const find = { find: c.collectionName };
    for (const command of [
      { aggregate: c.collectionName, pipeline: [], cursor: { size: 1 } },
      { listCollections: 1, cursor: { size: 1 } },
      { ...find, readConcern: { strength: 1 } },
      { ...find, writeConcern: { x: 1 } },
    ]) {
      await expect(running.db.command(command)).rejects.toMatchObject({ code: 40415 });
    }
    await expect(running.db.command({ ...find, readConcern: 5 })).rejects.toMatchObject({
      code: 14,
    });
  });

  it('work variables out before there is a document', async () => {
    const c = await filled();
    const filter = { $expr: { $eq: ['$x', '$$wanted'] } };
    expect(await c.find(filter, { let: { wanted: { $add: [20, 2] } } }).toArray()).toHaveLength(1);
    for (const value of ['$x', '$$ROOT', { $add: [1, '$x'] }, { $getField: 'x' }]) {
      await expect(c.find(filter, { let: { wanted: value } }).toArray()).rejects.toMatchObject({
        code: 4890500,
      });
    }
    const literal = { wanted: { $literal: '$x' } };
    expect(
      await c
        .aggregate([{ $limit: 1 }, { $project: { _id: 0, v: '$$wanted' } }], { let: literal })
        .toArray(),
    ).toEqual([{ v: '$x' }]);
  });

  it('keep _id in an update by a pipeline that drops it', async () => {
    const c = await filled();
    const id = 1 as never;
    await c.updateOne({ _id: id }, [{ $replaceRoot: { newRoot: '$t' } }]);
    expect(await c.findOne({ _id: id })).toEqual({ _id: 1, y: 1 });
    await c.updateOne({ _id: id }, [{ $unset: '_id' }, { $set: { z: 2 } }]);
    expect(await c.findOne({ _id: id })).toEqual({ _id: 1, y: 1, z: 2 });
    await expect(c.updateOne({ _id: id }, [{ $set: { _id: 2 } }])).rejects.toMatchObject({
      code: 66,
    });
    await c.updateOne({ _id: 9 as never }, [{ $replaceWith: { z: 1 } }], { upsert: true });
    expect(await c.findOne({ _id: 9 as never })).toEqual({ _id: 9, z: 1 });
  });

  it('close the cursors of sessions that end', async () => {
    const c = await filled();
    const session = running.client.startSession();
    const cursor = c.find({}, { session, batchSize: 1 });
    await cursor.next();
    await running.db.command({ killSessions: [session.id] });
    await expect(cursor.next()).rejects.toMatchObject({ code: 43 });
    const other = c.find({}, { batchSize: 1 });
    await other.next();
    await running.db.admin().command({ killAllSessions: [] });
    await expect(other.next()).rejects.toMatchObject({ code: 43 });
    await session.endSession();
  });

  it('check index specifications', async () => {
    const c = await filled();
    const make = (index: Document) =>
      running.db.command({ createIndexes: c.collectionName, indexes: [index] });
    await expect(make({ key: { a: 1 }, name: '' })).rejects.toMatchObject({ code: 67 });
    await expect(make({ key: { a: 1 }, name: '*' })).rejects.toMatchObject({ code: 2 });
    await expect(make({ key: { _id: 1 }, name: '_id_', unique: true })).rejects.toMatchObject({
      code: 197,
    });
    await expect(running.db.command({ dropIndexes: c.collectionName })).rejects.toMatchObject({
      code: 40414,
    });
    const compoundTtl = { key: { kind: 1, body: 1 }, name: 't', expireAfterSeconds: 5 };
    await expect(make(compoundTtl)).rejects.toMatchObject({ code: 67 });
    await make({ key: { kind: 1, body: 1 }, name: 't' });
    await expect(
      running.db.command({
        collMod: c.collectionName,
        index: { name: 't', expireAfterSeconds: 5 },
      }),
    ).rejects.toMatchObject({ code: 67 });
  });

  it('refuse text indexes and text searches by name, and say what to do instead', async () => {
    const c = await filled();
    const advice =
      /^(A text index|\$text) is not supported by the embedded database; use MongoDB, or keep /;
    const refused = { code: 115, errmsg: expect.stringMatching(advice) };
    await expect(c.createIndex({ body: 'text' })).rejects.toMatchObject(refused);
    await expect(c.createIndex({ kind: 1, '$**': 'text' })).rejects.toMatchObject(refused);
    const search = { $text: { $search: 'apple' } };
    await expect(c.find(search).toArray()).rejects.toMatchObject(refused);
    await expect(c.deleteMany(search)).rejects.toMatchObject(refused);
    await expect(c.aggregate([{ $match: search }]).toArray()).rejects.toMatchObject(refused);
    await expect(
      c.createIndex({ body: 1 }, { name: 'b', weights: { body: 2 } }),
    ).rejects.toMatchObject({ code: 115 });
  });

  it('pass over unknown index options when they are asked to', async () => {
    const c = await filled();
    const make = (index: Document, ignoreUnknownIndexOptions: boolean) =>
      running.db.command({
        createIndexes: c.collectionName,
        indexes: [index],
        ignoreUnknownIndexOptions,
      });
    const index = { key: { a: 1 }, name: 'a_1', dropDups: true };
    await expect(make(index, false)).rejects.toMatchObject({ code: 197 });
    await make(index, true);
    expect((await c.indexes())[1]).toEqual({ v: 2, key: { a: 1 }, name: 'a_1' });
    await expect(make({ ...index, clustered: true }, true)).rejects.toMatchObject({ code: 115 });
  });

  it('keep an _id of null, wherever it stands', async () => {
    const c = freshCollection(running.db);
    const insert = (document: Document) =>
      running.db.command({ insert: c.collectionName, documents: [document] });
    await insert({ a: 1, _id: null });
    expect(await c.find().toArray()).toEqual([{ _id: null, a: 1 }]);
    expect(await insert({ _id: null, a: 2 })).toMatchObject({ writeErrors: [{ code: 11000 }] });
  });

  it('count in the type that a pipeline asks for', async () => {
    const c = await filled();
    for (const one of [new Int32(1), new Double(1)]) {
      const pipeline = [{ $group: { _id: null, n: { $sum: one } } }];
      const [counted] = await c.aggregate(pipeline, { promoteValues: false }).toArray();
      expect(counted?.['n']).toBeInstanceOf(one instanceof Double ? Double : Int32);
      expect(Number(counted?.['n'])).toBe(3);
    }
  });

  it('tell sizes in the unit they are asked for', async () => {
    const other = running.client.db('sizes');
    await other.collection('c').insertOne({ text: 'x'.repeat(5000) });
    const collStats = (scale?: number) => other.command({ collStats: 'c', scale });
    const dbStats = (scale?: number) => other.command({ dbStats: 1, scale });
    const { size } = await collStats();
    expect(size).toBeGreaterThan(5000);
    expect(await collStats(1000)).toMatchObject({
      size: 5,
      storageSize: 5,
      avgObjSize: size,
      count: 1,
      scaleFactor: 1000,
    });
    expect(await dbStats(1000)).toMatchObject({
      dataSize: size / 1000,
      storageSize: size / 1000,
      avgObjSize: size,
      scaleFactor: 1000,
    });
    expect(await dbStats()).toMatchObject({ dataSize: size, scaleFactor: 1 });
    for (const stats of [collStats, dbStats]) {
      await expect(stats(0)).rejects.toMatchObject({ code: 51024 });
    }
    await expect(other.command({ dbStats: 1, freeStorage: 1 })).rejects.toMatchObject({
      code: 115,
    });
  });

  it('refuse to store what could never be read again', async () => {
    const c = freshCollection(running.db);
    const before = { _id: 1 as never, x: { y: 'z' }, s: 'a _bsontype\0 in a text' };
    await c.insertOne(before);
    const pairs = [{ k: '_bsontype', v: null }];
    const bad: Document[] = [
      { $set: { '_bsontype.a': 1 } },
      { $set: { 'x._bsontype': null } },
      { $inc: { 'x._bsontype': 1 } },
      { $rename: { x: '_bsontype' } },
      { $rename: { s: 'x._bsontype' } },
      [{ $set: { 'x._bsontype': null } }],
      [{ $set: { 'x._bsontype': 'Long' } }],
      [{ $set: { x: { $arrayToObject: [pairs] } } }],
      [{ $replaceWith: { $setField: { field: '_bsontype', input: '$$ROOT', value: 1 } } }],
    ];
    for (const update of bad) {
      for (const upsert of [false, true]) {
        const _id = upsert ? 2 : 1;
        await expect(c.updateOne({ _id: _id as never }, update, { upsert })).rejects.toMatchObject({
          code: 22,
          message: expect.stringContaining('_bsontype'),
        });
      }
    }
    for (const filter of [{ '_bsontype.a': 1 }, { 'x._bsontype': 5 }]) {
      await expect(c.updateOne(filter, { $set: { n: 1 } }, { upsert: true })).rejects.toMatchObject(
        { code: 22 },
      );
      await expect(
        c.findOneAndUpdate(filter, { $set: { n: 1 } }, { upsert: true }),
      ).rejects.toMatchObject({ code: 22 });
    }
    const deep = Array.from({ length: 202 }, () => 'a').join('.');
    for (const update of [{ $set: { [deep]: 1 } }, [{ $set: { [deep]: 1 } }]]) {
      await expect(c.updateOne({ _id: 1 as never }, update)).rejects.toMatchObject({ code: 15 });
    }
    await c.updateOne({ _id: 1 as never }, { $set: { [deep.slice(-2 * 179 - 1)]: '_bsontype\0' } });
    await c.updateOne({ _id: 1 as never }, { $unset: { a: 1 } });
    expect(await c.find().toArray()).toEqual([before]);
  });
});
