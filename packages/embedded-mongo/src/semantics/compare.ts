import type {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  ObjectId,
  Timestamp,
} from 'bson';
import { isNumeric } from './bson-types.js';
import type {
  BsonDocument,
  BsonNumber,
  BsonTypeName,
  BsonValue,
  MaybeValue,
} from './bson-types.js';
import { bsonTypeOf } from './bson-types.js';
import {
  compareDecimals,
  decimalFromDouble,
  decimalFromInteger,
  unpackDecimal,
} from './decimal.js';
import type { Decimal } from './decimal.js';

/**
 * MongoDB's order of the types; types with one rank compare with each other by value. A missing
 * value ranks as `undefined`, just above MinKey.
 */
const TYPE_RANKS: Record<BsonTypeName, number> = {
  minKey: -1,
  null: 5,
  int: 10,
  long: 10,
  double: 10,
  decimal: 10,
  string: 15,
  symbol: 15,
  object: 20,
  array: 25,
  binData: 30,
  objectId: 35,
  bool: 40,
  date: 45,
  timestamp: 47,
  regex: 50,
  javascript: 60,
  javascriptWithScope: 65,
  maxKey: 127,
};

/** The rank of `undefined`, which stands for a missing value and for an empty array in a sort. */
const MISSING_RANK = 0;

/** The place of a value's type in MongoDB's order of types; equal ranks are comparable by value. */
export function typeRank(value: MaybeValue): number {
  if (value === undefined) return MISSING_RANK;
  return TYPE_RANKS[bsonTypeOf(value)];
}

/** The types of the values that can be equal to this one: 5 is 5.0, and a string is a symbol. */
export function comparableTypes(value: BsonValue): BsonTypeName[] {
  const names = Object.keys(TYPE_RANKS) as BsonTypeName[];
  return names.filter((name) => TYPE_RANKS[name] === typeRank(value));
}

/**
 * MongoDB's total order over all values: by type rank, then by value. `undefined` (missing) is
 * below null.
 * @returns a negative number, zero or a positive number
 */
export function compareBson(left: MaybeValue, right: MaybeValue): number {
  if (typeof left === 'string' && typeof right === 'string') return compareStrings(left, right);
  const rank = typeRank(left);
  const difference = rank - typeRank(right);
  if (difference !== 0) return difference;
  return compareSameRank(rank, left as BsonValue, right as BsonValue);
}

/** Whether MongoDB takes two values for the same: `1` and `1.0` are, documents only in field order. */
export function equalsBson(left: MaybeValue, right: MaybeValue): boolean {
  return compareBson(left, right) === 0;
}

function compareSameRank(rank: number, left: BsonValue, right: BsonValue): number {
  switch (rank) {
    case TYPE_RANKS.int:
      return compareNumbers(left as BsonNumber, right as BsonNumber);
    case TYPE_RANKS.string:
      return compareStrings(textOf(left), textOf(right));
    case TYPE_RANKS.object:
      return compareDocuments(left as BsonDocument, right as BsonDocument);
    case TYPE_RANKS.array:
      return compareArrays(left as BsonValue[], right as BsonValue[]);
    case TYPE_RANKS.binData:
      return compareBinaries(left as Binary, right as Binary);
    case TYPE_RANKS.objectId:
      return Buffer.compare((left as ObjectId).id, (right as ObjectId).id);
    case TYPE_RANKS.bool:
      return Number(left) - Number(right);
    case TYPE_RANKS.date:
      return (left as Date).getTime() - (right as Date).getTime();
    case TYPE_RANKS.timestamp:
      return (left as Timestamp).compare(right as Timestamp);
    case TYPE_RANKS.regex:
      return compareRegexes(left as BSONRegExp, right as BSONRegExp);
    case TYPE_RANKS.javascript:
      return compareStrings((left as Code).code as string, (right as Code).code as string);
    case TYPE_RANKS.javascriptWithScope:
      return compareScopedCode(left as Code, right as Code);
    default:
      return 0;
  }
}

function textOf(value: BsonValue): string {
  return typeof value === 'string' ? value : (value as BSONSymbol).value;
}

/**
 * Orders strings by their UTF-8 bytes, which is the order of code points; JavaScript's own order by
 * UTF-16 units puts U+E000…U+FFFF after the astral planes.
 */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codePointOrder(a) - codePointOrder(b);
  }
  return left.length - right.length;
}

function codePointOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

function compareDocuments(left: BsonDocument, right: BsonDocument): number {
  const leftNames = Object.keys(left);
  const rightNames = Object.keys(right);
  const length = Math.min(leftNames.length, rightNames.length);
  for (let index = 0; index < length; index += 1) {
    const leftName = leftNames[index]!;
    const rightName = rightNames[index]!;
    const a = left[leftName]!;
    const b = right[rightName]!;
    const rank = typeRank(a);
    const difference =
      rank - typeRank(b) || compareStrings(leftName, rightName) || compareSameRank(rank, a, b);
    if (difference !== 0) return difference;
  }
  return leftNames.length - rightNames.length;
}

function compareArrays(left: BsonValue[], right: BsonValue[]): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = compareBson(left[index], right[index]);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareBinaries(left: Binary, right: Binary): number {
  return (
    left.position - right.position ||
    left.sub_type - right.sub_type ||
    Buffer.compare(left.value(), right.value())
  );
}

function compareRegexes(left: BSONRegExp, right: BSONRegExp): number {
  return compareStrings(left.pattern, right.pattern) || compareStrings(left.options, right.options);
}

function compareScopedCode(left: Code, right: Code): number {
  return (
    compareStrings(left.code as string, right.code as string) ||
    compareDocuments(left.scope as BsonDocument, right.scope as BsonDocument)
  );
}

/** Orders numbers of any types by value; `NaN` is equal to itself and below all others. */
export function compareNumbers(left: BsonNumber, right: BsonNumber): number {
  const a = asExactNumber(left);
  const b = asExactNumber(right);
  if (a !== undefined && b !== undefined) {
    if (a === b) return 0;
    if (a < b) return -1;
    if (a > b) return 1;
    return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  }
  if (left._bsontype === 'Long' && right._bsontype === 'Long')
    return (left as Long).compare(right as Long);
  return compareDecimals(exactDecimal(left), exactDecimal(right));
}

/** The value as a JavaScript number when that loses nothing. */
function asExactNumber(value: BsonNumber): number | undefined {
  switch (value._bsontype) {
    case 'Int32':
      return (value as Int32).value;
    case 'Double':
      return (value as Double).value;
    case 'Long': {
      const number = (value as Long).toNumber();
      return Number.isSafeInteger(number) ? number : undefined;
    }
    default:
      return undefined;
  }
}

function exactDecimal(value: BsonNumber): Decimal {
  switch (value._bsontype) {
    case 'Decimal128':
      return unpackDecimal(value as Decimal128);
    case 'Long':
      return decimalFromInteger((value as Long).toBigInt());
    case 'Double':
      return decimalFromDouble((value as Double).value);
    default:
      return decimalFromInteger(BigInt((value as Int32).value));
  }
}

/** Whether a value is the number NaN, double or decimal. */
export function isNaNValue(value: MaybeValue): boolean {
  if (!isNumeric(value)) return false;
  if (value._bsontype === 'Double') return Number.isNaN((value as Double).value);
  return value._bsontype === 'Decimal128' && unpackDecimal(value as Decimal128) === 'NaN';
}

/**
 * Whether two values are the same to the byte: equal in type, value and field order. Stricter than
 * {@link equalsBson}, for which `1` and `1.0` are equal.
 */
export function identicalBson(left: MaybeValue, right: MaybeValue): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  const type = bsonTypeOf(left);
  if (type !== bsonTypeOf(right)) return false;
  switch (type) {
    case 'double':
      return Object.is((left as Double).value, (right as Double).value);
    case 'decimal':
      return Buffer.compare((left as Decimal128).bytes, (right as Decimal128).bytes) === 0;
    case 'object': {
      const names = Object.keys(left as BsonDocument);
      const others = Object.keys(right as BsonDocument);
      return (
        names.length === others.length &&
        names.every(
          (name, index) =>
            name === others[index] &&
            identicalBson((left as BsonDocument)[name], (right as BsonDocument)[name]),
        )
      );
    }
    case 'array': {
      const others = right as BsonValue[];
      return (
        (left as BsonValue[]).length === others.length &&
        (left as BsonValue[]).every((value, index) => identicalBson(value, others[index]))
      );
    }
    default:
      return compareBson(left, right) === 0;
  }
}
