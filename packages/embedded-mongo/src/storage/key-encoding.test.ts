import { describe, expect, it } from '@jest/globals';
import {
  Binary,
  BSONRegExp,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';
import fc from 'fast-check';
import { SEED, runs } from '../../../../test/support/seed.js';
import { compareBson } from '../semantics/index.js';
import type { BsonValue } from '../semantics/index.js';
import { KeyWriter } from './key-encoding.js';

const writer = new KeyWriter();
const keyOf = (values: readonly BsonValue[], descending: readonly boolean[]) => {
  writer.reset();
  for (const [i, value] of values.entries()) writer.value(value, descending[i]);
  return writer.take();
};

/** Negative zero is zero. */
const signOf = (order: number) => Math.sign(order) + 0;

/** Numbers near each other across types, and where doubles grow coarse. */
const number: fc.Arbitrary<BsonValue> = fc.oneof(
  fc.integer().map((n) => new Int32(n)),
  fc.integer({ min: -3, max: 3 }).map((n) => new Int32(n)),
  fc.integer({ min: -3, max: 3 }).map((n) => new Double(n / 2)),
  fc.double().map((n) => new Double(n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => Long.fromBigInt(n)),
  fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 4n }).map((n) => Long.fromBigInt(n)),
  fc.bigInt({ min: -4n, max: 4n }).map((n) => Long.fromBigInt(-(2n ** 62n) + n)),
  fc.constantFrom(2 ** 53, 2 ** 53 + 2, -(2 ** 62), 2 ** 63, -0, 0.1).map((n) => new Double(n)),
  fc
    .constantFrom(
      ...['0.1', '0.1000000000000000055511151231257827', '1.0', '-1.5', '9007199254740993'],
      ...['9007199254740992.5', '1E+400', '-1E+400', '1E-400', '-1E-400', 'NaN', 'Infinity', '-0'],
      ...['-4611686018427387904.5', '1E+6144', '9.999999999999999999999999999999999E+6144'],
    )
    .map((text) => Decimal128.fromString(text)),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 6n), max: 10n ** 6n }), fc.integer({ min: -8, max: 8 }))
    .map(([digits, exponent]) => Decimal128.fromString(`${String(digits)}E${String(exponent)}`)),
);

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.string({ unit: fc.constantFrom('a', '\0', '\u0001', 'ÿ', '\uffff', '😀'), maxLength: 4 }),
);

const scalar: fc.Arbitrary<BsonValue> = fc.oneof(
  number,
  text,
  fc.constant(null),
  fc.boolean(),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes)),
  fc.date({ noInvalidDate: true }),
  fc.integer({ min: -2, max: 2 }).map((n) => new Date(n)),
  fc.uint8Array({ maxLength: 4 }).map((bytes) => new Binary(Buffer.from(bytes), bytes.length % 3)),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([t, i]) => new Timestamp({ t, i })),
  fc.constantFrom('a', 'ab', 'b').map((pattern) => new BSONRegExp(pattern, 'i')),
  fc.constantFrom('a', 'b').map((code) => new Code(code)),
  fc.constantFrom(new MinKey(), new MaxKey()),
);

const value: fc.Arbitrary<BsonValue> = fc.letrec<{ value: BsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'ab', ''), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
})).value;

describe('index keys', () => {
  it('sort as MongoDB sorts values of any type, and are equal when it takes them for equal', () => {
    fc.assert(
      fc.property(value, value, (left, right) => {
        const order = Buffer.compare(keyOf([left], []), keyOf([right], []));
        expect(order).toBe(signOf(compareBson(left, right)));
      }),
      { seed: SEED, numRuns: runs(5000) },
    );
  });

  it('sort numbers across types', () => {
    fc.assert(
      fc.property(number, number, (left, right) => {
        const order = Buffer.compare(keyOf([left], []), keyOf([right], []));
        expect(order).toBe(signOf(compareBson(left, right)));
      }),
      { seed: SEED, numRuns: runs(5000) },
    );
  });

  it('sort tuples field by field, each in its own direction', () => {
    const tuple = fc.tuple(scalar, scalar, scalar);
    const directions = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(tuple, tuple, directions, (left, right, descending) => {
        const expected = left
          .map((one, i) => signOf(compareBson(one, right[i]) * (descending[i] ? -1 : 1)))
          .find((order) => order !== 0);
        const order = Buffer.compare(keyOf(left, descending), keyOf(right, descending));
        expect(order).toBe(expected ?? 0);
      }),
      { seed: SEED, numRuns: runs(3000) },
    );
  });

  it('are never the beginning of one another', () => {
    fc.assert(
      fc.property(value, value, fc.boolean(), (left, right, isDescending) => {
        const [short, long] = [keyOf([left], [isDescending]), keyOf([right], [isDescending])];
        const isPrefix = long.subarray(0, short.length).equals(short);
        expect(isPrefix).toBe(compareBson(left, right) === 0);
      }),
      { seed: SEED, numRuns: runs(100) },
    );
  });
});
