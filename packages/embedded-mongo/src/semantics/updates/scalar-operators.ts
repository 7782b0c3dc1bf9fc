import { Int32, Long, Timestamp } from 'bson';
import { mongoError } from '../../errors.js';
import { bsonTypeOf, cloneValue, isDocument, isNumeric } from '../bson-types.js';
import type { BsonDocument, BsonNumber, BsonValue, MaybeValue } from '../bson-types.js';
import { compareBson } from '../compare.js';
import { describeValue } from '../describe.js';
import { addNumbers, multiplyNumbers } from '../numbers.js';
import type { FieldOperator, UpdateContext } from './field-operator.types.js';

/** `$set` */
export function setOperator(value: BsonValue): FieldOperator {
  return { apply: () => cloneValue(value) };
}

/** `$setOnInsert` */
export function setOnInsertOperator(value: BsonValue): FieldOperator {
  return { apply: () => cloneValue(value), onInsertOnly: true };
}

/** `$unset` */
export function unsetOperator(): FieldOperator {
  return { apply: () => undefined, ignoresUnviablePath: true, isRemoval: true };
}

/** `$inc` */
export function incOperator(amount: BsonValue, path: string): FieldOperator {
  return arithmeticOperator('$inc', 'increment', amount, path, addNumbers, (value) => value);
}

/** `$mul`; a missing field becomes zero of the factor's type. */
export function mulOperator(factor: BsonValue, path: string): FieldOperator {
  return arithmeticOperator('$mul', 'multiply', factor, path, multiplyNumbers, (value) =>
    multiplyNumbers(value, new Int32(0)),
  );
}

function arithmeticOperator(
  name: string,
  verb: string,
  operand: BsonValue,
  path: string,
  combine: (left: BsonNumber, right: BsonNumber) => BsonNumber | undefined,
  initial: (operand: BsonNumber) => MaybeValue,
): FieldOperator {
  if (!isNumeric(operand)) {
    throw mongoError(
      'TypeMismatch',
      `Cannot ${verb} with non-numeric argument: {${path}: ${describeValue(operand)}}`,
    );
  }
  return {
    apply: (current, where, context) => {
      if (current === undefined) return initial(operand);
      if (!isNumeric(current)) {
        throw mongoError(
          'TypeMismatch',
          `Cannot apply ${name} to a value of non-numeric type. ${idOf(context)} has the field '${lastPart(where)}' of non-numeric type ${bsonTypeOf(current)}`,
        );
      }
      const result = combine(current, operand);
      if (result === undefined) {
        throw mongoError(
          'BadValue',
          `Failed to apply ${name} operations to current value (${describeValue(current)}) for document ${idOf(context)}`,
        );
      }
      return result;
    },
  };
}

/** The document's id as MongoDB's messages show it. */
export function idOf(context: UpdateContext): string {
  return `{_id: ${describeValue(context.original._id)}}`;
}

const lastPart = (path: string) => path.slice(path.lastIndexOf('.') + 1);

/** `$min` */
export function minOperator(value: BsonValue): FieldOperator {
  return {
    apply: (current) =>
      current === undefined || compareBson(value, current) < 0 ? cloneValue(value) : current,
  };
}

/** `$max` */
export function maxOperator(value: BsonValue): FieldOperator {
  return {
    apply: (current) =>
      current === undefined || compareBson(value, current) > 0 ? cloneValue(value) : current,
  };
}

/** `$currentDate` */
export function currentDateOperator(operand: BsonValue): FieldOperator {
  const type = currentDateType(operand);
  return {
    apply: (_current, _path, { now }) =>
      type === 'date'
        ? now
        : new Timestamp({ t: Math.floor(now.getTime() / 1000), i: 1 + (now.getTime() % 1000) }),
  };
}

function currentDateType(operand: BsonValue): 'date' | 'timestamp' {
  if (typeof operand === 'boolean') return 'date';
  if (!isDocument(operand)) {
    throw mongoError(
      'BadValue',
      `${bsonTypeOf(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`,
    );
  }
  const unknown = Object.keys(operand).find((name) => name !== '$type');
  if (unknown !== undefined) {
    throw mongoError('BadValue', `Unrecognized $currentDate option: ${unknown}`);
  }
  if (operand.$type !== 'date' && operand.$type !== 'timestamp') {
    throw mongoError(
      'BadValue',
      "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}",
    );
  }
  return operand.$type;
}

const BIT_OPERATIONS: Record<string, (left: bigint, right: bigint) => bigint> = {
  and: (left, right) => left & right,
  or: (left, right) => left | right,
  xor: (left, right) => left ^ right,
};

const isInteger = (value: MaybeValue): value is Int32 | Long =>
  value instanceof Int32 || value instanceof Long;

const toBigInt = (value: Int32 | Long) =>
  value instanceof Long ? value.toBigInt() : BigInt(value.value);

/** `$bit` */
export function bitOperator(operand: BsonValue, path: string): FieldOperator {
  const steps = bitSteps(operand, path);
  return {
    apply: (current, where, context) => {
      if (current !== undefined && !isInteger(current)) {
        throw mongoError(
          'BadValue',
          `Cannot apply $bit to a value of non-integral type.${idOf(context)} has the field ${lastPart(where)} of non-integer type ${bsonTypeOf(current)}`,
        );
      }
      return steps.reduce<Int32 | Long>(
        (value, { combine, mask }) => {
          const result = combine(toBigInt(value), toBigInt(mask));
          return value instanceof Long || mask instanceof Long
            ? Long.fromBigInt(result)
            : new Int32(Number(result));
        },
        current ?? new Int32(0),
      );
    },
  };
}

function bitSteps(operand: BsonValue, path: string) {
  if (!isDocument(operand)) {
    throw mongoError(
      'BadValue',
      `The $bit modifier is not compatible with a ${bsonTypeOf(operand)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    );
  }
  const names = Object.keys(operand);
  if (names.length === 0) {
    throw mongoError(
      'BadValue',
      `You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}`,
    );
  }
  return names.map((name) => {
    const combine = Object.hasOwn(BIT_OPERATIONS, name) ? BIT_OPERATIONS[name] : undefined;
    const mask = operand[name];
    if (combine === undefined) {
      throw mongoError(
        'BadValue',
        `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: {${name}: ${describeValue(mask)}}`,
      );
    }
    if (!isInteger(mask)) {
      throw mongoError(
        'BadValue',
        `The $bit modifier field must be an Integer(32/64 bit); a '${bsonTypeOf(mask ?? null)}' is not supported here: {${path}: ${describeValue(operand as BsonDocument)}}`,
      );
    }
    return { combine, mask };
  });
}
