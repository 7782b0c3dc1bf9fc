import { Double, Int32, Long } from 'bson';
import type { Decimal128 } from 'bson';
import { isNumeric } from './bson-types.js';
import type { BsonNumber, MaybeValue } from './bson-types.js';
import {
  addDecimals,
  decimalFromDoubleForArithmetic,
  decimalFromInteger,
  multiplyDecimals,
  packDecimal,
  truncateDecimal,
  unpackDecimal,
} from './decimal.js';
import type { Decimal } from './decimal.js';

const INT32_MIN = -2147483648n;
const INT32_MAX = 2147483647n;
const INT64_MIN = -(1n << 63n);
const INT64_MAX = (1n << 63n) - 1n;

/** The number as a double; large longs and decimals are rounded. */
export function toDouble(value: BsonNumber): number {
  switch (value._bsontype) {
    case 'Int32':
      return (value as Int32).value;
    case 'Double':
      return (value as Double).value;
    case 'Long':
      return Number((value as Long).toBigInt());
    default:
      return Number(value.toString());
  }
}

/** The number as a decimal, for arithmetic (doubles at 15 digits, as MongoDB does). */
export function toDecimal(value: BsonNumber): Decimal {
  switch (value._bsontype) {
    case 'Decimal128':
      return unpackDecimal(value as Decimal128);
    case 'Double':
      return decimalFromDoubleForArithmetic((value as Double).value);
    case 'Long':
      return decimalFromInteger((value as Long).toBigInt());
    default:
      return decimalFromInteger(BigInt((value as Int32).value));
  }
}

/** The integer part, towards zero; `undefined` for NaN and the infinities. */
export function toInteger(value: BsonNumber): bigint | undefined {
  switch (value._bsontype) {
    case 'Int32':
      return BigInt((value as Int32).value);
    case 'Long':
      return (value as Long).toBigInt();
    case 'Double': {
      const number = (value as Double).value;
      return Number.isFinite(number) ? BigInt(Math.trunc(number)) : undefined;
    }
    default:
      return truncateDecimal(unpackDecimal(value as Decimal128));
  }
}

/** The exact integer a number stands for, or `undefined` when it is none or beyond 64 bits. */
export function exactInt64(value: MaybeValue): bigint | undefined {
  if (!isNumeric(value)) return undefined;
  const integer = toInteger(value);
  if (integer === undefined || integer < INT64_MIN || integer > INT64_MAX) return undefined;
  if (value._bsontype === 'Double' && BigInt.asIntN(64, integer) !== integer) return undefined;
  if (value._bsontype === 'Double' && !Number.isInteger((value as Double).value)) return undefined;
  if (value._bsontype === 'Decimal128' && !isWhole(unpackDecimal(value as Decimal128)))
    return undefined;
  return integer;
}

function isWhole(value: Decimal): boolean {
  if (typeof value === 'string') return false;
  if (value.exponent >= 0 || value.coefficient === 0n) return true;
  return -value.exponent < 40 && value.coefficient % 10n ** BigInt(-value.exponent) === 0n;
}

/** A long from a BigInt within 64 bits. */
export const longFromBigInt = (value: bigint) => Long.fromBigInt(value);

/** Whether the integer fits a BSON int. */
export const fitsInt32 = (value: bigint) => value >= INT32_MIN && value <= INT32_MAX;

/** Whether the integer fits a BSON long. */
export const fitsInt64 = (value: bigint) => value >= INT64_MIN && value <= INT64_MAX;

/** An int when the integer fits one, otherwise a long. */
export function smallestInteger(value: bigint): Int32 | Long {
  return fitsInt32(value) ? new Int32(Number(value)) : Long.fromBigInt(value);
}

/** The type of the result of arithmetic on two numbers: the wider of the two. */
export function widerType(
  left: BsonNumber,
  right: BsonNumber,
): 'int' | 'long' | 'double' | 'decimal' {
  const tags = [left._bsontype, right._bsontype];
  if (tags.includes('Decimal128')) return 'decimal';
  if (tags.includes('Double')) return 'double';
  return tags.includes('Long') ? 'long' : 'int';
}

/**
 * Applies an operation of integers, doubles and decimals to two numbers of any types.
 * @returns the result in the wider type (an int result that is too large becomes a long), or
 *   `undefined` when an integer result does not fit 64 bits
 */
function combine(
  left: BsonNumber,
  right: BsonNumber,
  integers: (a: bigint, b: bigint) => bigint,
  doubles: (a: number, b: number) => number,
  decimals: (a: Decimal, b: Decimal) => Decimal,
): BsonNumber | undefined {
  switch (widerType(left, right)) {
    case 'decimal':
      return packDecimal(decimals(toDecimal(left), toDecimal(right)));
    case 'double':
      return new Double(doubles(toDouble(left), toDouble(right)));
    case 'long': {
      const result = integers(toInteger(left)!, toInteger(right)!);
      return fitsInt64(result) ? Long.fromBigInt(result) : undefined;
    }
    case 'int':
      return smallestInteger(integers(toInteger(left)!, toInteger(right)!));
  }
}

/** Sum in the wider type; `undefined` when longs overflow. */
export function addNumbers(left: BsonNumber, right: BsonNumber): BsonNumber | undefined {
  if (left._bsontype === 'Int32' && right._bsontype === 'Int32') {
    const sum = (left as Int32).value + (right as Int32).value;
    return sum === (sum | 0) ? new Int32(sum) : Long.fromNumber(sum);
  }
  return combine(
    left,
    right,
    (a, b) => a + b,
    (a, b) => a + b,
    addDecimals,
  );
}

/** Product in the wider type; `undefined` when longs overflow. */
export function multiplyNumbers(left: BsonNumber, right: BsonNumber): BsonNumber | undefined {
  return combine(
    left,
    right,
    (a, b) => a * b,
    (a, b) => a * b,
    multiplyDecimals,
  );
}

/** Sum of two numbers; longs that overflow become a double. */
export function sumOf(left: BsonNumber, right: BsonNumber): BsonNumber {
  return addNumbers(left, right) ?? new Double(toDouble(left) + toDouble(right));
}
