import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Int32 } from 'bson';
import { openCommandEngine } from '../../test/command-engine.fixture.js';
import type { CommandEngine } from '../../test/command-engine.fixture.js';
import { isTask, runToEnd } from '../pausing.js';
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

  it("undoes nobody's writes when the results of $out are dropped meanwhile", () => {
    const { file, catalog } = opened.engine;
    file.beginTransaction();
    const { reply } = run(aggregate(into({ $out: 'copy' })), (pause) => {
      if (pause > 0) return;
      const gathering = catalog.all().find(({ namespace }) => namespace.includes('.tmp.'))!;
      opened.command({ drop: gathering.namespace.slice('test.'.length) });
      opened.command({ insert: 'other', documents: [{ _id: int(1) }] });
    });
    expect(reply).toMatchObject({ ok: int(0), code: int(175) });
    file.commit();
    expect(opened.command({ count: 'other' })).toMatchObject({ n: int(1) });
  });

  it('has $out compare what the indexes are, not whether they were read anew', () => {
    opened.command({ createIndexes: 'copy', indexes: [{ key: { a: int(1) }, name: 'a' }] });
    const out = aggregate(into({ $out: 'copy' }));
    const reread = run(out, () => {
      opened.engine.catalog.load();
    });
    expect(reread.reply).toMatchObject({ ok: int(1) });
    const dropped = run(out, (pause) => {
      if (pause === 0) opened.command({ dropIndexes: 'copy', index: 'a' });
    });
    expect(dropped.reply).toMatchObject({ ok: int(0), code: int(125) });
  });

  it('ends $merge when the unique index that it relies on is dropped meanwhile', () => {
    const key = { key: { n: int(1) }, name: 'n', unique: true };
    opened.command({ createIndexes: 'copy', indexes: [key] });
    const stages: BsonDocument[] = [
      { $project: { n: '$place' } },
      { $merge: { into: 'copy', on: 'n', whenMatched: 'keepExisting' } },
    ];
    let merged = 0;
    const { reply } = run(aggregate(stages), () => {
      merged = opened.engine.catalog.find('test.copy')!.documentCount();
      if (merged > 0) opened.command({ dropIndexes: 'copy', index: 'n' });
    });
    expect(reply).toMatchObject({ ok: int(0), code: int(51183) });
    expect(opened.engine.catalog.find('test.copy')!.documentCount()).toBe(merged);
  });

  it('refuses a document that an index being made cannot file because of the disk', () => {
    const { file } = opened.engine;
    const before = stored().documentCount();
    const { reply } = run(createIndex('place'), (pause) => {
      if (pause > 0) return;
      const [build] = stored().buildsNamed(['place']);
      const changed = build!.changed.bind(build);
      build!.changed = () => {
        throw new Error('disk I/O error');
      };
      file.beginTransaction();
      const written = opened.command({ insert: 'c', documents: [{ _id: int(-1) }] });
      expect(written).not.toMatchObject({ n: int(1), ok: int(1) });
      expect(() => {
        file.commit();
      }).toThrow('disk I/O error');
      file.rollback();
      opened.engine.catalog.load();
      build!.changed = changed;
    });
    expect(reply).toMatchObject({ ok: int(1) });
    expect(stored().documentCount()).toBe(before);
  });

  const names = () =>
    stored()
      .specs()
      .map(({ name }) => name);

  it('makes none of several indexes when one of them is dropped before the others are made', () => {
    const indexes = ['n', 'place', 'tags'].map((name) => ({ key: { [name]: int(1) }, name }));
    const { reply } = run({ createIndexes: 'c', indexes }, () => {
      if (stored().buildsNamed(['place', 'tags']).length < 2) return;
      opened.command({ dropIndexes: 'c', index: 'place' });
    });
    expect(reply).toMatchObject({ ok: int(0), code: int(276) });
    expect(names()).toEqual(['_id_']);
    expect(leftTables()).toEqual([]);
    const written = opened.command({ insert: 'c', documents: [{ _id: int(-1) }] });
    expect(written).toMatchObject({ n: int(1), ok: int(1) });
  });

  it('lets an index be made that another command began when the first was given up', () => {
    let second: ReturnType<typeof opened.begin> | undefined;
    const first = run(createIndex('place'), (pause) => {
      if (pause > 0) return;
      opened.command({ dropIndexes: 'c', index: '*' });
      second = opened.begin(createIndex('n'));
      if (isTask(second)) second.next();
    });
    expect(first.reply).toMatchObject({ ok: int(0), code: int(276) });
    if (!second || !isTask(second)) throw new Error('the second command did not pause');
    expect(decode(runToEnd(second))).toMatchObject({ ok: int(1) });
    expect(names()).toEqual(['_id_', 'n']);
  });

  it('gives up no index being made when dropIndexes names one that does not exist', () => {
    const { reply } = run(createIndex('place'), (pause) => {
      if (pause > 0) return;
      const dropped = opened.command({ dropIndexes: 'c', index: ['place', 'missing'] });
      expect(dropped).toMatchObject({ ok: int(0), code: int(27) });
    });
    expect(reply).toMatchObject({ ok: int(1) });
    expect(names()).toEqual(['_id_', 'place']);
  });

  it('tells a paused findAndModify and a paused scan of an index that what they read is gone', () => {
    opened.command(createIndex('place'));
    const scan = { find: 'c', filter: { place: { $gte: int(0) }, ...none }, hint: 'place' };
    const scanned = run(scan, (pause) => {
      if (pause > 0) return;
      opened.engine.catalog.load();
      opened.command({ dropIndexes: 'c', index: 'place' });
    });
    expect(scanned.reply).toMatchObject({ ok: int(0), code: int(175) });
    const query = { place: int(5) };
    const changed = run({ findAndModify: 'c', query, update: { $set: { a: int(1) } } }, (pause) => {
      if (pause === 0) opened.command({ drop: 'c' });
    });
    expect(changed.reply).toMatchObject({ ok: int(0), code: int(175) });
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
