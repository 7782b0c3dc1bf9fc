import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoBulkWriteError } from 'mongodb';
import { freshCollection, runDb } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

const MEGABYTE = 1_000_000;

/** What no document or message may hold is refused with MongoDB's codes; nothing is cut off. */
describe('results that are too large', () => {
  let running: RunningDb;
  beforeAll(async () => {
    running = await runDb();
  });
  afterAll(() => running.stop());

  async function withTexts(count: number, length: number) {
    const c = freshCollection(running.db);
    await c.insertMany(
      Array.from({ length: count }, (_, i) => ({
        _id: i as never,
        text: String(i).padStart(length, 'x'),
        numbers: [i],
      })),
    );
    return c;
  }

  it('of a pipeline or a projection', async () => {
    const c = await withTexts(20, MEGABYTE);
    const all = [{ $group: { _id: null, all: { $push: '$text' } } }];
    await expect(c.aggregate(all).toArray()).rejects.toMatchObject({ code: 10334 });
    const many = [{ $limit: 1 }, { $project: { numbers: { $range: [0, 2_500_000] } } }];
    await expect(c.aggregate(many).toArray()).rejects.toMatchObject({ code: 10334 });
    const repeated = { projection: { all: Array.from({ length: 18 }, () => '$text') } };
    await expect(c.findOne({}, repeated)).rejects.toMatchObject({ code: 10334 });
    const long = [
      { $limit: 1 },
      { $project: { all: { $concat: Array.from({ length: 18 }, () => '$text') } } },
    ];
    await expect(c.aggregate(long).toArray()).rejects.toMatchObject({ code: 10334 });
    const some = [{ $limit: 12 }, ...all];
    const [whole] = await c.aggregate<{ all: string[] }>(some).toArray();
    expect(whole?.all.map((text) => text.length)).toEqual(
      Array.from({ length: 12 }, () => MEGABYTE),
    );
  });

  it('of distinct', async () => {
    const c = await withTexts(20, MEGABYTE);
    await expect(c.distinct('text')).rejects.toMatchObject({ code: 17217 });
    expect(await c.distinct('text', { _id: { $lt: 10 as never } })).toHaveLength(10);
  });

  it('of an update', async () => {
    const c = await withTexts(1, 10 * MEGABYTE);
    const doubled = [{ $set: { twice: ['$text', '$text'] } }];
    await expect(c.updateOne({}, doubled)).rejects.toMatchObject({ code: 10334 });
    expect(await c.countDocuments({ twice: { $exists: true } })).toBe(0);
  });

  it('of errors: those that do not fit are told by index and code alone', async () => {
    const c = freshCollection(running.db);
    const documents = Array.from({ length: 20_000 }, (_, i) => ({
      _id: String(i).padStart(400, 'k') as never,
    }));
    await c.insertMany(documents);
    const more = [...documents, { _id: 'new' as never }];
    const error = (await c
      .insertMany(more, { ordered: false })
      .catch((reason: unknown) => reason)) as MongoBulkWriteError;
    expect(error).toBeInstanceOf(MongoBulkWriteError);
    expect(error.insertedCount).toBe(1);
    const errors = [error.writeErrors].flat();
    expect(errors.map(({ index, code }) => [index, code])).toEqual(
      documents.map((_, index) => [index, 11000]),
    );
    expect(errors[0]?.errmsg).toMatch(/^E11000 duplicate key error/);
    expect(errors.at(-1)?.errmsg).toBe('');
  });

  it('of one error, whose values are cut', async () => {
    const c = freshCollection(running.db);
    const text = 'x'.repeat(9 * MEGABYTE);
    for (const _id of [1, 2]) await c.insertOne({ _id: _id as never, text });
    const refusals = [
      () => c.createIndex({ text: 1 }, { unique: true }),
      async () => {
        await c.deleteOne({ _id: 2 as never });
        await c.createIndex({ text: 1 }, { unique: true });
        await c.insertOne({ text });
      },
      () => c.findOneAndUpdate({ _id: 3 as never }, { $set: { text } }, { upsert: true }),
    ];
    for (const refused of refusals) {
      await expect(refused()).rejects.toMatchObject({
        code: 11000,
        message: expect.stringMatching(
          /^E11000 duplicate key error .* text_1 dup key: \{ text: "x+…$/,
        ),
      });
    }
    expect(await c.countDocuments({})).toBe(1);
  });

  it('are not those that only have many elements', async () => {
    const c = freshCollection(running.db);
    const many = Array.from({ length: 600_000 }, (_, i) => i);
    await c.insertOne({ _id: 1 as never, list: [-1, -2], more: many });
    await c.updateOne({}, { $push: { list: { $each: many, $position: 1 } } } as never);
    const at = (index: number) => ({ $arrayElemAt: ['$all', index] });
    const [joined] = await c
      .aggregate([
        { $project: { all: { $concatArrays: ['$list', '$more'] } } },
        { $project: { size: { $size: '$all' }, some: [0, 1, 600_000, 600_001, -1].map(at) } },
      ])
      .toArray();
    expect(joined).toEqual({ _id: 1, size: 1_200_002, some: [-1, 0, 599_999, -2, 599_999] });
  });

  it('are not those of many documents, which come in several batches', async () => {
    const c = await withTexts(40, MEGABYTE);
    expect(await c.find({}, { batchSize: 1000 }).toArray()).toHaveLength(40);
  });
});
