import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { BSONSymbol, Decimal128, Double, Int32, Long } from 'bson';
import fc from 'fast-check';
import { SEED, runs } from '../../../../test/support/seed.js';
import { collected, runToEnd } from '../pausing.js';
import { compileFilter, compileSort, encode } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import { deleteDocuments, insertDocument, updateDocuments } from '../commands/document-writes.js';
import { Catalog } from '../storage/catalog.js';
import { DatabaseFile } from '../storage/database-file.js';
import { readIndexSpec } from '../storage/index-spec.js';
import { checkCollection } from '../storage/integrity-check.js';
import { DocumentQuery } from './document-query.js';
import { ExecutionBudget } from './plan-execution.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-planner-'));
const file = new DatabaseFile(folder, 'NORMAL');
const catalog = new Catalog(file);
afterAll(() => {
  file.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const plain = { noNullPrototype: true, requiredKeys: [] };
const scalar: fc.Arbitrary<BsonValue> = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 4 }).map((n) => new Int32(n)) },
  fc.constantFrom(1.5, 2, NaN).map((n) => new Double(n)),
  fc.constantFrom(Long.fromNumber(2), Decimal128.fromString('2'), Decimal128.fromString('NaN')),
  fc.constantFrom('a', 'b', '', new BSONSymbol('a')),
  fc.constantFrom(null, true, new Date(1)),
);
const field: fc.Arbitrary<BsonValue> = fc.oneof(
  { weight: 3, arbitrary: scalar },
  { weight: 3, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  fc.record({ x: scalar, y: scalar }, plain) as fc.Arbitrary<BsonDocument>,
  fc.array(fc.record({ x: scalar, y: scalar }, plain), { maxLength: 2 }) as fc.Arbitrary<BsonValue>,
);
const document = fc.record(
  { a: field, b: scalar, c: scalar },
  { ...plain, requiredKeys: ['a'] },
) as fc.Arbitrary<BsonDocument>;

const PATHS = ['a', 'a', 'b', 'b', 'c', 'c', 'a.x', 'a.y', 'a.0'];
const condition: fc.Arbitrary<BsonValue> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 3, arbitrary: fc.array(scalar, { maxLength: 3 }).map(($in) => ({ $in })) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), scalar)
      .map(([operator, bound]) => ({ [operator]: bound })),
  },
  fc.record({ $gt: scalar, $lte: scalar, $gte: scalar, $lt: scalar }, plain),
  fc.boolean().map(($exists) => ({ $exists })),
  fc.constantFrom('int', 'number', 'string', 'symbol', 'array').map(($type) => ({ $type })),
  scalar.map(($ne) => ({ $ne })),
  fc.record({ $gte: scalar, $lt: scalar }, plain).map(($elemMatch) => ({ $elemMatch })),
  fc
    .record({ x: scalar, y: fc.record({ $gte: scalar, $in: fc.array(scalar) }, plain) }, plain)
    .map(($elemMatch) => ({ $elemMatch })),
  fc.array(fc.oneof(scalar, field), { maxLength: 2 }).map(($all) => ({ $all })),
  fc
    .record({ $gte: scalar, $in: fc.array(scalar) }, { ...plain, requiredKeys: ['$gte'] })
    .map(($not) => ({ $not })),
  field,
  fc.array(field, { maxLength: 2 }).map(($in) => ({ $in })),
) as fc.Arbitrary<BsonValue>;
const conjunction = fc
  .array(fc.tuple(fc.constantFrom(...PATHS), condition), { maxLength: 2 })
  .map((entries) => Object.fromEntries(entries) as BsonDocument);
const filter: fc.Arbitrary<BsonDocument> = fc.oneof(
  { weight: 6, arbitrary: conjunction },
  fc.tuple(conjunction, conjunction).map(([left, right]) => ({ $and: [left, right] })),
  fc.tuple(conjunction, conjunction, conjunction).map(([left, right, both]) => ({
    ...both,
    $or: [left, right],
  })),
);
const direction = fc.constantFrom(1, -1).map((n) => new Int32(n));
const pattern = (paths: readonly string[], maxLength: number) =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...paths), direction), {
      minLength: 1,
      maxLength,
      selector: ([name]) => name,
    })
    .map((entries) => Object.fromEntries(entries) as BsonDocument);
const indexSpec = fc
  .tuple(
    pattern(['a', 'b', 'c', 'a.x', 'a.y', 'a.0', 'a.0.x'], 3),
    fc.constantFrom<BsonDocument>(
      {},
      {},
      { sparse: true },
      { unique: true },
      { unique: true, sparse: true },
      { unique: true, partialFilterExpression: { b: { $gt: new Int32(1) } } },
      { partialFilterExpression: { b: { $exists: true } } },
      { partialFilterExpression: { c: { $gt: new Int32(1) } } },
      { partialFilterExpression: { a: { $type: 'int' } } },
      { partialFilterExpression: { b: { $type: 'number' } } },
      { partialFilterExpression: { b: { $type: 'string' } } },
      { partialFilterExpression: { 'a.x': { $gte: new Int32(1) } } },
      { partialFilterExpression: { $or: [{ b: new Int32(1) }, { c: { $exists: true } }] } },
      { partialFilterExpression: { b: { $in: ['a', new Int32(2)] } } },
    ),
  )
  .map(([key, options]): BsonDocument => ({ key, ...options }));
const sort = fc.option(pattern(['a', 'b', 'c', 'a.x'], 2), { nil: undefined });

/** Like `work`, but an error that MongoDB has for parallel arrays counts as its outcome. */
function outcome<T>(work: () => T): T | number {
  try {
    return work();
  } catch (error) {
    const { code } = error as { code?: number };
    if (code === undefined) throw error;
    return code;
  }
}

describe('a query by any plan', () => {
  it('answers as reading and sorting everything does, and writes keep the indexes right', () => {
    const scenario = fc.record({
      documents: fc.array(document, { minLength: 15, maxLength: 40 }),
      specs: fc.array(indexSpec, { minLength: 2, maxLength: 4 }),
      changes: fc.array(fc.tuple(filter, fc.constantFrom('a', 'b', 'c'), field), { maxLength: 2 }),
      removed: fc.option(filter, { nil: undefined }),
      queries: fc.array(fc.record({ filter, sort, skip: fc.nat(2), limit: fc.nat(5) }), {
        minLength: 1,
        maxLength: 6,
      }),
    });
    fc.assert(
      fc.property(scenario, ({ documents, specs, changes, removed, queries }) => {
        file.beginTransaction();
        try {
          const collection = catalog.create('test.c');
          for (const [i, spec] of specs.entries()) {
            const read = readIndexSpec({ ...spec, name: `index${String(i)}` });
            outcome(() => catalog.createIndex(collection, read));
          }
          for (const [i, one] of documents.entries()) {
            const stored = { _id: new Int32(i), ...one };
            outcome(() => {
              insertDocument(collection, stored, encode(stored));
            });
          }
          const budget = new ExecutionBudget();
          for (const [wanted, name, value] of changes) {
            const statement = {
              filter: wanted,
              update: { $set: { [name]: value } },
              isMulti: true,
              isUpsert: false,
            };
            outcome(() =>
              runToEnd(
                updateDocuments(
                  collection,
                  statement,
                  budget,
                  (work) => collection.atomically(() => work(collection)),
                  new Date(),
                ),
              ),
            );
          }
          if (removed) {
            runToEnd(deleteDocuments(collection, { filter: removed }, true, budget));
          }
          expect(checkCollection(collection)).toEqual({ indexes: [], unreadable: [] });
          const all: BsonDocument[] = [];
          collection.eachDocument((_rowId, one) => all.push(one));
          for (const query of queries) expectSameAnswer(collection, all, query);
        } finally {
          file.rollback();
          catalog.load();
        }
      }),
      { seed: SEED, numRuns: runs(250) },
    );
  });
});

describe('a query by a partial index', () => {
  /** The documents that a filter finds and counts with an index on `n`, and the stage of its plan. */
  function ask(
    partialFilterExpression: BsonDocument,
    documents: BsonDocument[],
    wanted: BsonDocument,
  ) {
    file.beginTransaction();
    try {
      const collection = catalog.create('test.partial');
      const key = { n: new Int32(1) };
      catalog.createIndex(collection, readIndexSpec({ key, name: 'n', partialFilterExpression }));
      for (const [i, one] of documents.entries()) {
        const stored = { _id: new Int32(i), ...one };
        insertDocument(collection, stored, encode(stored));
      }
      const query = () => new DocumentQuery(collection, { filter: wanted }, new ExecutionBudget());
      const found = runToEnd(collected(query().run())).map(
        ({ document: one }) => (one['_id'] as Int32).value,
      );
      expect(runToEnd(query().count())).toBe(found.length);
      return { found: found.sort(), stage: query().plan.stage };
    } finally {
      file.rollback();
      catalog.load();
    }
  }
  const fives = [new Int32(5), new Double(5), Long.fromNumber(5), Decimal128.fromString('5')];
  const five = { n: new Int32(5) };

  it('finds equal numbers of every type', () => {
    const numbers = fives.map((n) => ({ n }));
    expect(ask({ n: { $type: 'int' } }, numbers, five)).toEqual({
      found: [0, 1, 2, 3],
      stage: 'COLLSCAN',
    });
    expect(ask({ n: { $type: 'number' } }, numbers, five)).toEqual({
      found: [0, 1, 2, 3],
      stage: 'IXSCAN',
    });
    const ints = { n: { $gte: new Int32(5), $type: 'int' } };
    expect(ask({ n: { $type: 'number' } }, numbers, ints)).toEqual({ found: [0], stage: 'IXSCAN' });
  });

  it('finds the symbols that equal a string', () => {
    const texts = [{ n: 'x' }, { n: new BSONSymbol('x') }, { n: new Int32(1) }];
    const strings = { n: { $type: 'string' } };
    expect(ask(strings, texts, { n: 'x' })).toEqual({ found: [0, 1], stage: 'IXSCAN' });
    const typed = { n: { $gte: '', $type: 'string' } };
    expect(ask(strings, texts, typed)).toEqual({ found: [0], stage: 'IXSCAN' });
  });

  it('minds fields that every JavaScript object seems to have', () => {
    const documents = [
      { ...five, m: true, constructor: {} },
      { ...five, m: true },
    ];
    const partial = { m: { $exists: true } };
    const wanted = { ...five, ...partial, constructor: {} };
    expect(ask(partial, documents, wanted)).toEqual({ found: [0], stage: 'IXSCAN' });
  });
});

interface Query {
  filter: BsonDocument;
  sort: BsonDocument | undefined;
  skip: number;
  limit: number;
}

function expectSameAnswer(
  collection: ReturnType<Catalog['create']>,
  all: readonly BsonDocument[],
  { filter: wanted, sort: order, skip, limit }: Query,
): void {
  const matches = compileFilter(wanted);
  const expected = all.filter((one) => matches(one));
  const run = (shape: object) =>
    outcome(() =>
      runToEnd(
        collected(
          new DocumentQuery(collection, { filter: wanted, ...shape }, new ExecutionBudget()).run(),
        ),
      ).map(({ document: found }) => found),
    );
  const idOf = (one: BsonDocument) => (one['_id'] as Int32).value;
  const found = run({}) as BsonDocument[];
  expect(found.map(idOf).sort((l, r) => l - r)).toEqual(expected.map(idOf));
  const counted = runToEnd(
    new DocumentQuery(collection, { filter: wanted, skip, limit }, new ExecutionBudget()).count(),
  );
  const window = expected.slice(skip, limit === 0 ? undefined : skip + limit);
  expect(counted).toBe(window.length);
  if (!order) return;
  const compiled = compileSort(order);
  const sorted = outcome(() => expected.map((one) => compiled.keyOf(one)));
  if (typeof sorted === 'number') return;
  sorted.sort((left, right) => compiled.compareKeys(left, right));
  const answer = run({ sort: order, skip, limit }) as BsonDocument[];
  const keys = answer.map((one) => compiled.keyOf(one));
  const wantedKeys = sorted.slice(skip, limit === 0 ? undefined : skip + limit);
  expect(keys).toHaveLength(wantedKeys.length);
  for (const [i, key] of keys.entries()) expect(compiled.compareKeys(key, wantedKeys[i]!)).toBe(0);
}
