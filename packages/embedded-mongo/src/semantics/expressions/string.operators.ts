import { BSONRegExp, Int32 } from 'bson';
import { locationError, MongoError } from '../../errors.js';
import { bsonTypeOf, isNumeric } from '../bson-types.js';
import type { BsonValue, MaybeValue } from '../bson-types.js';
import { compareStrings } from '../compare.js';
import { exactInt64, toDouble } from '../numbers.js';
import { BoundedRegExp } from '../bounded-regex.js';
import { compileRegex } from '../regex.js';
import { binary, isNullish, named, operatorOf, sequential, unary, variadic } from './arguments.js';
import { describeScalar } from './type.operators.js';
import type { OperatorTable } from './expression.types.js';

const typeName = (value: MaybeValue) => (value === undefined ? 'missing' : bsonTypeOf(value));

/** Text of a value for the operators that also take numbers and dates; null counts as empty. */
function coerceToText(value: MaybeValue): string {
  if (isNullish(value)) return '';
  const text = describeScalar(value);
  if (text !== undefined && typeof value !== 'boolean' && bsonTypeOf(value) !== 'objectId') {
    return text;
  }
  throw locationError(16007, `can't convert from BSON type ${bsonTypeOf(value)} to String`);
}

function concat(values: Iterable<MaybeValue>): MaybeValue {
  let result = '';
  for (const value of values) {
    if (isNullish(value)) return null;
    if (typeof value !== 'string') {
      throw locationError(16702, `$concat only supports strings, not ${typeName(value)}`);
    }
    result += value;
  }
  return result;
}

/** MongoDB changes the case of ASCII letters only. */
const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const upper = (text: string) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase());

function text(value: MaybeValue, name: string, code: number): string {
  if (typeof value === 'string') return value;
  throw locationError(code, `${name} requires a string argument, found: ${typeName(value)}`);
}

function offset(value: MaybeValue, name: string, code: number): number {
  const integer =
    exactInt64(value) ?? (isNumeric(value) ? BigInt(Math.trunc(toDouble(value))) : undefined);
  if (integer === undefined) {
    throw locationError(code, `${name}: offsets must be numbers (got type ${typeName(value)})`);
  }
  return Number(integer);
}

function substringOfBytes([value, from, count]: MaybeValue[], name: string): MaybeValue {
  const bytes = Buffer.from(coerceToText(value), 'utf8');
  const start = offset(from, name, 16034);
  const length = offset(count, name, 16035);
  if (start < 0) {
    throw locationError(
      50752,
      `${name}: starting index must be non-negative (got: ${String(start)})`,
    );
  }
  const end = length < 0 ? bytes.length : Math.min(bytes.length, start + length);
  const isInside = (index: number) => ((bytes[index] ?? 0) & 0xc0) === 0x80;
  if (isInside(start)) {
    throw locationError(
      28656,
      `${name}:  Invalid range, starting index is a UTF-8 continuation byte.`,
    );
  }
  if (isInside(end)) {
    throw locationError(
      28657,
      `${name}:  Invalid range, ending index is in the middle of a UTF-8 character.`,
    );
  }
  return bytes.subarray(Math.min(start, bytes.length), end).toString('utf8');
}

function substringOfCodePoints([value, from, count]: MaybeValue[], name: string): MaybeValue {
  const points = Array.from(coerceToText(value));
  const start = offset(from, name, 34450);
  const length = offset(count, name, 34452);
  if (start < 0) throw locationError(34451, `${name}: the starting index must be nonnegative.`);
  if (length < 0) throw locationError(34453, `${name}: the length must be nonnegative.`);
  return points.slice(start, start + length).join('');
}

function split(value: MaybeValue, separator: MaybeValue, name: string): MaybeValue {
  if (isNullish(value) || isNullish(separator)) return null;
  const whole = text(value, name, 40085);
  const between = text(separator, name, 40086);
  if (between === '') throw locationError(40087, '$split requires a non-empty separator');
  return whole.split(between);
}

const BLANKS =
  '\0 \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a';

function trimming(ends: 'both' | 'left' | 'right') {
  return named(['input'], ['chars'], (values, name) => {
    if (isNullish(values.input)) return null;
    if ('chars' in values && isNullish(values.chars)) return null;
    const points = Array.from(text(values.input, name, 50699));
    const chars = 'chars' in values ? text(values.chars, name, 50700) : BLANKS;
    const unwanted = new Set(chars);
    let start = 0;
    let end = points.length;
    if (ends !== 'right') while (start < end && unwanted.has(points[start]!)) start += 1;
    if (ends !== 'left') while (end > start && unwanted.has(points[end - 1]!)) end -= 1;
    return points.slice(start, end).join('');
  });
}

function indexOfBytes(values: MaybeValue[], name: string): MaybeValue {
  return indexIn(values, name, 40091, (whole) => Buffer.from(whole, 'utf8'));
}

function indexOfCodePoints(values: MaybeValue[], name: string): MaybeValue {
  return indexIn(values, name, 40093, (whole) => Array.from(whole));
}

function indexIn(
  [value, wanted, from, to]: MaybeValue[],
  name: string,
  /** For a value that is no string; the next one is for what is looked for. */
  code: number,
  unitsOf: (text: string) => ArrayLike<string | number>,
): MaybeValue {
  if (isNullish(value)) return null;
  const units = unitsOf(text(value, name, code));
  const sought = unitsOf(text(wanted, name, code + 1));
  const start = from === undefined ? 0 : offset(from, name, 40096);
  const end = Math.min(to === undefined ? units.length : offset(to, name, 40096), units.length);
  if (start < 0 || (to !== undefined && end < 0)) {
    throw locationError(40097, `${name} requires a nonnegative index`);
  }
  for (let at = start; at + sought.length <= end; at += 1) {
    let index = 0;
    while (index < sought.length && units[at + index] === sought[index]) index += 1;
    if (index === sought.length) return new Int32(at);
  }
  return new Int32(-1);
}

/** `$regexMatch`, `$regexFind`, `$regexFindAll`. */
function regexOperator(
  answer: (input: string, expression: RegExp) => MaybeValue,
  without: MaybeValue,
) {
  return named(['input', 'regex'], ['options'], ({ input, regex, options }, name) => {
    if (isNullish(regex) || isNullish(input)) return without;
    if (typeof input !== 'string') {
      throw locationError(51104, `${name} needs 'input' to be of type string`);
    }
    return answer(input, expressionOf(regex, options, name));
  });
}

/** A malformed pattern has another code in an expression than in a filter. */
function compiled(pattern: string, options: string, name: string): RegExp {
  try {
    return compileRegex(pattern, options);
  } catch (error) {
    if (!(error instanceof MongoError) || error.code !== 51091) throw error;
    throw locationError(51111, `Invalid Regex in ${name}: ${error.message}`);
  }
}

function expressionOf(regex: BsonValue, options: MaybeValue, name: string): RegExp {
  if (!isNullish(options) && typeof options !== 'string') {
    throw locationError(51106, `${name} needs 'options' to be of type string`);
  }
  if (regex instanceof BSONRegExp) {
    if (options && regex.options) {
      throw locationError(
        51107,
        `${name}: found regex option(s) specified in both 'regex' and 'option' fields`,
      );
    }
    return compiled(regex.pattern, options ?? regex.options, name);
  }
  if (typeof regex === 'string') return compiled(regex, options ?? '', name);
  throw locationError(51105, `${name} needs 'regex' to be of type string or regex`);
}

function matchDocument(match: RegExpMatchArray): BsonValue {
  const before = match.input!.slice(0, match.index);
  return {
    match: match[0],
    idx: new Int32(Array.from(before).length),
    captures: match.slice(1).map((capture: string | undefined) => capture ?? null),
  };
}

function replacing(all: boolean) {
  return named(['input', 'find', 'replacement'], [], ({ input, find, replacement }, name) => {
    const checked = [input, find, replacement].map((value, index) =>
      isNullish(value) ? null : text(value, name, 51746 - index),
    );
    if (checked.includes(null)) return null;
    const [whole, wanted, by] = checked as [string, string, string];
    return all ? whole.replaceAll(wanted, () => by) : whole.replace(wanted, () => by);
  });
}

/** Text. */
export const STRING_OPERATORS: OperatorTable = {
  $concat: sequential(concat),
  $toLower: unary((value) => lower(coerceToText(value))),
  $toUpper: unary((value) => upper(coerceToText(value))),
  $strcasecmp: binary(
    (left, right) =>
      new Int32(Math.sign(compareStrings(upper(coerceToText(left)), upper(coerceToText(right))))),
  ),
  $strLenBytes: unary((value, name) => new Int32(Buffer.byteLength(text(value, name, 34473)))),
  $strLenCP: unary((value, name) => new Int32(Array.from(text(value, name, 34471)).length)),
  $substr: operatorOf(3, substringOfBytes),
  $substrBytes: operatorOf(3, substringOfBytes),
  $substrCP: operatorOf(3, substringOfCodePoints),
  $split: binary(split),
  $trim: trimming('both'),
  $ltrim: trimming('left'),
  $rtrim: trimming('right'),
  $indexOfBytes: variadic(indexOfBytes, 2, 4),
  $indexOfCP: variadic(indexOfCodePoints, 2, 4),
  $regexMatch: regexOperator((input, expression) => expression.test(input), false),
  $regexFind: regexOperator((input, expression) => {
    const match = expression.exec(input);
    return match && matchDocument(match);
  }, null),
  $regexFindAll: regexOperator(
    (input, expression) =>
      Array.from(
        input.matchAll(new BoundedRegExp(expression, `${expression.flags}g`)),
        matchDocument,
      ),
    [],
  ),
  $replaceOne: replacing(false),
  $replaceAll: replacing(true),
};
