import { describe, expect, it } from '@jest/globals';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';
import type { BsonValue, MaybeValue } from './bson-types.js';
import { canonicalKey } from './canonical-key.js';
import { compareBson, equalsBson, identicalBson } from './compare.js';

const decimal = (text: string) => Decimal128.fromString(text);
const long = (text: string) => Long.fromString(text);

/** Each group holds equal values; the groups ascend. */
const ascending: MaybeValue[][] = [
  [new MinKey()],
  [undefined],
  [null],
  [new Double(NaN), decimal('NaN')],
  [new Double(-Infinity), decimal('-Infinity')],
  [new Double(-1e300)],
  [long('-9223372036854775808'), new Double(-(2 ** 63))],
  [long('-9007199254740993')],
  [new Double(-9007199254740992), long('-9007199254740992')],
  [new Int32(-1), new Double(-1), long('-1'), decimal('-1'), decimal('-1.00')],
  [new Int32(0), new Double(0), new Double(-0), decimal('0'), decimal('-0E+3')],
  [decimal('0.1')],
  [new Double(0.1)],
  [new Double(0.5), decimal('0.5'), decimal('5E-1')],
  [new Int32(1), decimal('1')],
  [long('9007199254740992'), new Double(9007199254740992), decimal('9007199254740992')],
  [long('9007199254740993'), decimal('9007199254740993')],
  [long('9223372036854775807')],
  [new Double(2 ** 63), decimal('9223372036854775808')],
  [decimal('9E+6000')],
  [new Double(Infinity), decimal('Infinity')],
  [''],
  ['A'],
  ['a', new BSONSymbol('a')],
  ['a\0'],
  ['ab'],
  ['\ue000'],
  ['\u{1F600}'],
  [{}],
  [{ b: null }],
  [{ a: new Int32(1) }, { a: new Double(1) }],
  [{ a: new Int32(1), b: null }],
  [{ b: new Int32(0) }],
  [{ a: 'text' }],
  [[]],
  [[new Int32(1)]],
  [[new Int32(1), null]],
  [['a']],
  [new Binary(Buffer.from(''))],
  [new Binary(Buffer.from('b'))],
  [new Binary(Buffer.from('a'), 5)],
  [new Binary(Buffer.from('aa'))],
  [new ObjectId('000000000000000000000001')],
  [new ObjectId('ff0000000000000000000000')],
  [false],
  [true],
  [new Date(-1)],
  [new Date(0)],
  [new Timestamp({ t: 1, i: 2 })],
  [new Timestamp({ t: 0xffffffff, i: 0 })],
  [new BSONRegExp('a', '')],
  [new BSONRegExp('a', 'i')],
  [new MaxKey()],
];

describe('the order of values', () => {
  const places = ascending.flatMap((group, place) => group.map((value) => ({ value, place })));

  it('is total: by type, then by value', () => {
    for (const left of places) {
      for (const right of places) {
        // Adding zero turns -0 into 0.
        const order = Math.sign(compareBson(left.value, right.value)) + 0;
        expect([left.value, right.value, order]).toEqual([
          left.value,
          right.value,
          Math.sign(left.place - right.place) + 0,
        ]);
      }
    }
  });

  it('and hash keys agree on what is equal', () => {
    for (const left of places) {
      for (const right of places) {
        const sameKey = canonicalKey(left.value) === canonicalKey(right.value);
        expect([left.value, right.value, sameKey]).toEqual([
          left.value,
          right.value,
          left.place === right.place,
        ]);
      }
    }
  });

  it('tells equal values from identical ones', () => {
    const one: BsonValue = { a: [new Int32(1)] };
    expect(equalsBson(one, { a: [new Double(1)] })).toBe(true);
    expect(identicalBson(one, { a: [new Double(1)] })).toBe(false);
    expect(identicalBson(one, { a: [new Int32(1)] })).toBe(true);
    expect(identicalBson(new Double(0), new Double(-0))).toBe(false);
    expect(identicalBson(decimal('1.0'), decimal('1'))).toBe(false);
    expect(equalsBson({ a: null, b: null }, { b: null, a: null })).toBe(false);
    expect(identicalBson({ a: null, b: null }, { b: null, a: null })).toBe(false);
  });
});
