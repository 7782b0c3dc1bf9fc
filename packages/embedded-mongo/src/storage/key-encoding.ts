import type { Binary, BSONRegExp, BSONSymbol, Code, Decimal128, Long, Timestamp } from 'bson';
import { Double, Int32, ObjectId } from 'bson';
import { compareDecimals, decimalFromDouble, unpackDecimal } from '../semantics/decimal.js';
import type { Decimal } from '../semantics/decimal.js';
import { bsonTypeOf } from '../semantics/index.js';
import type { BsonDocument, BsonTypeName, BsonValue, MaybeValue } from '../semantics/index.js';

/**
 * Index keys: a byte string per tuple of values, whose byte order is MongoDB's order of the values and
 * whose equality is MongoDB's equality. Each value is a tag (its place among the types) and a payload
 * that ends itself, so that tuples are concatenations; a descending field has all its bytes inverted.
 */

/** The first byte of an encoded value: MongoDB's order of types. */
export const KEY_TAG = {
  minKey: 0x02,
  /** An empty array has no element to index; MongoDB files it under `undefined`. */
  undefined: 0x06,
  null: 0x0a,
  number: 0x10,
  string: 0x18,
  object: 0x20,
  array: 0x28,
  binary: 0x30,
  objectId: 0x38,
  boolean: 0x40,
  date: 0x48,
  timestamp: 0x50,
  regex: 0x58,
  code: 0x68,
  codeWithScope: 0x70,
  maxKey: 0xf0,
} as const;

const TAG_OF_TYPE: Readonly<Record<BsonTypeName, number>> = {
  minKey: KEY_TAG.minKey,
  null: KEY_TAG.null,
  double: KEY_TAG.number,
  int: KEY_TAG.number,
  long: KEY_TAG.number,
  decimal: KEY_TAG.number,
  string: KEY_TAG.string,
  symbol: KEY_TAG.string,
  object: KEY_TAG.object,
  array: KEY_TAG.array,
  binData: KEY_TAG.binary,
  objectId: KEY_TAG.objectId,
  bool: KEY_TAG.boolean,
  date: KEY_TAG.date,
  timestamp: KEY_TAG.timestamp,
  regex: KEY_TAG.regex,
  javascript: KEY_TAG.code,
  javascriptWithScope: KEY_TAG.codeWithScope,
  maxKey: KEY_TAG.maxKey,
};

/** The tag under which a value is filed. */
export function keyTagOf(value: BsonValue): number {
  if (typeof value === 'string') return KEY_TAG.string;
  return TAG_OF_TYPE[bsonTypeOf(value)];
}

/** Ends objects, arrays and names; less than every tag. */
const END = 0x00;
/** After a zero byte inside a string: the string goes on, or ends there. No key is another's prefix. */
const GOES_ON = 0xff;
const ENDS = 0x01;

/** Stands in a key for the element that an empty array has not. */
export const EMPTY_ARRAY: unique symbol = Symbol('empty array');

/** What an index files a document under in one field; `undefined` is a missing field. */
export type IndexedValue = MaybeValue | typeof EMPTY_ARRAY;

/** Builds one key at a time in a buffer that is used again and again. */
export class KeyWriter {
  private buf = Buffer.allocUnsafe(1024);
  private length = 0;

  /** Forgets what was written. */
  reset(): this {
    this.length = 0;
    return this;
  }

  /** A copy of the key written so far. */
  take(): Buffer {
    return Buffer.from(this.buf.subarray(0, this.length));
  }

  /** Appends a value; `undefined` is a missing field, which MongoDB indexes as null. */
  value(value: IndexedValue, isDescending = false): this {
    const from = this.length;
    if (value === undefined) this.byte(KEY_TAG.null);
    else if (value === EMPTY_ARRAY) this.byte(KEY_TAG.undefined);
    else this.element(value);
    if (isDescending) this.invert(from);
    return this;
  }

  /** Appends a bare tag: less than every value of that type and more than those of lower types. */
  tag(tag: number, isDescending = false): this {
    return this.byte(isDescending ? ~tag & 0xff : tag);
  }

  /** Appends bytes as they are. */
  bytes(bytes: Uint8Array): this {
    this.reserve(bytes.length);
    this.buf.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  private invert(from: number): void {
    for (let i = from; i < this.length; i++) this.buf[i] = ~this.buf[i]! & 0xff;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buf.length * 2, this.length + count));
    this.buf.copy(larger, 0, 0, this.length);
    this.buf = larger;
  }

  private byte(value: number): this {
    this.reserve(1);
    this.buf[this.length++] = value;
    return this;
  }

  private element(value: BsonValue): void {
    this.byte(keyTagOf(value));
    this.payload(value);
  }

  private payload(value: BsonValue): void {
    if (typeof value === 'string') {
      this.text(value);
    } else if (value instanceof Int32) {
      this.number(value.value, 0);
    } else if (value instanceof Double) {
      this.number(value.value, 0);
    } else if (value instanceof ObjectId) {
      this.bytes(value.id);
    } else if (value instanceof Date) {
      this.signed64(value.getTime());
    } else if (typeof value === 'boolean') {
      this.byte(value ? 1 : 0);
    } else if (Array.isArray(value)) {
      for (const item of value) this.element(item);
      this.byte(END);
    } else {
      this.rarePayload(value);
    }
  }

  private rarePayload(value: BsonValue): void {
    switch (bsonTypeOf(value)) {
      case 'long':
        this.long((value as Long).toBigInt());
        return;
      case 'decimal':
        this.decimal(unpackDecimal(value as Decimal128));
        return;
      case 'symbol':
        this.text((value as BSONSymbol).value);
        return;
      case 'object':
        this.object(value as BsonDocument);
        return;
      case 'binData':
        this.binary(value as Binary);
        return;
      case 'timestamp': {
        const { high, low } = value as Timestamp;
        this.reserve(8);
        this.buf.writeInt32BE(high, this.length);
        this.length = this.buf.writeInt32BE(low, this.length + 4);
        return;
      }
      case 'regex':
        this.text((value as BSONRegExp).pattern);
        this.text((value as BSONRegExp).options);
        return;
      case 'javascript':
        this.text((value as Code).code);
        return;
      case 'javascriptWithScope':
        this.text((value as Code).code);
        this.object((value as Code).scope as BsonDocument);
        return;
      default:
    }
  }

  private text(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    if (bytes.includes(0)) {
      for (const byte of bytes) {
        this.byte(byte);
        if (byte === 0) this.byte(GOES_ON);
      }
    } else {
      this.bytes(bytes);
    }
    this.byte(END).byte(ENDS);
  }

  /** Objects compare element by element: type, then name, then value. */
  private object(document: BsonDocument): void {
    for (const [name, value] of Object.entries(document)) {
      this.byte(keyTagOf(value));
      this.bytes(Buffer.from(name, 'utf8'));
      this.byte(END);
      this.payload(value);
    }
    this.byte(END);
  }

  /** Binary values compare by length, then subtype, then bytes. */
  private binary(value: Binary): void {
    const bytes = value.value();
    this.reserve(4);
    this.length = this.buf.writeUInt32BE(bytes.length, this.length);
    this.byte(value.sub_type);
    this.bytes(bytes);
  }

  /** A whole number below 2^53 as a biased 64-bit integer. */
  private signed64(value: number): void {
    const high = Math.floor(value / 2 ** 32);
    this.reserve(8);
    this.buf.writeUInt32BE((high ^ 0x80000000) >>> 0, this.length);
    this.length = this.buf.writeUInt32BE(value - high * 2 ** 32, this.length + 4);
  }

  private long(value: bigint): void {
    let floor = Number(value);
    if (BigInt(floor) > value) floor = nextDown(floor);
    this.number(floor, Number(value - BigInt(floor)) * 2);
  }

  /**
   * Every number is the largest double that is not above it, and the rest: twice the whole part of
   * the distance, plus one if there is also a fraction (which only decimals have; `tail` then orders
   * them). All doubles, and all whole numbers below 2^53, have no rest.
   */
  private number(floor: number, rest: number): void {
    this.reserve(10);
    const at = this.length;
    if (Number.isNaN(floor)) {
      this.buf.fill(0, at, at + 10);
    } else {
      this.buf.writeDoubleBE(floor === 0 ? 0 : floor, at);
      if (this.buf[at]! & 0x80)
        for (let i = at; i < at + 8; i++) this.buf[i] = ~this.buf[i]! & 0xff;
      else this.buf[at]! |= 0x80;
      this.buf.writeUInt16BE(rest, at + 8);
    }
    this.length = at + 10;
  }

  private decimal(value: Decimal): void {
    if (typeof value === 'string') {
      this.number(Number(value), 0);
      return;
    }
    const digits = value.negative ? -value.coefficient : value.coefficient;
    const { exponent } = value;
    const nearest = Number(`${String(digits)}e${String(exponent)}`);
    // MongoDB rounds a double to 34 digits before it compares it with a decimal.
    if (Number.isFinite(nearest) && compareDecimals(decimalFromDouble(nearest), value) === 0) {
      this.number(nearest, 0);
      return;
    }
    const isBelow = compareToDouble(digits, exponent, nearest) < 0;
    const floor = isBelow ? nextDown(nearest) : nearest;
    const isBeyondLongs = !Number.isFinite(floor) || Math.abs(floor) >= 2 ** 63;
    const whole = isBeyondLongs ? 0n : floorOf(digits, exponent) - floorOfDouble(floor);
    const isWhole = !isBeyondLongs && isInteger(digits, exponent);
    this.number(floor, Number(whole) * 2 + (isWhole ? 0 : 1));
    if (!isWhole) this.decimalTail(digits, exponent);
  }

  private decimalTail(digits: bigint, exponent: number): void {
    const from = this.length;
    const isNegative = digits < 0n;
    const text = String(isNegative ? -digits : digits);
    this.reserve(2);
    this.length = this.buf.writeUInt16BE(exponent + text.length + 0x8000, this.length);
    this.bytes(Buffer.from(text.replace(/0+$/, ''), 'latin1'));
    this.byte(END);
    if (isNegative) this.invert(from);
  }
}

const bits = new DataView(new ArrayBuffer(8));

/** The largest double below this one. */
function nextDown(value: number): number {
  if (value === -Infinity) return value;
  if (value === Infinity) return Number.MAX_VALUE;
  if (value === 0) return -Number.MIN_VALUE;
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + (value > 0 ? -1n : 1n));
  return bits.getFloat64(0);
}

/** The sign of `digits · 10^exponent − value`, exactly. */
function compareToDouble(digits: bigint, exponent: number, value: number): number {
  if (value === Infinity) return -1;
  if (value === -Infinity) return 1;
  const { mantissa, power } = dyadic(value);
  let left = digits;
  let right = mantissa;
  if (exponent >= 0) left *= 10n ** BigInt(exponent);
  else right *= 10n ** BigInt(-exponent);
  if (power >= 0) right <<= BigInt(power);
  else left <<= BigInt(-power);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `value` as `mantissa · 2^power`. */
function dyadic(value: number): { mantissa: bigint; power: number } {
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  return { mantissa: value < 0 ? -mantissa : mantissa, power: Math.max(biased, 1) - 1075 };
}

function isInteger(digits: bigint, exponent: number): boolean {
  return exponent >= 0 || digits % 10n ** BigInt(-exponent) === 0n;
}

function floorOf(digits: bigint, exponent: number): bigint {
  if (exponent >= 0) return digits * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  const quotient = digits / divisor;
  return digits < 0n && digits % divisor !== 0n ? quotient - 1n : quotient;
}

function floorOfDouble(value: number): bigint {
  return BigInt(Math.floor(value));
}
