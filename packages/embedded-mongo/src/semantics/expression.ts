import { locationError, mongoError, notSupported } from '../errors.js';
import { fieldOf, isDocument, setField } from './bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from './bson-types.js';
import { EXPRESSION_OPERATORS, REFUSED_OPERATORS } from './expressions/index.js';
import type { Expression } from './expressions/expression.types.js';
import type { Path } from './path.js';

export { isTruthy } from './expressions/logic.operators.js';
export type { Expression, ExpressionContext, Scope } from './expressions/expression.types.js';

/**
 * Compiles an aggregation expression.
 * @throws MongoError 168 `InvalidPipelineOperator` for an operator MongoDB has not, 115
 *   `CommandNotSupported` for one that this database has not
 */
export function compileExpression(operand: BsonValue): Expression {
  if (typeof operand === 'string' && operand.startsWith('$')) return compileReference(operand);
  if (Array.isArray(operand)) return compileArray(operand);
  if (isDocument(operand)) return compileDocument(operand);
  return () => operand;
}

function compileArray(elements: readonly BsonValue[]): Expression {
  const expressions = elements.map(compileExpression);
  return (document, context) =>
    expressions.map((expression) => expression(document, context) ?? null);
}

function compileDocument(operand: BsonDocument): Expression {
  const names = Object.keys(operand);
  const operator = names.find((name) => name.startsWith('$'));
  if (operator === undefined) return compileObject(operand, names);
  if (names.length !== 1) {
    throw locationError(
      15983,
      `an expression specification must contain exactly one field, the name of the expression. Found ${String(names.length)} fields`,
    );
  }
  if (Object.hasOwn(EXPRESSION_OPERATORS, operator)) {
    return EXPRESSION_OPERATORS[operator]!(operand[operator]!, compileExpression, operator);
  }
  if (REFUSED_OPERATORS.has(operator)) throw notSupported(`The expression ${operator}`);
  throw mongoError('InvalidPipelineOperator', `Unrecognized expression '${operator}'`);
}

/** Whether MongoDB has an expression of this name. */
export function isExpressionOperator(name: string): boolean {
  return Object.hasOwn(EXPRESSION_OPERATORS, name) || REFUSED_OPERATORS.has(name);
}

function compileObject(operand: BsonDocument, names: readonly string[]): Expression {
  const fields = names.map((name) => {
    checkFieldName(name);
    return { name, expression: compileExpression(operand[name]!) };
  });
  return (document, context) => {
    const result: BsonDocument = {};
    for (const { name, expression } of fields) {
      const value = expression(document, context);
      if (value !== undefined) setField(result, name, value);
    }
    return result;
  };
}

function checkFieldName(name: string): void {
  if (name === '') throw locationError(40352, 'FieldPath cannot be constructed with empty string');
  if (name.includes('.')) {
    throw locationError(
      16412,
      "FieldPath field names may not contain '.'. Consider using $getField or $setField.",
    );
  }
}

/** Checks and splits the path of a field reference, which is written without its `$`. */
export function parseFieldPath(path: string): Path {
  if (path === '') throw locationError(16872, "'$' by itself is not a valid FieldPath");
  const parts = path.split('.');
  for (const part of parts) {
    if (part === '') {
      throw path.endsWith('.')
        ? locationError(40353, "FieldPath must not end with a '.'.")
        : locationError(15998, 'FieldPath field names may not be empty strings.');
    }
    if (part.startsWith('$')) {
      throw locationError(
        16410,
        "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
      );
    }
  }
  return parts;
}

function compileReference(reference: string): Expression {
  if (!reference.startsWith('$$')) {
    const path = parseFieldPath(reference.slice(1));
    const [only] = path;
    if (path.length === 1) return (document) => fieldOf(document, only!);
    return (document) => valueAtExpressionPath(document, path);
  }
  const [name, ...rest] = reference.slice(2).split('.');
  const path = rest.length > 0 ? parseFieldPath(rest.join('.')) : [];
  const variable = compileVariable(name!);
  if (path.length === 0) return variable;
  return (document, context) => valueAtExpressionPath(variable(document, context), path);
}

function compileVariable(name: string): Expression {
  switch (name) {
    case '':
      throw locationError(16869, 'empty variable names are not allowed');
    case 'ROOT':
    case 'CURRENT':
      return (document) => document;
    case 'REMOVE':
      return () => undefined;
    case 'NOW':
      return (_document, context) => context.now;
    case 'DESCEND':
    case 'PRUNE':
    case 'KEEP':
      return () => name;
    case 'CLUSTER_TIME':
    case 'USER_ROLES':
    case 'SEARCH_META':
      throw notSupported(`The variable $$${name}`);
    default:
      return (_document, context) => {
        for (let scope = context.scope; scope; scope = scope.outer) {
          if (scope.name === name) return scope.value;
        }
        throw locationError(17276, `Use of undefined variable: ${name}`);
      };
  }
}

/**
 * The value a field path has in an expression: arrays on the way are mapped over their documents,
 * numbers are field names and never positions.
 */
export function valueAtExpressionPath(value: MaybeValue, path: Path, from = 0): MaybeValue {
  let current = value;
  for (let part = from; part < path.length; part += 1) {
    if (Array.isArray(current)) {
      return current
        .filter(isDocument)
        .map((element) => valueAtExpressionPath(element, path, part))
        .filter((found) => found !== undefined);
    }
    if (!isDocument(current)) return undefined;
    current = fieldOf(current, path[part]!);
  }
  return current;
}
