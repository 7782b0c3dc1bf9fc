import { Double, Int32, Long, ObjectId, Timestamp } from 'bson';
import type { Decimal128 } from 'bson';
import { locationError, mongoError } from '../../errors.js';
import { BSON_TYPE_NUMBERS, bsonTypeOf, isDocument, isNumeric } from '../bson-types.js';
import type { BsonNumber, BsonTypeName, BsonValue, MaybeValue } from '../bson-types.js';
import { decimalFromInteger, packDecimal, parseDecimal, unpackDecimal } from '../decimal.js';
import { exactInt64, fitsInt32, fitsInt64, toDecimal, toDouble, toInteger } from '../numbers.js';
import { isNullish, namedOperands, unary } from './arguments.js';
import { isTruthy } from './logic.operators.js';
import { parseIsoDate } from './time-zone.js';
import type { Compile, Expression, OperatorTable } from './expression.types.js';

/** A scalar as `$toString` shows it; `undefined` for types that have no text. */
export function describeScalar(value: BsonValue): string | undefined {
  switch (bsonTypeOf(value)) {
    case 'string':
      return value as string;
    case 'symbol':
      return (value as { value: string }).value;
    case 'bool':
      return String(value as boolean);
    case 'int':
    case 'long':
    case 'decimal':
      return (value as Long).toString();
    case 'double':
      return describeDouble((value as Double).value);
    case 'objectId':
      return (value as ObjectId).toHexString();
    case 'date':
      return (value as Date).toISOString();
    default:
      return undefined;
  }
}

function describeDouble(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return String(value);
}

const failure = (message: string) => mongoError('ConversionFailure', message);

const unsupported = (value: BsonValue, to: string) =>
  failure(
    `Unsupported conversion from ${bsonTypeOf(value)} to ${to} in $convert with no onError value`,
  );

function unparsable(text: string, to: string, why: string) {
  return failure(`Failed to parse ${to} '${text}' in $convert with no onError value: ${why}`);
}

function toBoolean(value: BsonValue): BsonValue {
  switch (bsonTypeOf(value)) {
    case 'bool':
      return value;
    case 'int':
    case 'long':
    case 'double':
    case 'decimal':
      return isTruthy(value);
    case 'string':
    case 'objectId':
    case 'date':
      return true;
    default:
      throw unsupported(value, 'bool');
  }
}

/** The integer part of a number; refused when it does not fit. */
function integerWithin(value: BsonNumber, fits: (integer: bigint) => boolean, to: string): bigint {
  const integer = toInteger(value);
  if (integer !== undefined && fits(integer)) return integer;
  throw failure(
    `Conversion would overflow target type in $convert with no onError value: ${String(value)} to ${to}`,
  );
}

function parseInteger(text: string, fits: (integer: bigint) => boolean, to: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw unparsable(text, 'number', 'Bad digit');
  const integer = BigInt(text.replace('+', ''));
  if (!fits(integer)) throw unparsable(text, 'number', `out of range for ${to}`);
  return integer;
}

function toInt(value: BsonValue): BsonValue {
  if (typeof value === 'boolean') return new Int32(Number(value));
  if (typeof value === 'string') return new Int32(Number(parseInteger(value, fitsInt32, 'int')));
  if (!isNumeric(value)) throw unsupported(value, 'int');
  return new Int32(Number(integerWithin(value, fitsInt32, 'int')));
}

function toLong(value: BsonValue): BsonValue {
  if (typeof value === 'boolean') return Long.fromInt(Number(value));
  if (typeof value === 'string') return Long.fromBigInt(parseInteger(value, fitsInt64, 'long'));
  if (value instanceof Date) return Long.fromNumber(value.getTime());
  if (!isNumeric(value)) throw unsupported(value, 'long');
  return Long.fromBigInt(integerWithin(value, fitsInt64, 'long'));
}

const NUMBER_TEXT = /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)$/i;

function toDoubleValue(value: BsonValue): BsonValue {
  if (typeof value === 'boolean') return new Double(Number(value));
  if (value instanceof Date) return new Double(value.getTime());
  if (typeof value === 'string') {
    if (!NUMBER_TEXT.test(value))
      throw unparsable(value, 'number', 'Did not consume whole string.');
    if (/nan/i.test(value)) return new Double(NaN);
    if (/inf/i.test(value)) return new Double(value.startsWith('-') ? -Infinity : Infinity);
    return new Double(Number(value));
  }
  if (!isNumeric(value)) throw unsupported(value, 'double');
  const double = toDouble(value);
  if (value._bsontype === 'Decimal128' && !Number.isFinite(double)) {
    if (typeof unpackDecimal(value as Decimal128) !== 'string') {
      throw failure('Conversion would overflow target type in $convert with no onError value');
    }
  }
  return new Double(double);
}

function toDecimalValue(value: BsonValue): BsonValue {
  if (typeof value === 'boolean') return packDecimal(decimalFromInteger(BigInt(value)));
  if (value instanceof Date) return packDecimal(decimalFromInteger(BigInt(value.getTime())));
  if (typeof value === 'string') {
    if (!NUMBER_TEXT.test(value))
      throw unparsable(value, 'number', 'Failed to parse string to decimal');
    return packDecimal(parseDecimal(value));
  }
  if (!isNumeric(value)) throw unsupported(value, 'decimal');
  if (value._bsontype === 'Decimal128') return value;
  return packDecimal(toDecimal(value));
}

function toDate(value: BsonValue): BsonValue {
  if (value instanceof Date) return value;
  if (value instanceof ObjectId) return value.getTimestamp();
  if (value instanceof Timestamp) return new Date(value.getHighBitsUnsigned() * 1000);
  if (typeof value === 'string') {
    const date = parseIsoDate(value);
    if (!date)
      throw failure(`Error parsing date string '${value}' in $convert with no onError value`);
    return date;
  }
  if (!isNumeric(value) || value._bsontype === 'Int32') throw unsupported(value, 'date');
  const date = new Date(Number(integerWithin(value, fitsInt64, 'date')));
  if (Number.isNaN(date.getTime()))
    throw failure('date out of range in $convert with no onError value');
  return date;
}

function toObjectId(value: BsonValue): BsonValue {
  if (value instanceof ObjectId) return value;
  if (typeof value !== 'string') throw unsupported(value, 'objectId');
  if (!/^[0-9a-f]{24}$/i.test(value)) {
    throw failure(
      `Failed to parse objectId '${value}' in $convert with no onError value: Invalid string length for parsing to OID, expected 24 but found ${String(value.length)}`,
    );
  }
  return ObjectId.createFromHexString(value);
}

function toText(value: BsonValue): BsonValue {
  const text = describeScalar(value);
  if (text === undefined) throw unsupported(value, 'string');
  return text;
}

const CONVERSIONS: Partial<Record<BsonTypeName, (value: BsonValue) => BsonValue>> = {
  bool: toBoolean,
  int: toInt,
  long: toLong,
  double: toDoubleValue,
  decimal: toDecimalValue,
  date: toDate,
  objectId: toObjectId,
  string: toText,
};

const converting = (convert: (value: BsonValue) => BsonValue) =>
  unary((value) => (isNullish(value) ? null : convert(value)));

function targetType(to: BsonValue): BsonTypeName {
  const names = Object.keys(BSON_TYPE_NUMBERS) as BsonTypeName[];
  const name = names.find(
    (candidate) => candidate === to || BigInt(BSON_TYPE_NUMBERS[candidate]) === exactInt64(to),
  );
  if (name) return name;
  if (typeof to === 'string') throw mongoError('BadValue', `Unknown type name: ${to}`);
  throw mongoError('FailedToParse', "$convert's 'to' argument must be a type name or number");
}

function convert(operand: BsonValue, compile: Compile, name: string): Expression {
  const parts = namedOperands(name, operand, ['input', 'to'], ['onError', 'onNull']);
  const input = compile(parts.input!);
  const to = compile(parts.to!);
  const onError = parts.onError === undefined ? undefined : compile(parts.onError);
  const onNull = parts.onNull === undefined ? () => null : compile(parts.onNull);
  return (document, context) => {
    const value = input(document, context);
    const wanted = to(document, context);
    if (isNullish(value)) return onNull(document, context);
    if (isNullish(wanted)) return null;
    const type = targetType(isDocument(wanted) ? (wanted.type ?? null) : wanted);
    const conversion = CONVERSIONS[type];
    try {
      if (!conversion) throw unsupported(value, type);
      return conversion(value);
    } catch (error) {
      if (!onError || (error as { code?: number }).code !== 241) throw error;
      return onError(document, context);
    }
  };
}

/** Types and conversions between them. */
export const TYPE_OPERATORS: OperatorTable = {
  $type: unary((value: MaybeValue) => (value === undefined ? 'missing' : bsonTypeOf(value))),
  $isNumber: unary((value) => isNumeric(value)),
  $toBool: converting(toBoolean),
  $toInt: converting(toInt),
  $toLong: converting(toLong),
  $toDouble: converting(toDoubleValue),
  $toDecimal: converting(toDecimalValue),
  $toDate: converting(toDate),
  $toObjectId: converting(toObjectId),
  $toString: converting(toText),
  $convert: convert,
  $tsSecond: timestampPart((value) => value.getHighBitsUnsigned()),
  $tsIncrement: timestampPart((value) => value.getLowBitsUnsigned()),
};

function timestampPart(part: (value: Timestamp) => number) {
  return unary((value, name) => {
    if (isNullish(value)) return null;
    if (value instanceof Timestamp) return Long.fromNumber(part(value));
    throw locationError(5687301, `${name} requires a timestamp, found ${bsonTypeOf(value)}`);
  });
}
