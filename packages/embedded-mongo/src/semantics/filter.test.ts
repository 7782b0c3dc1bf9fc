import { describe, expect, it } from '@jest/globals';
import type { Document } from 'bson';
import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey } from 'bson';
import { failureOf, toBson } from './bson.fixture.js';
import { compileFilter } from './filter.js';
import type { MatchPosition } from './path.js';

const matches = (filter: Document, document: Document) =>
  compileFilter(toBson(filter))(toBson(document));

/** `[filter, documents that match, documents that don't]` */
const table: [Document, Document[], Document[]][] = [
  [{}, [{}, { a: 1 }], []],
  [
    { a: 1 },
    [{ a: 1 }, { a: new Double(1) }, { a: Long.ONE }, { a: [0, 1] }],
    [{ a: '1' }, {}, { a: [[1]] }],
  ],
  [{ a: Decimal128.fromString('1.0') }, [{ a: 1 }], [{ a: 2 }]],
  [{ a: null }, [{}, { a: null }, { a: [null] }, { b: 1 }], [{ a: 0 }, { a: [] }]],
  [{ a: { $ne: null } }, [{ a: 0 }, { a: [] }], [{}, { a: null }, { a: [1, null] }]],
  [
    { 'a.b': null },
    [{}, { a: 5 }, { a: {} }, { a: [{ c: 1 }] }],
    [{ a: [] }, { a: [1, 2] }, { a: { b: 1 } }],
  ],
  [{ 'a.b': { $exists: false } }, [{}, { a: [1] }, { a: [] }], [{ a: [{}, { b: null }] }]],
  [{ a: { $gte: null } }, [{}, { a: null }], [{ a: 0 }]],
  [{ a: { $gt: null } }, [], [{}, { a: null }, { a: 1 }]],
  [
    { a: { $gt: 1 } },
    [{ a: 2 }, { a: [0, 2] }],
    [{ a: 1 }, { a: '2' }, { a: new Date() }, { a: NaN }, {}],
  ],
  [{ a: { $lt: 1 } }, [{ a: -Infinity }], [{ a: NaN }, { a: null }, {}]],
  [{ a: { $lte: NaN } }, [{ a: NaN }], [{ a: 1 }, { a: -Infinity }]],
  [{ a: { $gt: 1, $lt: 3 } }, [{ a: 2 }, { a: [0, 9] }], [{ a: [0] }]],
  [{ a: { $elemMatch: { $gt: 1, $lt: 3 } } }, [{ a: [0, 2] }], [{ a: [0, 9] }, { a: 2 }]],
  [{ a: { $gt: new MinKey() } }, [{ a: 1 }, {}, { a: null }], [{ a: new MinKey() }]],
  [{ a: { $lt: new MaxKey() } }, [{ a: 1 }, { a: 'z' }], [{ a: new MaxKey() }]],
  [{ a: [1, 2] }, [{ a: [1, 2] }, { a: [[1, 2]] }], [{ a: [2, 1] }, { a: [1, 2, 3] }]],
  [
    { a: { b: 1, c: 2 } },
    [{ a: { b: 1, c: 2 } }, { a: [{ b: 1, c: 2 }] }],
    [{ a: { c: 2, b: 1 } }, { a: { b: 1 } }],
  ],
  [{ a: {} }, [{ a: {} }], [{ a: { b: 1 } }, {}]],
  [{ a: { $gt: [1] } }, [{ a: [1, 0] }, { a: [2] }], [{ a: [0, 9] }]],
  [
    { 'a.0': 1 },
    [{ a: [1, 2] }, { a: { 0: 1 } }, { a: [{ 0: 1 }] }],
    [{ a: [2, 1] }, { a: [[1]] }],
  ],
  [{ 'a.0.b': 1 }, [{ a: [{ b: 1 }] }, { a: [[{ b: 1 }]] }], [{ a: [2, { b: 1 }] }]],
  [{ 'a.b': 1 }, [{ a: { b: 1 } }, { a: [{ b: [0, 1] }] }], [{ a: [[{ b: 1 }]] }]],
  [{ 'a.0': { $exists: true } }, [{ a: [{}] }], [{ a: [] }]],
  [{ a: { $in: [1, null] } }, [{}, { a: 1 }, { a: [9, 1] }], [{ a: 2 }]],
  [{ a: { $in: [/^b/i, 'x'] } }, [{ a: 'Bar' }, { a: ['x'] }], [{ a: 'ab' }, { a: 1 }]],
  [
    { a: { $in: [new Int32(0)] } },
    [{ a: Decimal128.fromString('0') }, { a: new Double(-0) }],
    [{}],
  ],
  [{ a: { $in: [[1]] } }, [{ a: [1] }, { a: [[1]] }], [{ a: 1 }]],
  [{ a: { $in: [] } }, [], [{}, { a: [] }]],
  [{ a: { $nin: [1, null] } }, [{ a: 2 }, { a: [] }], [{}, { a: [1, 2] }]],
  [{ a: { $all: [1, 2] } }, [{ a: [2, 1, 3] }], [{ a: [1] }, { a: 1 }]],
  [{ a: { $all: [1] } }, [{ a: 1 }, { a: [1] }], [{}]],
  [{ a: { $all: [] } }, [], [{}, { a: [] }]],
  [{ a: { $all: [[1, 2]] } }, [{ a: [1, 2] }, { a: [[1, 2]] }], [{ a: [1, 2, 3] }]],
  [
    { a: { $all: [{ $elemMatch: { b: 1 } }, { $elemMatch: { b: 2 } }] } },
    [{ a: [{ b: 1 }, { b: 2 }] }],
    [{ a: [{ b: 1 }] }],
  ],
  [
    { a: { $elemMatch: { b: 1, c: 2 } } },
    [{ a: [{ b: 1, c: 2 }] }],
    [{ a: [{ b: 1 }, { c: 2 }] }, { a: { b: 1, c: 2 } }],
  ],
  [{ a: { $elemMatch: { $or: [{ b: 1 }, { c: 2 }] } } }, [{ a: [{ c: 2 }] }], [{ a: [{ b: 2 }] }]],
  [{ a: { $elemMatch: { $not: { $gt: 1 } } } }, [{ a: [2, 1] }], [{ a: [2] }, { a: [] }]],
  [{ a: { $elemMatch: { 0: 1 } } }, [{ a: [[1]] }], [{ a: [1] }]],
  [{ a: { $size: 2 } }, [{ a: [1, 2] }], [{ a: [[1, 2]] }, { a: 2 }]],
  [{ 'a.b': { $size: 1 } }, [{ a: [{ b: [1] }] }], [{ a: [{ b: 1 }] }]],
  [{ a: { $type: 'array' } }, [{ a: [] }, { a: [[]] }], [{ a: 1 }]],
  [{ a: { $type: 'number' } }, [{ a: 1 }, { a: ['x', Long.ONE] }], [{ a: '1' }, {}]],
  [{ a: { $type: [2, 'null'] } }, [{ a: 'x' }, { a: null }], [{}, { a: 1 }]],
  [
    { a: { $mod: [3, 1] } },
    [{ a: 4 }, { a: 4.9 }, { a: [1] }],
    [{ a: 3 }, { a: '4' }, { a: NaN }, { a: Infinity }],
  ],
  [
    { a: { $regex: '^b', $options: 'im' } },
    [{ a: 'x\nBar' }, { a: ['b'] }],
    [{ a: 'ab' }, { a: 1 }],
  ],
  [{ a: /^b c$/ }, [{ a: 'b c' }, { a: /^b c$/ }], [{ a: /^b c$/i }, { a: 'bc' }]],
  [{ a: { $regex: 'b  # a comment\n c', $options: 'x' } }, [{ a: 'abc' }], [{ a: 'b c' }]],
  [{ a: { $regex: '(?i)B' } }, [{ a: 'b' }], [{ a: 'c' }]],
  [{ a: { $regex: '^.$', $options: 's' } }, [{ a: '\u{1F600}' }, { a: '\n' }], [{ a: 'ab' }]],
  [{ a: { $not: /^b/ } }, [{ a: 'a' }, {}, { a: 1 }], [{ a: ['x', 'b'] }]],
  [{ a: { $not: { $gt: 1, $lt: 9 } } }, [{ a: 1 }, {}, { a: 'x' }], [{ a: 5 }, { a: [0, 10] }]],
  [
    { a: { $bitsAllSet: 5 } },
    [{ a: 7 }, { a: -1 }, { a: Long.MAX_VALUE }],
    [{ a: 4 }, { a: 5.5 }, { a: 'x' }],
  ],
  [{ a: { $bitsAnyClear: [70] } }, [{ a: 7 }], [{ a: -1 }]],
  [
    { a: { $bitsAllSet: [8] } },
    [{ a: new Binary(Buffer.from([0, 1])) }],
    [{ a: new Binary(Buffer.from([1])) }],
  ],
  [{ $or: [{ a: 1 }, { b: 1 }] }, [{ a: 1 }, { b: 1 }], [{}]],
  [{ $nor: [{ a: 1 }, { b: 1 }] }, [{}], [{ a: 1 }]],
  [{ $and: [{ a: 1 }, { $or: [{ b: 1 }, { b: 2 }] }] }, [{ a: 1, b: 2 }], [{ a: 1 }]],
  [{ $expr: { $gt: ['$a', '$b'] } }, [{ a: 2, b: 1 }, { a: 1 }], [{ a: 1, b: 2 }]],
  [{ a: { $ref: 'x', $id: 1 } }, [{ a: { $ref: 'x', $id: 1 } }], [{ a: { $ref: 'x', $id: 2 } }]],
  [{ 'a.$id': 1 }, [{ a: { $ref: 'x', $id: 1 } }], [{ a: { $ref: 'x', $id: 2 } }]],
  [{ constructor: null, toString: null }, [{}], [{ constructor: 1 }]],
  [{ $comment: 'why' }, [{}], []],
];

describe('filters', () => {
  it.each(table)('%j', (filter, matching, others) => {
    for (const document of matching)
      expect([document, matches(filter, document)]).toEqual([document, true]);
    for (const document of others)
      expect([document, matches(filter, document)]).toEqual([document, false]);
  });

  it.each<[Document, number, string]>([
    [{ a: { $foo: 1 } }, 2, 'unknown operator: $foo'],
    [{ a: { $gt: 1, b: 2 } }, 2, 'unknown operator: b'],
    [{ $foo: 1 }, 2, 'unknown top level operator: $foo.'],
    [{ a: { $in: 1 } }, 2, '$in needs an array'],
    [{ a: { $nin: {} } }, 2, '$nin needs an array'],
    [{ a: { $in: [{ $gt: 1 }] } }, 2, 'cannot nest $ under $in'],
    [{ a: { $all: 1 } }, 2, '$all needs an array'],
    [{ a: { $elemMatch: 1 } }, 2, '$elemMatch needs an Object'],
    [{ a: { $not: 1 } }, 2, '$not needs a regex or a document'],
    [{ a: { $not: {} } }, 2, '$not cannot be empty'],
    [{ a: { $ne: /x/ } }, 2, "Can't have regex as arg to $ne."],
    [{ a: { $options: 'i' } }, 2, '$options needs a $regex'],
    [{ a: { $regex: 1 } }, 2, '$regex has to be a string'],
    [{ a: { $regex: 'a', $options: 'q' } }, 51108, 'invalid flag in regex options: q'],
    [{ a: { $regex: '(' } }, 51091, 'Regular expression is invalid'],
    [{ a: { $size: -1 } }, 2, 'Expected a non-negative number'],
    [{ a: { $size: 'x' } }, 2, 'Expected an integer'],
    [{ a: { $mod: [0, 1] } }, 2, 'divisor cannot be 0'],
    [{ a: { $mod: [1] } }, 2, 'malformed mod, not enough elements'],
    [{ a: { $type: 'whatever' } }, 2, 'Unknown type name alias: whatever'],
    [{ a: { $type: 99 } }, 2, 'Invalid numerical type code: 99'],
    [{ $or: [] }, 2, '$and/$or/$nor must be a nonempty array'],
    [{ $and: {} }, 2, '$and must be an array'],
    [{ $or: [1] }, 2, '$or/$and/$nor entries need to be full objects'],
    [{ $expr: { $foo: 1 } }, 168, "Unrecognized expression '$foo'"],
    [{ $where: 'true' }, 115, '$where'],
    [{ $jsonSchema: {} }, 115, '$jsonSchema'],
    [{ a: { $near: [1, 2] } }, 115, '$near'],
  ])('refuses %j', (filter, code, message) => {
    const failure = failureOf(() => compileFilter(toBson(filter)));
    expect(failure?.code).toBe(code);
    expect(failure?.message).toContain(message);
  });

  it.each<[Document, Document, number | undefined]>([
    [{ a: 2 }, { a: [1, 2] }, 1],
    [{ 'a.b': 2 }, { a: [{ b: 1 }, { b: [0, 2] }] }, 1],
    [{ a: { $elemMatch: { b: 2 } } }, { a: [{ b: 1 }, { b: 2 }] }, 1],
    [{ b: 3, a: 2 }, { a: [1, 2], b: [3] }, 1],
    [{ $or: [{ a: 2 }] }, { a: [1, 2] }, undefined],
    [{ 'a.1': 2 }, { a: [1, 2] }, undefined],
    [{ a: { $gt: 0 } }, { a: 5 }, undefined],
  ])('%j finds its match in %j at %p', (filter, document, index) => {
    const position: MatchPosition = {};
    expect(compileFilter(toBson(filter))(toBson(document), position)).toBe(true);
    expect(position.index).toBe(index);
  });
});
