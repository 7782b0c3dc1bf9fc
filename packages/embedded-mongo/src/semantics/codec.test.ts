import { describe, expect, it } from '@jest/globals';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import { failureOf } from './bson.fixture.js';
import { decode, encode, MAX_NESTING_DEPTH } from './codec.js';

const everything = {
  double: new Double(1),
  negativeZero: new Double(-0),
  string: 'héllo \u{1F600}',
  document: { b: new Int32(1), a: new Int32(2) },
  array: [new Int32(1), 'x', [null]],
  binary: new Binary(Buffer.from('data'), 0),
  uuid: new Binary(Buffer.alloc(16, 7), 4),
  oldBinary: new Binary(Buffer.from('old'), 2),
  id: new ObjectId('64b000000000000000000001'),
  yes: true,
  no: false,
  date: new Date(-1),
  nothing: null,
  regex: new BSONRegExp('^a', 'i'),
  reference: { $ref: 'users', $id: new Int32(1), $db: 'x' },
  code: new Code('f()'),
  scoped: new Code('f()', { x: new Int32(1) }),
  symbol: new BSONSymbol('s'),
  int: new Int32(-5),
  timestamp: new Timestamp({ t: 5, i: 6 }),
  long: Long.fromString('-9007199254740993'),
  decimal: Decimal128.fromString('1.50'),
  low: new MinKey(),
  high: new MaxKey(),
};

describe('the BSON codec', () => {
  it('gives back the bytes that it read, whatever the types', () => {
    const bytes = serialize(everything);
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('keeps types and field order, and leaves references documents', () => {
    const document = decode(serialize(everything));
    expect(Object.keys(document)).toEqual(Object.keys(everything));
    expect(document['long']).toBeInstanceOf(Long);
    expect(document['double']).toBeInstanceOf(Double);
    expect(Object.is((document['negativeZero'] as Double).value, -0)).toBe(true);
    expect(document['reference']).toEqual(everything.reference);
    expect(Object.getPrototypeOf(document['reference'])).toBe(Object.prototype);
  });

  it('takes __proto__ and constructor for names like any other', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}') as object;
    const document = decode(serialize(hostile));
    expect(Object.keys(document)).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(encode(document).equals(Buffer.from(serialize(hostile)))).toBe(true);
  });

  it('copies binary data out of the buffer it reads', () => {
    const bytes = Buffer.from(serialize({ data: new Binary(Buffer.from('abc')) }));
    const document = decode(bytes);
    bytes.fill(0);
    expect((document['data'] as Binary).toString('utf8')).toBe('abc');
  });

  it('refuses every truncation of a document', () => {
    const bytes = Buffer.from(serialize(everything));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(failureOf(() => decode(bytes.subarray(0, length)))?.code).toBe(22);
    }
  });

  it('answers changed bytes with a document or with InvalidBSON, never otherwise', () => {
    const bytes = Buffer.from(serialize(everything));
    for (let index = 0; index < bytes.length; index += 1) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(bytes);
        changed[index] = value;
        const failure = failureOf(() => decode(changed));
        expect(failure === undefined || failure.code === 22).toBe(true);
      }
    }
  });

  it('refuses what JavaScript could not keep', () => {
    const farAway = Buffer.from(serialize({ at: new Date(0) }));
    farAway.writeBigInt64LE(1n << 62n, 8);
    expect(failureOf(() => decode(farAway))?.code).toBe(22);
    const notText = Buffer.from(serialize({ text: 'ab' }));
    notText[14] = 0xff;
    expect(failureOf(() => decode(notText))?.code).toBe(22);
    const undefinedType = Buffer.from(serialize({ gone: null }));
    undefinedType[4] = 0x06;
    expect(failureOf(() => decode(undefinedType))?.message).toContain('0x6');
  });

  it('limits how deep documents nest', () => {
    const nested = (depth: number): object => (depth === 0 ? {} : { d: nested(depth - 1) });
    expect(failureOf(() => decode(serialize(nested(MAX_NESTING_DEPTH))))).toBeUndefined();
    expect(failureOf(() => decode(serialize(nested(MAX_NESTING_DEPTH + 1))))?.code).toBe(15);
  });
});
