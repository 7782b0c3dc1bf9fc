import { Int32 } from 'bson';
import { locationError, mongoError } from '../../errors.js';
import { bsonTypeOf, fieldOf, isDocument, isNumeric, setField } from '../bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';
import { assertFieldName } from '../codec.js';
import { compareBson, equalsBson } from '../compare.js';
import { exactInt64 } from '../numbers.js';
import { parseSort } from '../sort.js';
import { parsePath, plainValueAt } from '../path.js';
import {
  binary,
  compileArguments,
  isNullish,
  named,
  namedOperands,
  sequential,
  unary,
  variadic,
} from './arguments.js';
import type { Compile, Expression, ExpressionContext, OperatorTable } from './expression.types.js';
import { isTruthy } from './logic.operators.js';

type Comparator = (left: BsonValue, right: BsonValue) => number;

function arrayOf(value: MaybeValue, name: string, code = 28640): BsonValue[] | null {
  if (isNullish(value)) return null;
  if (Array.isArray(value)) return value;
  throw locationError(code, `${name}'s argument must be an array, but is ${bsonTypeOf(value)}`);
}

/** The integer that an argument has to be. */
function integerOf(value: MaybeValue, what: string, code: number): number {
  const integer = exactInt64(value);
  if (integer === undefined || BigInt.asIntN(32, integer) !== integer) {
    throw locationError(
      code,
      `${what} must be representable as a 32-bit integer: ${String(value)}`,
    );
  }
  return Number(integer);
}

function elementAt(list: MaybeValue, at: MaybeValue): MaybeValue {
  if (isNullish(list) || isNullish(at)) return null;
  if (!Array.isArray(list)) {
    throw locationError(
      28689,
      `$arrayElemAt's first argument must be an array, but is ${bsonTypeOf(list)}`,
    );
  }
  if (!isNumeric(at)) {
    throw locationError(
      28690,
      `$arrayElemAt's second argument must be a numeric value, but is ${bsonTypeOf(at)}`,
    );
  }
  return list.at(integerOf(at, "$arrayElemAt's second argument", 28691));
}

function slice([list, first, second]: MaybeValue[], name: string): MaybeValue {
  if (isNullish(list) || isNullish(first)) return null;
  if (!Array.isArray(list)) {
    throw locationError(
      28724,
      `First argument to ${name} must be an array, but is of type: ${bsonTypeOf(list)}`,
    );
  }
  if (!isNumeric(first)) {
    throw locationError(
      28725,
      `Second argument to ${name} must be a numeric value, but is of type: ${bsonTypeOf(first)}`,
    );
  }
  const start = integerOf(first, `Second argument to ${name}`, 28726);
  if (second === undefined) return start < 0 ? list.slice(start) : list.slice(0, start);
  if (second === null) return null;
  if (!isNumeric(second)) {
    throw locationError(
      28727,
      `Third argument to ${name} must be numeric, but is of type: ${bsonTypeOf(second)}`,
    );
  }
  const count = integerOf(second, `Third argument to ${name}`, 28728);
  if (count <= 0)
    throw locationError(28729, `Third argument to ${name} must be positive: ${String(count)}`);
  const from = start < 0 ? Math.max(0, list.length + start) : start;
  return list.slice(from, from + count);
}

function concatArrays(values: Iterable<MaybeValue>, name: string): MaybeValue {
  const lists: BsonValue[][] = [];
  for (const value of values) {
    const list = arrayOf(value, name, 28664);
    if (list === null) return null;
    lists.push(list);
  }
  return lists.flat();
}

/** `$map`, `$filter`: an expression applied to each element under a name. */
function perElement(
  inner: 'in' | 'cond',
  optional: readonly string[],
  collect: (
    elements: readonly BsonValue[],
    results: () => Iterable<MaybeValue>,
    limit: MaybeValue,
  ) => BsonValue[],
) {
  return (operand: BsonValue, compile: Compile, name: string): Expression => {
    const parts = namedOperands(name, operand, ['input', inner], ['as', ...optional]);
    const variable = parts.as ?? 'this';
    if (typeof variable !== 'string') throw mongoError('FailedToParse', "'as' must be a string");
    const input = compile(parts.input!);
    const body = compile(parts[inner]!);
    const limit = parts.limit === undefined ? undefined : compile(parts.limit);
    return (document, context) => {
      const list = input(document, context);
      if (isNullish(list)) return null;
      if (!Array.isArray(list)) {
        throw locationError(
          inner === 'in' ? 16883 : 28651,
          `input to ${name} must be an array not ${bsonTypeOf(list)}`,
        );
      }
      const results = function* () {
        for (const value of list) {
          context.checkTime?.();
          yield body(document, {
            ...context,
            scope: { name: variable, value, outer: context.scope },
          });
        }
      };
      return collect(list, results, limit?.(document, context));
    };
  };
}

function filterElements(
  elements: readonly BsonValue[],
  results: () => Iterable<MaybeValue>,
  limit: MaybeValue,
): BsonValue[] {
  const most = isNullish(limit) ? Infinity : integerOf(limit, '$filter: limit', 327391);
  if (most <= 0) throw locationError(327392, '$filter: limit must be greater than 0');
  const kept: BsonValue[] = [];
  let index = 0;
  for (const result of results()) {
    if (isTruthy(result)) kept.push(elements[index]!);
    if (kept.length >= most) break;
    index += 1;
  }
  return kept;
}

function reduce(operand: BsonValue, compile: Compile, name: string): Expression {
  const parts = namedOperands(name, operand, ['input', 'initialValue', 'in']);
  const input = compile(parts.input!);
  const initial = compile(parts.initialValue!);
  const body = compile(parts.in!);
  return (document, context) => {
    const list = input(document, context);
    if (isNullish(list)) return null;
    if (!Array.isArray(list)) {
      throw locationError(40080, `input to $reduce must be an array not ${bsonTypeOf(list)}`);
    }
    return list.reduce<MaybeValue>(
      (value, element) => {
        context.checkTime?.();
        const withThis = { name: 'this', value: element, outer: context.scope };
        return body(document, { ...context, scope: { name: 'value', value, outer: withThis } });
      },
      initial(document, context),
    );
  };
}

function letIn(operand: BsonValue, compile: Compile, name: string): Expression {
  const parts = namedOperands(name, operand, ['vars', 'in']);
  if (!isDocument(parts.vars)) {
    throw mongoError('FailedToParse', 'invalid parameter: expected an object (vars)');
  }
  const vars = parts.vars;
  const variables = Object.keys(vars).map((variable) => {
    checkVariableName(variable);
    return { name: variable, expression: compile(vars[variable]!) };
  });
  const body = compile(parts.in!);
  return (document, context) => {
    let scope = context.scope;
    for (const variable of variables) {
      const value = variable.expression(document, context);
      scope = { name: variable.name, value, outer: scope };
    }
    return body(document, { ...context, scope });
  };
}

/** Checks the name of a user variable. */
export function checkVariableName(name: string): void {
  if (!/^[a-z\u0080-\uffff][a-zA-Z0-9_\u0080-\uffff]*$/.test(name)) {
    throw mongoError(
      'FailedToParse',
      `'${name}' starts with an invalid character for a user variable name`,
    );
  }
}

function contains(
  value: MaybeValue,
  list: MaybeValue,
  _name: string,
  { checkTime }: ExpressionContext,
): MaybeValue {
  if (!Array.isArray(list)) {
    throw locationError(
      40081,
      `$in requires an array as a second argument, found: ${list === undefined ? 'missing' : bsonTypeOf(list)}`,
    );
  }
  return list.some((element) => {
    checkTime?.();
    return equalsBson(element, value);
  });
}

function indexOfElement(
  [list, wanted, from, to]: MaybeValue[],
  _name: string,
  { checkTime }: ExpressionContext,
): MaybeValue {
  if (isNullish(list)) return null;
  if (!Array.isArray(list)) {
    throw locationError(
      40090,
      `$indexOfArray requires an array as a first argument, found: ${bsonTypeOf(list)}`,
    );
  }
  const start = from === undefined ? 0 : integerOf(from, '$indexOfArray start', 40096);
  const end = to === undefined ? list.length : integerOf(to, '$indexOfArray end', 40096);
  if (start < 0 || end < 0)
    throw locationError(40097, '$indexOfArray requires a nonnegative index');
  for (let index = start; index < Math.min(end, list.length); index += 1) {
    checkTime?.();
    if (equalsBson(list[index], wanted)) return new Int32(index);
  }
  return new Int32(-1);
}

/** MongoDB ends a `$range` that would take more than 100 MB, at 16 bytes each value. */
const MAX_RANGE = Math.floor((100 * 1024 * 1024) / 16);

function range(values: MaybeValue[], _name: string, { checkTime }: ExpressionContext): MaybeValue {
  const [start, end, step = 1] = values.map((value, index) => {
    if (!isNumeric(value))
      throw locationError([34443, 34445, 34447][index]!, '$range requires numbers');
    return integerOf(value, '$range argument', [34444, 34446, 34448][index]!);
  });
  if (step === 0) throw locationError(34449, '$range requires a non-zero step value');
  const length = Math.ceil((end! - start!) / step);
  if (length > MAX_RANGE) {
    throw mongoError(
      'ExceededMemoryLimit',
      `$range would use too much memory (${String(length * 16)} bytes) and cannot spill to disk. Memory limit: 104857600 bytes`,
    );
  }
  const result: BsonValue[] = [];
  for (let value = start!; step > 0 ? value < end! : value > end!; value += step) {
    checkTime?.();
    result.push(new Int32(value));
  }
  return result;
}

function zip(operand: BsonValue, compile: Compile, name: string): Expression {
  const parts = namedOperands(name, operand, ['inputs'], ['useLongestLength', 'defaults']);
  if (!Array.isArray(parts.inputs))
    throw locationError(34461, 'inputs must be an array of expressions');
  if (parts.inputs.length === 0)
    throw locationError(34465, '$zip requires at least one input array');
  const longest = parts.useLongestLength === true;
  if (parts.defaults !== undefined && !longest) {
    throw locationError(34466, 'cannot specify defaults unless useLongestLength is true');
  }
  const inputs = parts.inputs.map(compile);
  const defaults = Array.isArray(parts.defaults) ? parts.defaults.map(compile) : undefined;
  if (defaults && defaults.length !== inputs.length) {
    throw locationError(34467, 'defaults and inputs must have the same length');
  }
  return (document, context) => {
    const lists = inputs.map((input) => input(document, context));
    if (lists.some(isNullish)) return null;
    const arrays = lists.map((list) => arrayOf(list, name, 34468)!);
    const fill = defaults?.map((expression) => expression(document, context) ?? null);
    const lengths = arrays.map((array) => array.length);
    const length = longest ? Math.max(...lengths) : Math.min(...lengths);
    return Array.from({ length }, (_unused, row) => {
      context.checkTime?.();
      return arrays.map((array, column) =>
        row < array.length ? array[row]! : (fill?.[column] ?? null),
      );
    });
  };
}

function arrayToObject(value: MaybeValue, name: string): MaybeValue {
  if (isNullish(value)) return null;
  if (!Array.isArray(value)) {
    throw locationError(40386, `${name} requires an array input, found: ${bsonTypeOf(value)}`);
  }
  const result: BsonDocument = {};
  for (const entry of value) {
    const [key, content] = entryOf(entry);
    if (typeof key !== 'string') {
      throw locationError(
        40395,
        `${name} requires an array of key-value pairs, where the key must be of type string.`,
      );
    }
    assertFieldName(key);
    setField(result, key, content);
  }
  return result;
}

function entryOf(entry: BsonValue): [BsonValue, BsonValue] {
  if (Array.isArray(entry) && entry.length === 2) return [entry[0]!, entry[1]!];
  if (isDocument(entry) && Object.keys(entry).length === 2 && 'k' in entry && 'v' in entry) {
    return [entry.k!, entry.v!];
  }
  throw locationError(
    40398,
    '$arrayToObject requires pairs as two-element arrays or {k, v} documents',
  );
}

function objectToArray(value: MaybeValue): MaybeValue {
  if (isNullish(value)) return null;
  if (!isDocument(value)) {
    throw locationError(
      40390,
      `$objectToArray requires a document input, found: ${bsonTypeOf(value)}`,
    );
  }
  return Object.keys(value).map((k) => ({ k, v: fieldOf(value, k)! }));
}

function sortArray(operand: BsonValue, compile: Compile, name: string): Expression {
  const parts = namedOperands(name, operand, ['input', 'sortBy']);
  const input = compile(parts.input!);
  const compare = elementOrder(parts.sortBy!);
  return (document, context) => {
    const list = input(document, context);
    if (isNullish(list)) return null;
    if (!Array.isArray(list)) {
      throw locationError(
        2942504,
        `The input argument to $sortArray must be an array, but was of type: ${bsonTypeOf(list)}`,
      );
    }
    return [...list].sort((left, right) => {
      context.checkTime?.();
      return compare(left, right);
    });
  };
}

function elementOrder(sortBy: BsonValue): Comparator {
  if (!isDocument(sortBy)) {
    const direction = exactInt64(sortBy);
    if (direction !== 1n && direction !== -1n) {
      throw locationError(2942507, 'sortBy must be 1, -1 or a document');
    }
    return (left, right) => compareBson(left, right) * Number(direction);
  }
  const fields = parseSort(sortBy).map((field) => ({ ...field, path: parsePath(field.path) }));
  const part = (element: BsonValue, path: readonly string[]) =>
    isDocument(element) ? plainValueAt(element, path) : undefined;
  return (left, right) => {
    for (const { path, direction } of fields) {
      const order = compareBson(part(left, path) ?? null, part(right, path) ?? null);
      if (order !== 0) return order * direction;
    }
    return 0;
  };
}

/** `$firstN`, `$lastN`, `$minN`, `$maxN` over an array. */
function pickN(pick: (list: BsonValue[], count: number) => BsonValue[]) {
  return named(['n', 'input'], [], ({ n, input }, name) => {
    const count = exactInt64(n);
    if (count === undefined || count < 1n) {
      throw locationError(5787908, `'n' must be greater than 0, found ${String(n)}`);
    }
    if (!Array.isArray(input)) throw locationError(5788200, `Input to ${name} must be an array`);
    return pick(input, Number(count));
  });
}

const present = (list: BsonValue[]) => list.filter((element) => element !== null);

function firstOf(value: MaybeValue, name: string): MaybeValue {
  const list = arrayOf(value, name, 28689);
  return list === null ? null : list[0];
}

function lastOf(value: MaybeValue, name: string): MaybeValue {
  const list = arrayOf(value, name, 28689);
  return list === null ? null : list[list.length - 1];
}

/** Arrays, and the operators that bind variables. */
export const ARRAY_OPERATORS: OperatorTable = {
  $size: unary((value) => {
    if (Array.isArray(value)) return new Int32(value.length);
    throw locationError(
      17124,
      `The argument to $size must be an array, but was of type: ${value === undefined ? 'missing' : bsonTypeOf(value)}`,
    );
  }),
  $isArray: unary((value) => Array.isArray(value)),
  $arrayElemAt: binary(elementAt),
  $first: unary(firstOf),
  $last: unary(lastOf),
  $slice: (operand, compile, name) => {
    const parts = compileArguments(name, operand, compile, 2, 3);
    return (document, context) => {
      const values = parts.map((part, index) => {
        const value = part(document, context);
        return index === 2 ? (value ?? null) : value;
      });
      return slice(values, name);
    };
  },
  $concatArrays: sequential(concatArrays),
  $reverseArray: unary((value, name) => {
    const list = arrayOf(value, name, 34435);
    return list && [...list].reverse();
  }),
  $in: binary(contains),
  $indexOfArray: variadic(indexOfElement, 2, 4),
  $range: variadic(range, 2, 3),
  $zip: zip,
  $map: perElement('in', [], (_elements, results) =>
    Array.from(results(), (result) => result ?? null),
  ),
  $filter: perElement('cond', ['limit'], filterElements),
  $reduce: reduce,
  $let: letIn,
  $arrayToObject: unary(arrayToObject),
  $objectToArray: unary(objectToArray),
  $sortArray: sortArray,
  $firstN: pickN((list, count) => list.slice(0, count)),
  $lastN: pickN((list, count) => list.slice(-count)),
  $minN: pickN((list, count) => present(list).sort(compareBson).slice(0, count)),
  $maxN: pickN((list, count) =>
    present(list)
      .sort((left, right) => compareBson(right, left))
      .slice(0, count),
  ),
};
