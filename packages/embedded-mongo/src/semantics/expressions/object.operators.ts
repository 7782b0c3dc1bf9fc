import { Double } from 'bson';
import { locationError, notSupported } from '../../errors.js';
import { bsonTypeOf, fieldOf, isDocument, setField } from '../bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';
import { assertFieldName } from '../codec.js';
import { isNullish, named, namedOperands } from './arguments.js';
import type { Compile, Expression, OperatorTable } from './expression.types.js';

function mergeObjects(operand: BsonValue, compile: Compile): Expression {
  const expressions = (Array.isArray(operand) ? operand : [operand]).map(compile);
  return (document, context) => {
    const result: BsonDocument = {};
    for (const expression of expressions) {
      const value = expression(document, context);
      if (isNullish(value)) continue;
      if (!isDocument(value)) {
        throw locationError(
          40400,
          `$mergeObjects requires object inputs, but input is of type ${bsonTypeOf(value)}`,
        );
      }
      for (const name of Object.keys(value)) setField(result, name, fieldOf(value, name)!);
    }
    return result;
  };
}

/** The name of a field, which must be a constant string. */
function fieldName(field: BsonValue, name: string): string {
  if (isDocument(field) && typeof field.$literal === 'string') return field.$literal;
  if (typeof field === 'string' && !field.startsWith('$')) return field;
  throw locationError(5654601, `${name} requires 'field' to evaluate to a constant string`);
}

function getField(operand: BsonValue, compile: Compile, name: string): Expression {
  const parts: BsonDocument =
    isDocument(operand) && ('field' in operand || 'input' in operand)
      ? namedOperands(name, operand, ['field'], ['input'])
      : { field: operand };
  const field = fieldName(parts.field!, name);
  const input = compile(parts.input ?? '$$CURRENT');
  return (document, context) => {
    const value = input(document, context);
    if (isNullish(value)) return value;
    return isDocument(value) ? fieldOf(value, field) : undefined;
  };
}

function withField(
  change: (copy: BsonDocument, field: string, value: MaybeValue) => void,
  withValue: boolean,
) {
  return (operand: BsonValue, compile: Compile, name: string): Expression => {
    const required = withValue ? ['field', 'input', 'value'] : ['field', 'input'];
    const parts = namedOperands(name, operand, required);
    const field = fieldName(parts.field!, name);
    if (withValue) assertFieldName(field);
    const input = compile(parts.input!);
    const value = withValue ? compile(parts.value!) : () => undefined;
    return (document, context) => {
      const target = input(document, context);
      if (isNullish(target)) return null;
      if (!isDocument(target)) {
        throw locationError(4161105, `${name} requires 'input' to evaluate to type Object`);
      }
      const copy = { ...target };
      change(copy, field, value(document, context));
      return copy;
    };
  };
}

/** Documents, literals and what is known of the document. */
export const OBJECT_OPERATORS: OperatorTable = {
  $literal: (operand) => () => operand,
  $mergeObjects: mergeObjects,
  $getField: getField,
  $setField: withField((copy, field, value) => {
    if (value === undefined) Reflect.deleteProperty(copy, field);
    else setField(copy, field, value);
  }, true),
  $unsetField: withField((copy, field) => {
    Reflect.deleteProperty(copy, field);
  }, false),
  $meta: (operand) => {
    throw notSupported(`$meta: ${String(operand)}`);
  },
  $rand: named([], [], () => new Double(Math.random())),
};
