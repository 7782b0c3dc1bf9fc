import { Binary, BSONSymbol, Decimal128, ObjectId } from 'bson';
import type { BSONRegExp } from 'bson';

import { mongoError } from '../errors.js';
import { BSON_TYPE_NUMBERS, bsonTypeOf, isNumeric } from './bson-types.js';
import type { BsonTypeName, BsonValue, MaybeValue } from './bson-types.js';
import { canonicalKey } from './canonical-key.js';
import { compareBson, equalsBson, isNaNValue, typeRank } from './compare.js';
import { exactInt64, fitsInt64, toInteger } from './numbers.js';
import { compileBsonRegex } from './regex.js';
import type { ValueTest } from './path.js';

/** The comparison operators that a filter can hold. */
export type Comparison = '$eq' | '$gt' | '$gte' | '$lt' | '$lte';

const ACCEPTS: Record<Comparison, (order: number) => boolean> = {
  $eq: (order) => order === 0,
  $gt: (order) => order > 0,
  $gte: (order) => order >= 0,
  $lt: (order) => order < 0,
  $lte: (order) => order <= 0,
};

/**
 * The test of a comparison operator: values of other types never match, except that null stands
 * for a missing value too and that MinKey and MaxKey are comparable with everything.
 */
export function comparisonTest(operator: Comparison, operand: BsonValue): ValueTest {
  const accepts = ACCEPTS[operator];
  const type = bsonTypeOf(operand);
  if (type === 'null') return accepts(0) ? isNullish : () => false;
  if (isNaNValue(operand)) return accepts(0) ? isNaNValue : () => false;
  const rank = typeRank(operand);
  if (type === 'minKey' || type === 'maxKey') {
    const otherTypes = operator !== '$eq' && accepts(type === 'minKey' ? 1 : -1);
    return (value) => (typeRank(value) === rank ? accepts(0) : otherTypes);
  }
  if (type === 'string' && operator === '$eq') {
    return (value) =>
      value === operand || (typeof value === 'object' && equalsBson(value, operand));
  }
  return (value) =>
    typeRank(value) === rank && accepts(compareBson(value, operand)) && !isNaNValue(value);
}

const isNullish = (value: MaybeValue) => value === undefined || value === null;

/** The test of a regular expression: text that matches it, or the same expression as a value. */
export function regexTest(regex: BSONRegExp): ValueTest {
  const expression = compileBsonRegex(regex);
  return (value) => {
    if (typeof value === 'string') return expression.test(value);
    if (value === undefined || value === null) return false;
    const type = bsonTypeOf(value);
    if (type === 'symbol') return expression.test((value as { value: string }).value);
    return type === 'regex' && equalsBson(value, regex);
  };
}

/** The test of `$in`: one of the values, or text that matches one of the regular expressions. */
export function membershipTest(values: readonly BsonValue[]): ValueTest {
  const keys = new Set(values.map(membershipKey));
  const regexes = values
    .filter((value) => bsonTypeOf(value) === 'regex')
    .map((regex) => regexTest(regex as BSONRegExp));
  return (value) =>
    keys.has(membershipKey(value ?? null)) || regexes.some((matches) => matches(value));
}

/** {@link canonicalKey}, with a shortcut for the values that are mostly looked for. */
function membershipKey(value: BsonValue): string {
  if (typeof value === 'string') return `s${value}`;
  if (value instanceof ObjectId) return value.toHexString();
  if (value instanceof BSONSymbol) return `s${value.value}`;
  return `=${canonicalKey(value)}`;
}

/** The test of `$type`. */
export function typeTest(operand: BsonValue): ValueTest {
  const wanted = typesWanted(operand);
  if (wanted.size === 0) {
    throw mongoError('FailedToParse', '$type must match at least one type');
  }
  return (value) => value !== undefined && wanted.has(bsonTypeOf(value));
}

/** The types that an operand of `$type` names. */
export function typesWanted(operand: BsonValue): Set<BsonTypeName> {
  return new Set((Array.isArray(operand) ? operand : [operand]).flatMap(typeNames));
}

function typeNames(alias: BsonValue): BsonTypeName[] {
  if (alias === 'number') return ['int', 'long', 'double', 'decimal'];
  const names = Object.keys(BSON_TYPE_NUMBERS) as BsonTypeName[];
  if (typeof alias === 'string') {
    const name = names.find((candidate) => candidate === alias);
    if (name) return [name];
    // Types that no document here can hold.
    if (alias === 'undefined' || alias === 'dbPointer' || alias === 'missing') return [];
    throw mongoError('BadValue', `Unknown type name alias: ${alias}`);
  }
  const code = exactInt64(alias);
  if (!isNumeric(alias)) {
    throw mongoError('TypeMismatch', 'type must be represented as a number or a string');
  }
  const name = names.find((candidate) => BigInt(BSON_TYPE_NUMBERS[candidate]) === code);
  if (name) return [name];
  if (code === 6n || code === 12n) return [];
  throw mongoError('BadValue', `Invalid numerical type code: ${alias.toString()}`);
}

/** The test of `$size`. */
export function sizeTest(operand: BsonValue): ValueTest {
  const size = exactInt64(operand);
  if (size === undefined) {
    throw mongoError('BadValue', 'Failed to parse $size. Expected an integer in: $size');
  }
  if (size < 0n) {
    throw mongoError(
      'BadValue',
      `Failed to parse $size. Expected a non-negative number in: $size: ${size.toString()}`,
    );
  }
  return (value) => Array.isArray(value) && BigInt(value.length) === size;
}

/** The test of `$mod: [divisor, remainder]`. */
export function modTest(operand: BsonValue): ValueTest {
  if (!Array.isArray(operand)) throw mongoError('BadValue', 'malformed mod, needs to be an array');
  if (operand.length < 2) throw mongoError('BadValue', 'malformed mod, not enough elements');
  if (operand.length > 2) throw mongoError('BadValue', 'malformed mod, too many elements');
  const [divisor, remainder] = operand;
  if (!isNumeric(divisor)) throw mongoError('BadValue', 'malformed mod, divisor not a number');
  if (!isNumeric(remainder)) throw mongoError('BadValue', 'malformed mod, remainder not a number');
  const by = toInteger(divisor);
  const rest = toInteger(remainder);
  if (by === undefined || rest === undefined) {
    throw mongoError('BadValue', 'malformed mod, divisor or remainder is not finite');
  }
  if (by === 0n) throw mongoError('BadValue', 'divisor cannot be 0');
  return (value) => {
    if (!isNumeric(value)) return false;
    const integer = toInteger(value);
    return integer !== undefined && BigInt.asIntN(64, integer) === integer && integer % by === rest;
  };
}

/** The four tests on bits. */
export type BitOperator = '$bitsAllSet' | '$bitsAllClear' | '$bitsAnySet' | '$bitsAnyClear';

/** The test of a `$bits…` operator; numbers extend their sign without end. */
export function bitTest(operator: BitOperator, operand: BsonValue): ValueTest {
  const positions = bitPositions(operator, operand);
  const wanted = operator.endsWith('Set');
  return (value) => {
    const isSet = bitReader(value);
    if (!isSet) return false;
    return operator.includes('All')
      ? positions.every((position) => isSet(position) === wanted)
      : positions.some((position) => isSet(position) === wanted);
  };
}

function bitPositions(operator: BitOperator, operand: BsonValue): number[] {
  if (Array.isArray(operand)) {
    return operand.map((element) => {
      const position = exactInt64(element);
      if (position === undefined || position < 0n) {
        throw mongoError('BadValue', `bit positions must be integers >= 0 in ${operator}`);
      }
      return Number(position);
    });
  }
  if (operand instanceof Binary) {
    const isSet = bitReader(operand)!;
    return range(operand.position * 8).filter(isSet);
  }
  const mask = exactInt64(operand);
  if (mask === undefined || mask < 0n) {
    throw mongoError(
      mask === undefined ? 'BadValue' : 'FailedToParse',
      `${operator} takes an Array, a number, or a BinData but received something else`,
    );
  }
  return range(64).filter((position) => (mask >> BigInt(position)) & 1n);
}

const range = (length: number) => Array.from({ length }, (_unused, index) => index);

function bitReader(value: MaybeValue): ((position: number) => boolean) | undefined {
  if (value instanceof Binary) {
    const bytes = value.value();
    return (position) => (((bytes[position >> 3] ?? 0) >> (position & 7)) & 1) === 1;
  }
  // A fraction has no bits, but that of a decimal is cut off.
  const isDecimal = value instanceof Decimal128;
  const integer = isDecimal ? toInteger(value) : exactInt64(value);
  if (integer === undefined || !fitsInt64(integer)) return undefined;
  return (position) => ((integer >> BigInt(Math.min(position, 63))) & 1n) === 1n;
}
