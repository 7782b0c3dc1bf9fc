import { mongoError } from '../../errors.js';
import { bsonTypeOf, cloneValue, fieldOf, isDocument, isNumeric } from '../bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';
import { compareBson, equalsBson } from '../compare.js';
import { describeValue } from '../describe.js';
import { compileFilter, isConditionDocument } from '../filter.js';
import { exactInt64 } from '../numbers.js';
import { parsePath } from '../path.js';
import type { FieldOperator } from './field-operator.types.js';
import { idOf } from './scalar-operators.js';

type Elements = BsonValue[];

/** `$push`, with `$each`, `$position`, `$sort` and `$slice` (applied in this order). */
export function pushOperator(operand: BsonValue): FieldOperator {
  const push = parsePush(operand);
  return {
    apply: (current, path, context) => {
      if (current !== undefined && !Array.isArray(current)) {
        throw mongoError(
          'BadValue',
          `The field '${path}' must be an array but is of type ${bsonTypeOf(current)} in document ${idOf(context)}`,
        );
      }
      return push(current ?? []);
    },
  };
}

function parsePush(operand: BsonValue): (elements: Elements) => Elements {
  if (!isDocument(operand) || !Object.hasOwn(operand, '$each')) {
    return (elements) => [...elements, cloneValue(operand)];
  }
  for (const name of Object.keys(operand)) {
    if (!['$each', '$slice', '$sort', '$position'].includes(name)) {
      throw mongoError('BadValue', `Unrecognized clause in $push: ${name}`);
    }
  }
  const added = eachOf('$push', operand.$each!);
  const position = integerClause('$position', operand);
  const slice = integerClause('$slice', operand);
  const order = operand.$sort === undefined ? undefined : parsePushSort(operand.$sort);
  return (elements) => {
    const at = insertionIndex(position, elements.length);
    const result = [...elements.slice(0, at), ...added.map(cloneValue), ...elements.slice(at)];
    if (order) result.sort(order);
    if (slice === undefined) return result;
    return slice < 0 ? result.slice(slice) : result.slice(0, slice);
  };
}

function eachOf(operator: string, each: BsonValue): Elements {
  if (Array.isArray(each)) return each;
  throw mongoError(
    'BadValue',
    `The argument to $each in ${operator} must be an array but it was of type: ${bsonTypeOf(each)}`,
  );
}

function integerClause(name: '$position' | '$slice', operand: BsonDocument): number | undefined {
  const value = operand[name];
  if (value === undefined) return undefined;
  const integer = exactInt64(value);
  if (integer === undefined) {
    throw mongoError(
      'BadValue',
      `The value for ${name} must be an integer value but was given type: ${bsonTypeOf(value)}`,
    );
  }
  return Number(integer);
}

/** A negative position counts from the end; positions outside of the array are its ends. */
function insertionIndex(position: number | undefined, length: number): number {
  if (position === undefined || position > length) return length;
  return position < 0 ? Math.max(0, length + position) : position;
}

function parsePushSort(spec: BsonValue): (left: BsonValue, right: BsonValue) => number {
  const whole = directionOf(spec);
  if (whole !== undefined) return (left, right) => compareBson(left, right) * whole;
  if (!isDocument(spec) || Object.keys(spec).length === 0) {
    throw mongoError(
      'BadValue',
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    );
  }
  const fields = Object.keys(spec).map((name) => {
    const direction = directionOf(spec[name]!);
    if (direction === undefined) {
      throw mongoError('BadValue', 'The $sort element value must be either 1 or -1');
    }
    if (parsePath(name).includes('')) {
      throw mongoError(
        'BadValue',
        `The $sort field is a dotted field but has an empty part: ${name}`,
      );
    }
    return { path: parsePath(name), direction };
  });
  return (left, right) => {
    for (const { path, direction } of fields) {
      const order = compareBson(partOf(left, path), partOf(right, path));
      if (order !== 0) return order * direction;
    }
    return 0;
  };
}

function directionOf(value: BsonValue): 1 | -1 | undefined {
  const integer = exactInt64(value);
  if (integer === 1n) return 1;
  return integer === -1n ? -1 : undefined;
}

/** What `$push … $sort` compares: a field by its plain path, null when it is missing. */
function partOf(element: BsonValue, path: readonly string[]): BsonValue {
  let current: MaybeValue = element;
  for (const part of path) {
    if (Array.isArray(current)) current = current[Number(part)];
    else current = isDocument(current) ? fieldOf(current, part) : undefined;
  }
  return current ?? null;
}

/** `$addToSet`, with `$each`. */
export function addToSetOperator(operand: BsonValue): FieldOperator {
  const added = addToSetValues(operand);
  return {
    apply: (current, path) => {
      if (current !== undefined && !Array.isArray(current)) {
        throw mongoError(
          'BadValue',
          `Cannot apply $addToSet to non-array field. Field named '${path.slice(path.lastIndexOf('.') + 1)}' has non-array type ${bsonTypeOf(current)}`,
        );
      }
      const result = [...(current ?? [])];
      for (const value of added) {
        if (!result.some((element) => equalsBson(element, value))) result.push(cloneValue(value));
      }
      return result;
    },
  };
}

function addToSetValues(operand: BsonValue): Elements {
  if (!isDocument(operand) || Object.keys(operand)[0] !== '$each') return [operand];
  const extra = Object.keys(operand)[1];
  if (extra !== undefined) {
    throw mongoError(
      'BadValue',
      `Found unexpected fields after $each in $addToSet: ${describeValue(operand)}`,
    );
  }
  const each = operand.$each!;
  if (Array.isArray(each)) return each;
  throw mongoError(
    'TypeMismatch',
    `The argument to $each in $addToSet must be an array but it was of type ${bsonTypeOf(each)}`,
  );
}

/** `$pop` */
export function popOperator(operand: BsonValue): FieldOperator {
  const end = isNumeric(operand) ? exactInt64(operand) : undefined;
  if (end !== 1n && end !== -1n) {
    throw mongoError('FailedToParse', `$pop expects 1 or -1, found: ${describeValue(operand)}`);
  }
  return {
    apply: (current, path) => {
      if (current === undefined) return undefined;
      if (!Array.isArray(current)) {
        throw mongoError(
          'TypeMismatch',
          `Path '${path}' contains an element of non-array type '${bsonTypeOf(current)}'`,
        );
      }
      return end === 1n ? current.slice(0, -1) : current.slice(1);
    },
  };
}

/** `$pull`: by value, by conditions on the element, or by a filter on the element's fields. */
export function pullOperator(operand: BsonValue): FieldOperator {
  return cullingOperator(pullTest(operand));
}

function pullTest(operand: BsonValue): (element: BsonValue) => boolean {
  if (bsonTypeOf(operand) === 'regex' || isConditionDocument(operand)) {
    const matches = compileFilter({ '': operand });
    return (element) => matches({ '': element });
  }
  if (isDocument(operand)) {
    const matches = compileFilter(operand);
    return (element) => isDocument(element) && matches(element);
  }
  return (element) => equalsBson(element, operand);
}

/** `$pullAll` */
export function pullAllOperator(operand: BsonValue): FieldOperator {
  if (!Array.isArray(operand)) {
    throw mongoError(
      'BadValue',
      `$pullAll requires an array argument but was given a ${bsonTypeOf(operand)}`,
    );
  }
  return cullingOperator((element) => operand.some((value) => equalsBson(element, value)));
}

function cullingOperator(isUnwanted: (element: BsonValue) => boolean): FieldOperator {
  return {
    apply: (current) => {
      if (current === undefined) return undefined;
      if (!Array.isArray(current)) {
        throw mongoError('BadValue', 'Cannot apply $pull to a non-array value');
      }
      return current.filter((element) => !isUnwanted(element));
    },
  };
}
