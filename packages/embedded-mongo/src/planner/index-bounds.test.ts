import { describe, expect, it } from '@jest/globals';
import { Double, Int32 } from 'bson';
import fc from 'fast-check';
import { SEED, runs } from '../../../../test/support/seed.js';
import { analyseFilter, compileFilter } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import { documentKeys } from '../storage/index-keys.js';
import type { IndexStore } from '../storage/index-store.js';
import type { IndexField } from '../storage/index-keys.js';
import { indexBounds } from './index-bounds.js';

const scalar: fc.Arbitrary<BsonValue> = fc.oneof(
  fc.integer({ min: -2, max: 4 }).map((n) => new Int32(n)),
  fc.constantFrom(0.5, NaN, -Infinity).map((n) => new Double(n)),
  fc.constantFrom('', 'a', 'a\0', 'b'),
  fc.constantFrom(null, true, false),
  fc.integer({ min: -1, max: 1 }).map((n) => new Date(n)),
);
const field = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
);
const document: fc.Arbitrary<BsonDocument> = fc.record(
  { a: field, b: scalar, c: scalar },
  { requiredKeys: [], noNullPrototype: true },
);
const condition: fc.Arbitrary<BsonValue> = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }).map(($in) => ({ $in })),
  fc.record(
    { $gt: scalar, $lte: scalar, $gte: scalar, $lt: scalar },
    { requiredKeys: [], noNullPrototype: true },
  ),
  fc.record(
    { $elemMatch: fc.record({ $gte: scalar, $lt: scalar }, { noNullPrototype: true }) },
    { noNullPrototype: true },
  ),
);
const filter: fc.Arbitrary<BsonDocument> = fc.record(
  { a: condition, b: condition, c: condition },
  { requiredKeys: [], noNullPrototype: true },
);
const fields: fc.Arbitrary<IndexField[]> = fc
  .shuffledSubarray(['a', 'b', 'c'], { minLength: 1 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) => fc.boolean().map((isDescending) => ({ path: [name], isDescending }))),
    ),
  );

describe('index bounds', () => {
  it('hold every document that matches, and only those when they express the whole filter', () => {
    fc.assert(
      fc.property(
        fields,
        filter,
        fc.array(document, { maxLength: 8 }),
        (keys, wanted, documents) => {
          const matches = compileFilter(wanted);
          const filed = documents.map((one) => ({ one, ...documentKeys(one, keys, false) }));
          const multikeyFields = filed.reduce((mask, each) => mask | each.multikeyFields, 0);
          const index = { spec: { fields: keys }, multikeyFields } as unknown as IndexStore;
          const analysis = analyseFilter(wanted);
          const bounds = indexBounds(index, analysis.predicates);
          const isExact =
            analysis.complete && analysis.predicates.every((one) => bounds.expressed.has(one));
          for (const { one, keys: entries } of filed) {
            const isInside = entries.some(({ bytes }) =>
              bounds.ranges.some(
                ({ lower, upper }) =>
                  Buffer.compare(bytes, lower) >= 0 && Buffer.compare(bytes, upper) < 0,
              ),
            );
            if (matches(one)) expect(isInside).toBe(true);
            else if (isExact) expect(isInside).toBe(false);
          }
        },
      ),
      { seed: SEED, numRuns: runs(5000) },
    );
  });

  it('are disjoint and in order', () => {
    fc.assert(
      fc.property(fields, filter, (keys, wanted) => {
        const index = { spec: { fields: keys }, multikeyFields: 0 } as unknown as IndexStore;
        const { ranges } = indexBounds(index, analyseFilter(wanted).predicates);
        for (const [i, { lower, upper }] of ranges.entries()) {
          expect(Buffer.compare(lower, upper)).toBe(-1);
          if (i > 0) expect(Buffer.compare(ranges[i - 1]!.upper, lower)).toBeLessThanOrEqual(0);
        }
      }),
      { seed: SEED, numRuns: runs(100) },
    );
  });
});
