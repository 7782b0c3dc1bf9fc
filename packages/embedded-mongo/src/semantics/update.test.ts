import { describe, expect, it } from '@jest/globals';
import type { Document } from 'bson';
import { Decimal128, Double, Int32, Long, Timestamp } from 'bson';
import { failureOf, toBson, toExactText, toPlain } from './bson.fixture.js';
import type { BsonValue } from './bson-types.js';
import { compileUpdate } from './update.js';
import type { ApplyOptions, UpdateOptions } from './update.js';
import { upsertSeed } from './upsert-seed.js';

interface Options extends ApplyOptions, Omit<UpdateOptions, 'arrayFilters'> {
  arrayFilters?: Document[];
}

const listOf = (values: Document[]) => toBson({ values })['values'] as BsonValue[];

function apply(update: Document | Document[], document: Document, options: Options = {}) {
  const spec = Array.isArray(update) ? listOf(update) : toBson(update);
  const arrayFilters = options.arrayFilters && listOf(options.arrayFilters);
  return compileUpdate(spec, { ...options, arrayFilters }).apply(toBson(document), options);
}

const MAX_INT = 2147483647;

describe('updates', () => {
  it.each<[Document, Document, Document]>([
    [{ $set: { 'a.b': 1 } }, {}, { a: { b: 1 } }],
    // New fields come in the order of their names, not in that of the update.
    [{ $set: { c: 1, b: 1 }, $inc: { a: 1 } }, {}, { a: 1, b: 1, c: 1 }],
    [{ $set: { 'a.10': 1, 'a.2': 2 } }, { a: {} }, { a: { 2: 2, 10: 1 } }],
    [{ $set: { 'a.2': 1 } }, { a: [0] }, { a: [0, null, 1] }],
    [{ $set: { 'a.2': 1 } }, {}, { a: { 2: 1 } }],
    [{ $unset: { 'a.0': '' } }, { a: [1, 2] }, { a: [null, 2] }],
    [{ $unset: { 'a.b': '', 'c.d': '' } }, { a: [1], c: 5 }, { a: [1], c: 5 }],
    [{ $rename: { a: 'b.c' } }, { a: null }, { b: { c: null } }],
    [{ $rename: { a: 'b' } }, { b: 1, x: 2, a: 3 }, { b: 3, x: 2 }],
    [{ $rename: { a: 'b.c' } }, { b: 1 }, { b: 1 }],
    [
      { $min: { a: 1 }, $max: { b: 1 } },
      { a: 'x', b: null },
      { a: 1, b: 1 },
    ],
    [{ $max: { a: [1] } }, { a: 5 }, { a: [1] }],
    [{ $push: { a: { $each: [] } } }, {}, { a: [] }],
    [{ $push: { a: { $each: [5, 1], $sort: 1, $slice: -2 } } }, { a: [3] }, { a: [3, 5] }],
    [{ $push: { a: { $each: [9], $position: -1 } } }, { a: [1, 2] }, { a: [1, 9, 2] }],
    [
      { $push: { a: { $each: [{ n: 2 }], $sort: { n: -1 } } } },
      { a: [{ n: 1 }, { n: 3 }] },
      { a: [{ n: 3 }, { n: 2 }, { n: 1 }] },
    ],
    [{ $push: { a: [1] } }, { a: [] }, { a: [[1]] }],
    [{ $addToSet: { a: { $each: [1, 2, 2] } } }, { a: [new Double(1)] }, { a: [1, 2] }],
    [
      { $addToSet: { a: { b: 1, c: 2 } } },
      { a: [{ c: 2, b: 1 }] },
      {
        a: [
          { c: 2, b: 1 },
          { b: 1, c: 2 },
        ],
      },
    ],
    [{ $addToSet: { a: { $each: [] } } }, {}, { a: [] }],
    [{ $pull: { a: { $gt: 1 } } }, { a: [1, 2, [0, 3]] }, { a: [1] }],
    [{ $pull: { a: { b: 1 } } }, { a: [{ b: 1, c: 2 }, { b: [1] }, 1] }, { a: [1] }],
    [
      { $pull: { a: { $or: [{ b: 1 }, { b: 2 }] } } },
      { a: [{ b: 1 }, { b: 3 }] },
      { a: [{ b: 3 }] },
    ],
    [{ $pull: { a: [1] } }, { a: [[1], 1] }, { a: [1] }],
    [{ $pull: { a: /^x/ } }, { a: ['xy', 'y'] }, { a: ['y'] }],
    [{ $pull: { 'a.b': 1 } }, {}, {}],
    [{ $pullAll: { a: [1, { x: 1 }] } }, { a: [1, { x: 1 }, 2] }, { a: [2] }],
    [{ $pop: { a: 1, b: -1 } }, { a: [1, 2], b: [1, 2] }, { a: [1], b: [2] }],
    [{ $bit: { a: { and: 6, or: 1 } } }, { a: 12 }, { a: 5 }],
    [{ $set: { 'a.$[].b': 0 } }, { a: [{ b: 1 }, {}] }, { a: [{ b: 0 }, { b: 0 }] }],
    [{ $set: {} }, { a: 1 }, { a: 1 }],
    [{ $setOnInsert: { a: 1 } }, {}, {}],
    [{ $inc: { 'a.b': 1 } }, { a: { c: 1 } }, { a: { c: 1, b: 1 } }],
    [{ x: 1 }, { a: 1 }, { x: 1 }],
  ])('%j of %j makes %j', (update, before, after) => {
    const result = apply(update, { _id: 1, ...before });
    expect(Object.entries(toPlain(result.document))).toEqual(Object.entries({ _id: 1, ...after }));
    const changed = JSON.stringify(before) !== JSON.stringify(after);
    expect(result.modified).toBe(changed);
  });

  it.each<[Document, unknown, unknown, unknown]>([
    [{ $inc: { n: new Int32(1) } }, new Int32(1), new Int32(2), 'int'],
    [{ $inc: { n: new Int32(1) } }, new Int32(MAX_INT), Long.fromNumber(MAX_INT + 1), 'long'],
    [{ $inc: { n: Long.ONE } }, new Int32(1), Long.fromNumber(2), 'long'],
    [{ $inc: { n: new Int32(1) } }, new Double(1), new Double(2), 'double'],
    [{ $inc: { n: new Double(0.5) } }, Long.ONE, new Double(1.5), 'double'],
    [
      { $inc: { n: new Int32(1) } },
      Decimal128.fromString('0.10'),
      Decimal128.fromString('1.10'),
      'decimal',
    ],
    [{ $mul: { n: new Int32(2) } }, new Int32(MAX_INT), Long.fromNumber(MAX_INT * 2), 'long'],
    [
      { $mul: { n: Decimal128.fromString('1.5') } },
      new Int32(2),
      Decimal128.fromString('3.0'),
      'decimal',
    ],
    [{ $mul: { n: Long.fromNumber(3) } }, undefined, Long.ZERO, 'long'],
    [{ $inc: { n: Long.fromNumber(3) } }, undefined, Long.fromNumber(3), 'long'],
    [{ $bit: { n: { xor: Long.ONE } } }, new Int32(3), Long.fromNumber(2), 'long'],
  ])('%j of %p gives %p (%s)', (update, before, after) => {
    const { document } = apply(update, before === undefined ? {} : { n: before });
    expect(toExactText(document)).toBe(toExactText(toBson({ n: after })));
  });

  it('counts a change of type as a change, and a change to the same as none', () => {
    expect(apply({ $set: { a: new Double(1) } }, { a: 1 }).modified).toBe(true);
    expect(apply({ $set: { a: 1 } }, { a: 1 }).modified).toBe(false);
    expect(apply({ $inc: { a: 0 } }, { a: 1 }).modified).toBe(false);
    expect(apply({ $pull: { a: 9 } }, { a: [1] }).modified).toBe(false);
    expect(apply({ _id: 1, a: 1 }, { _id: 1, a: 1 }).modified).toBe(false);
    expect(apply({ b: 1, a: 1 }, { a: 1, b: 1 }).modified).toBe(true);
  });

  it('leaves the given document as it is', () => {
    const document = toBson({ a: [{ b: 1 }], c: { d: 1 } });
    const before = toExactText(document);
    compileUpdate(toBson({ $set: { 'a.0.b': 2, 'c.d': 2 }, $push: { e: 1 } })).apply(document);
    expect(toExactText(document)).toBe(before);
  });

  it('fills in positions and array filters', () => {
    const doc = { a: [{ b: 1 }, { b: 2 }] };
    expect(toPlain(apply({ $inc: { 'a.$.b': 5 } }, doc, { position: 1 }).document)).toEqual({
      a: [{ b: 1 }, { b: 7 }],
    });
    const filtered = apply({ $set: { 'a.$[x].b': 0 } }, doc, {
      arrayFilters: [{ 'x.b': { $gt: 1 } }],
    });
    expect(toPlain(filtered.document)).toEqual({ a: [{ b: 1 }, { b: 0 }] });
    const nested = apply(
      { $inc: { 'a.$[x].$[y]': 1 } },
      { a: [[1, 5], [6]] },
      {
        arrayFilters: [{ x: { $size: 2 } }, { y: { $gte: 5 } }],
      },
    );
    expect(toPlain(nested.document)).toEqual({ a: [[1, 6], [6]] });
  });

  it('takes the time of the command', () => {
    const now = new Date(1234567);
    const update = { $currentDate: { a: true, b: { $type: 'timestamp' } } };
    const { document } = apply(update, {}, { now });
    expect(document['a']).toEqual(now);
    expect(document['b']).toBeInstanceOf(Timestamp);
  });

  it('runs pipelines', () => {
    const update = [{ $set: { total: { $add: ['$a', '$b'] } } }, { $unset: 'b' }];
    expect(toPlain(apply(update, { _id: 1, a: 1, b: 2 }).document)).toEqual({
      _id: 1,
      a: 1,
      total: 3,
    });
    expect(failureOf(() => apply([{ $match: {} }], {}))?.code).toBe(72);
    expect(failureOf(() => apply([{ $set: { _id: 2 } }], { _id: 1 }))?.code).toBe(66);
  });

  it.each<[Document, Document, number, string, Options?]>([
    [{ $foo: { a: 1 } }, {}, 9, 'Unknown modifier: $foo'],
    [{ $set: 1 }, {}, 9, 'Modifiers operate on fields but we found type int instead'],
    [{ $set: { a: 1 }, b: 1 }, {}, 9, 'Unknown modifier: b'],
    [{ b: 1, $set: { a: 1 } }, {}, 52, "The dollar ($) prefixed field '$set'"],
    [
      { $set: { a: 1 }, $inc: { a: 1 } },
      {},
      40,
      "Updating the path 'a' would create a conflict at 'a'",
    ],
    [{ $set: { 'a.b': 1, a: 1 } }, {}, 40, "Updating the path 'a' would create a conflict at 'a'"],
    [
      { $set: { a: 1, 'a.b.c': 1 } },
      {},
      40,
      "Updating the path 'a.b.c' would create a conflict at 'a'",
    ],
    [{ $set: { 'a.$[]': 1, 'a.0': 2 } }, { a: [0] }, 40, "Update created a conflict at 'a.0'"],
    [{ $inc: { a: 'x' } }, {}, 14, 'Cannot increment with non-numeric argument: {a: "x"}'],
    [
      { $inc: { a: 1 } },
      { a: 'x' },
      14,
      "Cannot apply $inc to a value of non-numeric type. {_id: 7} has the field 'a' of non-numeric type string",
    ],
    [{ $inc: { a: 1 } }, { a: true }, 14, 'of non-numeric type bool'],
    [{ $inc: { a: 1 } }, { a: null }, 14, 'of non-numeric type null'],
    [
      { $inc: { a: Long.ONE } },
      { a: Long.MAX_VALUE },
      2,
      'Failed to apply $inc operations to current value',
    ],
    [
      { $push: { a: 1 } },
      { a: 5 },
      2,
      "The field 'a' must be an array but is of type int in document {_id: 7}",
    ],
    [
      { $push: { a: { $each: 1 } } },
      {},
      2,
      'The argument to $each in $push must be an array but it was of type: int',
    ],
    [{ $push: { a: { $each: [], $foo: 1 } } }, {}, 2, 'Unrecognized clause in $push: $foo'],
    [
      { $addToSet: { a: 1 } },
      { a: 5 },
      2,
      "Cannot apply $addToSet to non-array field. Field named 'a' has non-array type int",
    ],
    [{ $pull: { a: 1 } }, { a: 5 }, 2, 'Cannot apply $pull to a non-array value'],
    [{ $pull: { 'a.b': 1 } }, { a: 5 }, 28, "Cannot create field 'b' in element {a: 5}"],
    [{ $pop: { a: 2 } }, {}, 9, '$pop expects 1 or -1, found: 2'],
    [{ $pop: { a: 1 } }, { a: 5 }, 14, "Path 'a' contains an element of non-array type 'int'"],
    [
      { $bit: { a: { and: 1 } } },
      { a: 1.5 },
      2,
      'Cannot apply $bit to a value of non-integral type',
    ],
    [{ $set: { 'a.b': 1 } }, { a: 5 }, 28, "Cannot create field 'b' in element {a: 5}"],
    [{ $set: { 'a.b': 1 } }, { a: [1, 2] }, 28, "Cannot create field 'b' in element {a: [ 1, 2 ]}"],
    [{ $set: { 'a.b': 1 } }, { a: null }, 28, "Cannot create field 'b' in element {a: null}"],
    [
      { $set: { _id: 8 } },
      {},
      66,
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    ],
    [{ $unset: { _id: '' } }, {}, 66, "'_id'"],
    [
      { _id: 8, a: 1 },
      {},
      66,
      "the (immutable) field '_id' was found to have been altered to _id: 8",
    ],
    [
      { $set: { 'a.$': 1 } },
      { a: [1] },
      2,
      'The positional operator did not find the match needed from the query.',
    ],
    [
      { $set: { '$.a': 1 } },
      {},
      2,
      "Cannot have positional (i.e. '$') element in the first position in path '$.a'",
    ],
    [
      { $set: { 'a.$[]': 1 } },
      {},
      2,
      "The path 'a' must exist in the document in order to apply array updates.",
    ],
    [{ $set: { 'a.$[]': 1 } }, { a: 5 }, 2, 'Cannot apply array updates to non-array element a: 5'],
    [{ $set: { 'a.$[x]': 1 } }, {}, 2, "No array filter found for identifier 'x' in path 'a.$[x]'"],
    [
      { $set: { a: 1 } },
      {},
      9,
      "The array filter for identifier 'x' was not used",
      { arrayFilters: [{ x: 1 }] },
    ],
    [
      { $set: { 'a.$[x]': 1 } },
      {},
      9,
      'Found multiple array filters',
      { arrayFilters: [{ x: 1 }, { x: 2 }] },
    ],
    [{ $set: { 'a..b': 1 } }, {}, 56, 'contains an empty field name'],
    [{ $rename: { a: 'a' } }, {}, 2, 'must differ'],
    [{ $rename: { a: 'a.b' } }, {}, 2, 'must not be on the same path'],
    [{ $rename: { 'a.0': 'b' } }, { a: [1] }, 2, 'The source field cannot be an array element'],
    [
      { $rename: { a: 'b.0' } },
      { a: 1, b: [1] },
      2,
      'The destination field cannot be an array element',
    ],
    [{ $rename: { a: 1 } }, {}, 2, "The 'to' field for $rename must be a string: a: 1"],
  ])('%j of %j fails with %i', (update, document, code, message, ...[options]) => {
    const failure = failureOf(() => apply(update, { _id: 7, ...document }, options));
    expect(failure).toEqual({ code, message: expect.stringContaining(message) as unknown });
  });
});

describe('upserts', () => {
  it.each<[Document, Document]>([
    [
      { a: 1, 'b.c': 2 },
      { a: 1, b: { c: 2 } },
    ],
    [{ a: { $eq: 1 }, b: { $gt: 1 }, c: /x/ }, { a: 1 }],
    [{ $and: [{ a: 1 }, { b: { $in: [2] } }] }, { a: 1, b: 2 }],
    [{ $or: [{ a: 1 }] }, { a: 1 }],
    [{ $or: [{ a: 1 }, { a: 2 }] }, {}],
    [{ a: { $in: [1, 2] } }, {}],
    [{ a: null }, { a: null }],
    [{ a: { $all: [1] }, b: { $all: [{ $elemMatch: { c: 1 } }] } }, { a: 1 }],
  ])('of %j start from %j', (filter, seed) => {
    expect(toPlain(upsertSeed(toBson(filter), 'operators'))).toEqual(seed);
  });

  it('take only _id from the filter when the update is a replacement', () => {
    expect(toPlain(upsertSeed(toBson({ _id: 1, a: 1 }), 'replacement'))).toEqual({ _id: 1 });
  });

  it('apply $setOnInsert', () => {
    const update = { $setOnInsert: { b: 1 }, $set: { a: 1 } };
    expect(toPlain(apply(update, {}, { isUpsertInsert: true }).document)).toEqual({ a: 1, b: 1 });
  });

  it('refuse a path that the filter pins twice', () => {
    expect(
      failureOf(() => upsertSeed(toBson({ $and: [{ a: 1 }, { a: 2 }] }), 'operators'))?.code,
    ).toBe(54);
    expect(failureOf(() => upsertSeed(toBson({ a: { $all: [1, 2] } }), 'operators'))?.code).toBe(
      54,
    );
    expect(failureOf(() => upsertSeed(toBson({ a: {}, 'a.b': 2 }), 'operators'))?.code).toBe(54);
  });
});
