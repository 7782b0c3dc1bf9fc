import { describe, expect, it } from '@jest/globals';
import type { Document } from 'bson';
import { failureOf, toBson, toPlain } from './bson.fixture.js';
import { indexKeyTuples, indexKeyValues, parsePath } from './path.js';
import { compileSort } from './sort.js';

function order(sort: Document, documents: Document[]): unknown[] {
  const bson = documents.map((document, _id) => toBson({ _id, ...document }));
  return compileSort(toBson(sort))
    .sorted(bson)
    .map((document) => toPlain(document)['_id'] as unknown);
}

describe('sorts', () => {
  it('put an empty array before null and missing, and those before numbers', () => {
    const documents = [{ a: 1 }, {}, { a: null }, { a: [] }];
    expect(order({ a: 1 }, documents)).toEqual([3, 1, 2, 0]);
    expect(order({ a: -1 }, documents)).toEqual([0, 1, 2, 3]);
  });

  it('take an array by its lowest element, or by its highest when descending', () => {
    const documents = [{ a: [1, 9] }, { a: 5 }, { a: [4, 6] }];
    expect(order({ a: 1 }, documents)).toEqual([0, 2, 1]);
    expect(order({ a: -1 }, documents)).toEqual([0, 2, 1]);
    expect(order({ a: -1 }, [{ a: [1, 3] }, { a: 2 }])).toEqual([0, 1]);
  });

  it('take the fields of one array element together', () => {
    // The lowest pair is (1, 9) against (1, 5): 5 of the first document goes with b = 2.
    const documents = [
      {
        a: [
          { b: 1, c: 9 },
          { b: 2, c: 5 },
        ],
      },
      { a: [{ b: 1, c: 8 }] },
    ];
    expect(order({ 'a.b': 1, 'a.c': 1 }, documents)).toEqual([1, 0]);
  });

  it('keep the order of equal documents', () => {
    expect(order({ a: 1 }, [{ a: 1 }, { a: 1.0 }, { a: 1 }])).toEqual([0, 1, 2]);
  });

  it('refuse the score of a text search by name', () => {
    expect(failureOf(() => compileSort(toBson({ score: { $meta: 'textScore' } })))).toEqual({
      code: 115,
      message: 'A sort by $meta is not supported by the embedded database; use MongoDB',
    });
  });

  it('refuse two arrays, and directions other than 1 and -1', () => {
    const twoArrays = compileSort(toBson({ a: 1, b: 1 }));
    expect(failureOf(() => twoArrays.keyOf(toBson({ a: [1], b: [1] })))).toEqual({
      code: 2,
      message: 'cannot sort with keys that are parallel arrays',
    });
    expect(failureOf(() => compileSort(toBson({ a: 2 })))?.code).toBe(15975);
    expect(failureOf(() => compileSort(toBson({ a: 'asc' })))?.code).toBe(15974);
    expect(failureOf(() => compileSort(toBson({ 'a..b': 1 })))?.code).toBe(15998);
  });
});

describe('index keys', () => {
  const keysOf = (document: Document, path: string) =>
    indexKeyValues(toBson(document), parsePath(path)).map((value) =>
      value === undefined ? 'empty' : (toPlain({ value })['value'] as unknown),
    );

  it.each<[Document, string, unknown[]]>([
    [{ a: 1 }, 'a', [1]],
    [{}, 'a', [null]],
    [{ a: [1, 2] }, 'a', [1, 2]],
    [{ a: [] }, 'a', ['empty']],
    [{ a: [[1, 2], 3] }, 'a', [[1, 2], 3]],
    [{ a: { b: [1, 2] } }, 'a.b', [1, 2]],
    [{ a: [{ b: 1 }, {}, 5] }, 'a.b', [1, null, null]],
    [{ a: [{ b: [1, 2] }, { b: 3 }] }, 'a.b', [1, 2, 3]],
    [{ a: 5 }, 'a.b', [null]],
    [{ a: [] }, 'a.b', [null]],
    [{ a: [1, [2, 3]] }, 'a.0', [1]],
    [{ a: [1, [2, 3]] }, 'a.1', [2, 3]],
  ])('of %j at %s are %j', (document, path, keys) => {
    expect(keysOf(document, path)).toEqual(keys);
  });

  it('of several paths stay together by array element', () => {
    const document = toBson({ x: 0, a: [{ b: 1, c: 2 }, { b: 3 }] });
    const tuples = indexKeyTuples(document, ['a.b', 'x', 'a.c'].map(parsePath));
    expect(
      tuples.map((tuple) => toPlain({ tuple: tuple.map((key) => key ?? null) })['tuple']),
    ).toEqual([
      [1, 0, 2],
      [3, 0, null],
    ]);
  });

  it('of two arrays in one document are refused', () => {
    const failure = failureOf(() => indexKeyTuples(toBson({ a: [1], b: [1] }), [['a'], ['b']]));
    expect(failure?.code).toBe(171);
  });
});
