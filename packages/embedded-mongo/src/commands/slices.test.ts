import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Int32 } from 'bson';
import { openCommandEngine } from '../../test/command-engine.fixture.js';
import type { CommandEngine } from '../../test/command-engine.fixture.js';
import { isTask } from '../pausing.js';
import { decode, fieldOf } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { checkCollection } from '../storage/integrity-check.js';
import { dropLeftovers } from '../storage/leftovers.js';

const COUNT = 6000;

const int = (value: number) => new Int32(value);

describe('a long command', () => {
  let opened: CommandEngine;
  beforeEach(() => {
    opened = openCommandEngine();
    const documents = Array.from({ length: COUNT }, (_, i) => ({
      _id: int(i),
      n: int(0),
      place: int((i * 7919) % COUNT),
      tags: [int(i % 7), int(-1)],
      text: 'lorem ipsum '.repeat(10),
    }));
    // In one transaction, as the queue runs it: thousands of their own would take seconds.
    opened.engine.file.beginTransaction();
    expect(opened.command({ insert: 'c', documents })).toMatchObject({ n: int(COUNT) });
    opened.engine.file.commit();
  });
  afterEach(() => {
    opened.close();
  });

  const stored = () => opened.engine.catalog.find('test.c')!;

  /** Runs a command and, at each of its pauses, what others do. */
  function run(body: BsonDocument, others: (pause: number) => void = () => undefined) {
    const work = opened.begin(body);
    if (!isTask(work)) return { reply: decode(work), pauses: 0 };
    for (let pauses = 0; ; pauses += 1) {
      const step = work.next();
      if (step.done === true) return { reply: decode(step.value), pauses };
      others(pauses);
    }
  }

  const none = { 'text.x': int(1) };
  const noneAtAll = { filter: none };
  const into = (stage: BsonDocument) => [{ $project: { n: int(1) } }, stage];
  it.each<[string, BsonDocument]>([
    ['a find without an index', { find: 'c', ...noneAtAll }],
    ['a sort', { find: 'c', sort: { place: int(1) }, limit: int(5) }],
    ['a count', { count: 'c', query: none }],
    ['distinct', { distinct: 'c', key: 'place' }],
    ['explain', { explain: { find: 'c', ...noneAtAll } }],
    ['a group', aggregate([{ $group: { _id: '$place', n: { $sum: int(1) } } }])],
    ['a $sort of results', aggregate([{ $unwind: '$tags' }, { $sort: { place: int(1) } }])],
    ['a $match of results', aggregate([{ $unwind: '$tags' }, { $match: { tags: int(9) } }])],
    ['a bucket', aggregate([{ $bucket: { groupBy: '$n', boundaries: [int(0), int(9)] } }])],
    ['facets', aggregate([{ $facet: { a: [{ $match: none }], b: [{ $count: 'n' }] } }])],
    ['$out', aggregate(into({ $out: 'copy' }))],
    ['$merge', aggregate(into({ $merge: 'copy' }))],
    ['an update of many', update({}, true)],
    ['an update of one', update({ place: int(5), 'tags.9': int(1) }, false)],
    ['findAndModify', { findAndModify: 'c', query: none, update: { $set: { a: int(1) } } }],
    ['a deletion', { delete: 'c', deletes: [{ q: {}, limit: int(0) }] }],
    ['an index', createIndex('place')],
  ])('lets others run meanwhile: %s', (_what, body) => {
    const { pauses, reply } = run(body, () => {
      expect(opened.command({ ping: int(1) })).toEqual({ ok: int(1) });
    });
    expect(reply).toMatchObject({ ok: int(1) });
    expect(pauses).toBeGreaterThan(0);
  });

  function aggregate(pipeline: BsonDocument[]): BsonDocument {
    return { aggregate: 'c', pipeline, cursor: {} };
  }

  function update(q: BsonDocument, multi: boolean): BsonDocument {
    return { update: 'c', updates: [{ q, u: { $inc: { n: int(1) } }, multi }] };
  }

  function createIndex(field: string, options: BsonDocument = {}): BsonDocument {
    return { createIndexes: 'c', indexes: [{ key: { [field]: int(1) }, name: field, ...options }] };
  }

  it('answers a find with every document that nobody has touched, once', () => {
    let written = 0;
    const { reply } = run({ find: 'c', batchSize: int(COUNT * 2) }, (pause) => {
      opened.command({ delete: 'c', deletes: [{ q: { _id: int(pause) }, limit: int(1) }] });
      opened.command({ insert: 'c', documents: [{ _id: int(COUNT + pause) }] });
      written = pause + 1;
    });
    const { firstBatch } = reply['cursor'] as { firstBatch: { _id: Int32 }[] };
    const ids = firstBatch.map(({ _id }) => _id.value);
    expect(new Set(ids).size).toBe(ids.length);
    const untouched = Array.from({ length: COUNT - written }, (_, i) => i + written);
    expect(ids).toEqual(expect.arrayContaining(untouched.slice(-2000)));
  });

  it('updates each document once, and passes over those that no longer match', () => {
    const last = COUNT - 1;
    const { reply } = run(update({ n: { $lt: int(5) } }, true), (pause) => {
      if (pause > 0) return;
      opened.command({
        update: 'c',
        updates: [{ q: { _id: int(last) }, u: { $set: { n: int(9) } } }],
      });
      opened.command({ delete: 'c', deletes: [{ q: { _id: int(last - 1) }, limit: int(1) }] });
    });
    expect(reply).toMatchObject({ n: int(COUNT - 2), nModified: int(COUNT - 2) });
    expect(opened.command({ count: 'c', query: { n: int(1) } })).toMatchObject({
      n: int(COUNT - 2),
    });
    expect(opened.command({ count: 'c', query: { n: int(9) } })).toMatchObject({ n: int(1) });
  });

  it('leaves its documents and indexes in agreement when others write meanwhile', () => {
    opened.command(createIndex('n'));
    const others = (pause: number) => {
      const q = { _id: int((pause * 31) % COUNT) };
      opened.command({ update: 'c', updates: [{ q, u: { $set: { place: int(-pause) } } }] });
      opened.command({ insert: 'c', documents: [{ _id: int(COUNT + pause), place: [int(1)] }] });
      opened.command({ delete: 'c', deletes: [{ q: { _id: int(pause) }, limit: int(1) }] });
    };
    for (const body of [update({}, true), createIndex('place'), createIndex('tags')]) {
      expect(run(body, others).reply).toMatchObject({ ok: int(1) });
      opened.command({
        delete: 'c',
        deletes: [{ q: { _id: { $gte: int(COUNT) } }, limit: int(0) }],
      });
    }
    expect(
      stored()
        .specs()
        .map(({ name }) => name),
    ).toEqual(['_id_', 'n', 'place', 'tags']);
    expect(checkCollection(stored())).toEqual({ indexes: [], unreadable: [] });
  });

  it('makes no unique index when others write a duplicate meanwhile, and refuses no write', () => {
    const { reply } = run(createIndex('place', { unique: true }), (pause) => {
      const duplicate = { _id: int(COUNT + pause), place: int(3) };
      const written = opened.command({ insert: 'c', documents: [duplicate] });
      expect(written).toMatchObject({ n: int(1) });
      expect(written['writeErrors']).toBeUndefined();
    });
    expect(reply).toMatchObject({ ok: int(0), code: int(11000) });
    expect(stored().specs()).toHaveLength(1);
    expect(leftTables()).toEqual([]);
  });

  const leftTables = () =>
    opened.engine.file.prepare("SELECT name FROM sqlite_master WHERE name LIKE 'building%'").all();

  it.each<[string, BsonDocument, BsonDocument, number]>([
    ['a find, by a drop', { find: 'c', ...noneAtAll }, { drop: 'c' }, 175],
    ['an index, by a drop', createIndex('place'), { drop: 'c' }, 276],
    ['an index, by dropIndexes', createIndex('place'), { dropIndexes: 'c', index: '*' }, 276],
    ['an index, by its name', createIndex('place'), { dropIndexes: 'c', index: 'place' }, 276],
    [
      'a group, by a new database',
      aggregate([{ $sortByCount: '$n' }]),
      { dropDatabase: int(1) },
      175,
    ],
  ])('ends with an error when what it works on goes: %s', (_what, body, other, code) => {
    const { reply } = run(body, (pause) => {
      if (pause === 0) expect(opened.command(other)).toMatchObject({ ok: int(1) });
    });
    expect(reply).toMatchObject({ ok: int(0), code: int(code) });
    expect(leftTables()).toEqual([]);
  });

  it('fails an update as a statement when its collection is dropped meanwhile', () => {
    const { reply } = run(update({}, true), (pause) => {
      if (pause === 0) opened.command({ drop: 'c' });
    });
    expect(reply['writeErrors']).toMatchObject([{ index: int(0), code: int(175) }]);
  });

  it('ends a getMore when its cursor is killed, and refuses a second one meanwhile', () => {
    const found = opened.command({
      find: 'c',
      filter: { place: { $gte: int(0) } },
      batchSize: int(1),
    });
    const id = fieldOf(found['cursor'] as BsonDocument, 'id')!;
    const getMore = { getMore: id, collection: 'c' };
    const { reply } = run(getMore, (pause) => {
      if (pause > 0) return;
      expect(opened.command(getMore)).toMatchObject({ code: int(143) });
      expect(opened.command({ killCursors: 'c', cursors: [id] })).toMatchObject({
        cursorsKilled: [id],
      });
    });
    expect(reply).toMatchObject({ ok: int(0), code: int(237) });
  });

  it('does not let $out replace a collection that has changed meanwhile, nor leave its results', () => {
    opened.command({ insert: 'copy', documents: [{ old: int(1) }] });
    const { reply } = run(aggregate(into({ $out: 'copy' })), (pause) => {
      if (pause === 0) opened.command({ drop: 'copy' });
    });
    expect(reply).toMatchObject({ ok: int(0), code: int(125) });
    expect(opened.engine.catalog.all().map(({ namespace }) => namespace)).toEqual(['test.c']);
  });

  it('leaves nothing behind after the next start when its process was killed', () => {
    for (const body of [createIndex('place'), aggregate(into({ $out: 'copy' }))]) {
      const work = opened.begin(body);
      if (isTask(work)) work.next();
    }
    expect(leftTables()).toHaveLength(1);
    opened.engine.catalog.load();
    dropLeftovers(opened.engine.file, opened.engine.catalog);
    expect(leftTables()).toEqual([]);
    expect(opened.engine.catalog.all()).toHaveLength(1);
  });
});
