import { describe, expect, it } from '@jest/globals';
import type { Document } from 'bson';
import { Decimal128, Double, Long, ObjectId } from 'bson';
import { collected, runToEnd } from '../pausing.js';
import { failureOf, toBson, toExactText, toPlain } from './bson.fixture.js';
import type { BsonDocument, BsonValue } from './bson-types.js';
import { compileExpression } from './expression.js';
import { compileFilter } from './filter.js';
import { compilePipeline, splitPipeline } from './pipeline.js';

const stagesOf = (stages: Document[]) => toBson({ stages })['stages'] as BsonValue[];

function run(stages: Document[], documents: Document[], others: Document[] = []): Document[] {
  const foreign = others.map(toBson);
  const pipeline = compilePipeline(stagesOf(stages), {
    now: new Date(0),
    find: (collection: string, { filter, limit }: { filter: BsonDocument; limit?: number }) => {
      const matches = compileFilter(filter);
      const found = foreign.filter((document) => matches(document));
      return collection === 'others' ? found.slice(0, limit) : [];
    },
  });
  return runToEnd(collected(pipeline(documents.map(toBson)))).map(toPlain);
}

const evaluate = (expression: unknown, document: Document = {}) => {
  const { e } = toBson({ e: expression });
  const value = compileExpression(e!)(toBson(document), { now: new Date(0) });
  return value === undefined ? 'missing' : toExactText({ value });
};

const exact = (value: unknown) => toExactText(toBson({ value }));

describe('stages', () => {
  const docs = [
    { _id: 1, a: 1, b: [1, 2] },
    { _id: 2, a: 1, b: [] },
    { _id: 3, a: null },
  ];

  it.each<[Document[], Document[]]>([
    [[{ $match: { a: 1 } }, { $count: 'n' }], [{ n: 2 }]],
    [[{ $match: { a: 9 } }, { $count: 'n' }], []],
    [
      [{ $unwind: '$b' }, { $project: { b: 1 } }],
      [
        { _id: 1, b: 1 },
        { _id: 1, b: 2 },
      ],
    ],
    [
      [
        { $unwind: { path: '$b', preserveNullAndEmptyArrays: true, includeArrayIndex: 'i' } },
        { $project: { b: 1, i: 1 } },
      ],
      [
        { _id: 1, b: 1, i: 0 },
        { _id: 1, b: 2, i: 1 },
        { _id: 2, i: null },
        { _id: 3, i: null },
      ],
    ],
    [
      [{ $group: { _id: '$a', n: { $sum: 1 }, last: { $last: '$b' }, ids: { $push: '$_id' } } }],
      [
        { _id: 1, n: 2, last: [], ids: [1, 2] },
        { _id: null, n: 1, last: null, ids: [3] },
      ],
    ],
    [
      [{ $sortByCount: '$a' }],
      [
        { _id: 1, count: 2 },
        { _id: null, count: 1 },
      ],
    ],
    [
      [{ $bucket: { groupBy: '$_id', boundaries: [0, 2, 9] } }],
      [
        { _id: 0, count: 1 },
        { _id: 2, count: 2 },
      ],
    ],
    [[{ $sort: { _id: -1 } }, { $skip: 1 }, { $limit: 1 }, { $project: { _id: 1 } }], [{ _id: 2 }]],
    [
      [{ $facet: { x: [{ $limit: 1 }, { $project: { _id: 1 } }], n: [{ $count: 'n' }] } }],
      [{ x: [{ _id: 1 }], n: [{ n: 3 }] }],
    ],
    [[{ $limit: 1 }, { $replaceWith: { x: '$a' } }], [{ x: 1 }]],
    [
      [{ $limit: 1 }, { $addFields: { a: '$$REMOVE', 'c.d': 1, b: { $size: '$b' } } }],
      [{ _id: 1, b: 2, c: { d: 1 } }],
    ],
    [
      [{ $limit: 1 }, { $set: { 'b.x': 1 } }, { $unset: ['a', '_id'] }],
      [{ b: [{ x: 1 }, { x: 1 }] }],
    ],
    [
      [
        { $limit: 1 },
        { $unset: 'b' },
        { $unionWith: { coll: 'others', pipeline: [{ $limit: 1 }] } },
      ],
      [
        { _id: 1, a: 1 },
        { _id: 10, k: 1 },
      ],
    ],
  ])('%j', (stages, expected) => {
    expect(
      run(stages, docs, [
        { _id: 10, k: 1 },
        { _id: 11, k: [2, 3] },
      ]),
    ).toEqual(expected);
  });

  it('joins by field, with null for what is missing, and by pipeline', () => {
    const others = [{ _id: 10, k: 1 }, { _id: 11, k: [2, 3] }, { _id: 12 }];
    const join = { from: 'others', localField: 'a', foreignField: 'k', as: 'found' };
    const found = (document: Document, lookup: Document = join) =>
      (run([{ $lookup: lookup }], [document], others)[0]!['found'] as Document[]).map(
        (other) => other['_id'] as unknown,
      );
    expect(found({ a: 1 })).toEqual([10]);
    expect(found({ a: new Double(1) })).toEqual([10]);
    expect(found({ a: [1, 3] })).toEqual([10, 11]);
    expect(found({})).toEqual([12]);
    expect(found({ a: [] })).toEqual([12]);
    const byPipeline = {
      from: 'others',
      let: { wanted: '$a' },
      pipeline: [{ $match: { $expr: { $eq: ['$k', '$$wanted'] } } }],
      as: 'found',
    };
    expect(found({ a: 1 }, byPipeline)).toEqual([10]);
    expect(found({ a: 1 }, { ...byPipeline, from: 'nowhere' })).toEqual([]);
  });

  it('gives a planner what a pipeline begins with', () => {
    const stages = [
      { $match: { a: 1 } },
      { $match: { b: 2 } },
      { $sort: { c: 1 } },
      { $skip: 2 },
      { $limit: 3 },
      { $limit: 1 },
    ];
    const { filter, sort, skip, limit, rest } = splitPipeline(stagesOf(stages));
    expect(toPlain(filter)).toEqual({ $and: [{ a: 1 }, { b: 2 }] });
    expect(toPlain(sort!)).toEqual({ c: 1 });
    expect([skip, limit, rest.length]).toEqual([2, 3, 1]);
    expect(splitPipeline(stagesOf([{ $project: { a: 1 } }]))).toMatchObject({ filter: {} });
  });

  it.each<[Document[], number]>([
    [[{ $foo: 1 }], 40324],
    [[{ $match: {}, $limit: 1 }], 40323],
    [[{ $out: 'x' }], 115],
    [[{ $merge: { into: 'x' } }], 115],
    [[{ $graphLookup: {} }], 115],
    [[{ $limit: 0 }], 15958],
    [[{ $group: { n: { $sum: 1 } } }], 15955],
    [[{ $group: { _id: 1, n: { $foo: 1 } } }], 15952],
    [[{ $group: { _id: 1, n: 1 } }], 40234],
    [[{ $project: {} }], 51272],
    [[{ $unwind: 'a' }], 28818],
    [[{ $project: { a: { $foo: 1 } } }], 31325],
    [[{ $project: { a: { $sin: 1 } } }], 115],
    [[{ $replaceRoot: {} }], 40414],
    [[{ $facet: { a: [{ $facet: { b: [] } }] } }], 40600],
  ])('%j is refused with %i', (stages, code) => {
    expect(failureOf(() => run(stages, [{}]))?.code).toBe(code);
  });
});

describe('expressions', () => {
  const day = new Date('2024-02-29T12:34:56.789Z');
  const id = new ObjectId('64b000000000000000000001');

  it.each<[unknown, unknown, Document?]>([
    [{ $add: [1, 2] }, 3],
    [{ $add: [2147483647, 1] }, Long.fromNumber(2147483648)],
    [{ $add: [Long.MAX_VALUE, 1] }, new Double(2 ** 63)],
    [{ $add: [0.1, 0.2, 0.3] }, new Double(0.6)],
    [{ $add: [day, 1000] }, new Date(day.getTime() + 1000)],
    [{ $add: [1, null, 'x'] }, null],
    [{ $subtract: [day, new Date(day.getTime() - 5)] }, Long.fromNumber(5)],
    [{ $divide: [4, 2] }, new Double(2)],
    [
      { $divide: [Decimal128.fromString('1'), 3] },
      Decimal128.fromString('0.3333333333333333333333333333333333'),
    ],
    [{ $mod: [-7, 3] }, -1],
    [{ $round: [2.5] }, new Double(2)],
    [{ $round: [1.255, 2] }, new Double(1.26)],
    [{ $round: [1234, -2] }, 1200],
    [{ $trunc: -1.7 }, new Double(-1)],
    [{ $ceil: Decimal128.fromString('1.2') }, Decimal128.fromString('2')],
    [{ $pow: [2, 40] }, Long.fromNumber(2 ** 40)],
    [{ $pow: [2, -1] }, new Double(0.5)],
    [{ $abs: -5 }, 5],
    [{ $toInt: '12' }, 12],
    [{ $toLong: day }, Long.fromNumber(day.getTime())],
    [{ $toDouble: '1e3' }, new Double(1000)],
    [{ $toDecimal: 2.5 }, Decimal128.fromString('2.50000000000000')],
    [{ $toString: id }, id.toHexString()],
    [{ $toString: day }, '2024-02-29T12:34:56.789Z'],
    [{ $toObjectId: id.toHexString() }, id],
    [{ $toDate: '2024-02-29' }, new Date('2024-02-29')],
    [{ $convert: { input: 'x', to: 'int', onError: -1 } }, -1],
    [{ $convert: { input: null, to: 'int', onNull: 0 } }, 0],
    [{ $type: '$nothing' }, 'missing'],
    [{ $cond: [{ $gt: ['$a', 1] }, 'big', 'small'] }, 'big', { a: 2 }],
    [
      { $switch: { branches: [{ case: { $eq: ['$a', 2] }, then: 'two' }], default: 'no' } },
      'two',
      { a: 2 },
    ],
    [{ $ifNull: ['$x', '$y', 3] }, 3],
    [{ $map: { input: '$a', as: 'n', in: { $multiply: ['$$n', 2] } } }, [2, 4], { a: [1, 2] }],
    [{ $filter: { input: '$a', cond: { $gt: ['$$this', 1] }, limit: 1 } }, [2], { a: [1, 2, 3] }],
    [
      { $reduce: { input: '$a', initialValue: 0, in: { $add: ['$$value', '$$this'] } } },
      6,
      { a: [1, 2, 3] },
    ],
    [{ $let: { vars: { x: 2 }, in: { $multiply: ['$$x', '$a'] } } }, 6, { a: 3 }],
    ['$a.b', [1, 2], { a: [{ b: 1 }, { c: 1 }, { b: 2 }, 3] }],
    [{ $slice: ['$a', -2, 1] }, [2], { a: [1, 2, 3] }],
    [
      { $zip: { inputs: [[1, 2], ['a']], useLongestLength: true } },
      [
        [1, 'a'],
        [2, null],
      ],
    ],
    [
      {
        $setUnion: [
          [2, 1],
          [1, 3],
        ],
      },
      [1, 2, 3],
    ],
    [{ $sortArray: { input: [{ a: 2 }, { a: 1 }], sortBy: { a: 1 } } }, [{ a: 1 }, { a: 2 }]],
    [{ $arrayToObject: [[['a', 1]]] }, { a: 1 }],
    [{ $objectToArray: { a: 1 } }, [{ k: 'a', v: 1 }]],
    [{ $mergeObjects: [{ a: 1, b: 1 }, null, { b: 2 }] }, { a: 1, b: 2 }],
    [{ $substrCP: ['h\u{1F600}llo', 1, 2] }, '\u{1F600}l'],
    [{ $split: ['a-b', '-'] }, ['a', 'b']],
    [{ $trim: { input: '  a ' } }, 'a'],
    [{ $toUpper: 'aé' }, 'Aé'],
    [{ $regexFind: { input: 'xabc', regex: 'a(b)' } }, { match: 'ab', idx: 1, captures: ['b'] }],
    [{ $replaceAll: { input: 'a.a', find: 'a', replacement: { $literal: '$&' } } }, '$&.$&'],
    [{ $indexOfCP: ['abc', 'c'] }, 2],
    [
      { $dateToString: { date: day, format: '%Y-%m-%d %H:%M:%S.%L %j %G-W%V-%u' } },
      '2024-02-29 12:34:56.789 060 2024-W09-4',
    ],
    [
      { $dateToString: { date: day, timezone: 'America/New_York', format: '%H:%M %z' } },
      '07:34 -0500',
    ],
    [{ $year: { date: new Date('2023-12-31T23:30:00Z'), timezone: '+01:00' } }, 2024],
    [
      { $dateAdd: { startDate: new Date('2024-01-31'), unit: 'month', amount: 1 } },
      new Date('2024-02-29'),
    ],
    [
      { $dateDiff: { startDate: new Date('2023-12-31T23:59:59Z'), endDate: day, unit: 'year' } },
      Long.ONE,
    ],
    [{ $dateTrunc: { date: day, unit: 'week', startOfWeek: 'monday' } }, new Date('2024-02-26')],
    [{ $dateTrunc: { date: day, unit: 'hour', binSize: 6 } }, new Date('2024-02-29T12:00:00Z')],
    [{ $dateFromParts: { year: 2024, month: 14 } }, new Date('2025-02-01')],
    [{ $avg: ['$a', 4] }, new Double(3), { a: 2 }],
    [{ $max: '$a' }, 3, { a: [1, 3, null] }],
    [{ $literal: '$a' }, '$a'],
    [{ a: '$nothing', b: 1 }, { b: 1 }],
  ])('%j is %p', (expression, expected, ...[document]) => {
    expect(evaluate(expression, document)).toBe(exact(expected));
  });

  it.each<[unknown, number]>([
    [{ $add: ['x', 1] }, 14],
    [{ $divide: [1, 0] }, 2],
    [{ $mod: [1, 0] }, 16610],
    [{ $toInt: 'x' }, 241],
    [{ $toInt: new Double(1e10) }, 241],
    [{ $toBool: [[]] }, 241],
    [{ $size: 5 }, 17124],
    [{ $concat: ['a', 1] }, 16702],
    [{ $abs: [1, 2] }, 16020],
    ['$', 16872],
    ['$a..b', 15998],
    ['$$nobody', 17276],
    [{ $add: 1, $b: 2 }, 15983],
    [{ $switch: { branches: [{ case: false, then: 1 }] } }, 40066],
    [{ $dateToString: { date: day, timezone: 'Mars' } }, 40485],
  ])('%j fails with %i', (expression, code) => {
    expect(failureOf(() => evaluate(expression))?.code).toBe(code);
  });
});
