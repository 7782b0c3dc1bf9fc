import { BSONRegExp } from 'bson';
import { mongoError, notSupported, WITHOUT_TEXT_INDEX } from '../errors.js';
import { bsonTypeOf, isDocument, isNumeric, setField } from './bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from './bson-types.js';
import { compileExpression, isTruthy } from './expression.js';
import type { ExpressionContext } from './expression.js';
import {
  bitTest,
  comparisonTest,
  membershipTest,
  modTest,
  regexTest,
  sizeTest,
  typeTest,
} from './filter-values.js';
import type { BitOperator, Comparison } from './filter-values.js';
import { toDouble } from './numbers.js';
import { checkRegexOptions } from './regex.js';
import { anyValueAt, parsePath } from './path.js';
import type { MatchPosition, Path, ValueTest } from './path.js';

/**
 * A compiled filter.
 * @param position receives the array index that the positional operator `$` stands for
 */
export type Filter = (document: BsonDocument, position?: MatchPosition) => boolean;

/**
 * Compiles a filter as `find` takes it.
 * @param context variables and the clock for `$expr`
 * @throws MongoError 2 `BadValue` for a malformed filter or an operator MongoDB has not;
 *   115 `CommandNotSupported` for one that this database has not
 */
export function compileFilter(
  filter: BsonDocument,
  context: ExpressionContext = { now: new Date() },
): Filter {
  return compileLevel(filter, { context, depth: 0, isInElement: false });
}

/** Where in a filter a part of it stands. */
interface Place {
  readonly context: ExpressionContext;
  /** How many logical operators and `$elemMatch` it lies within. */
  readonly depth: number;
  /** Whether it is a filter on the fields of an array's element. */
  readonly isInElement: boolean;
}

/** MongoDB's limit on operators within operators. */
const MAX_TREE_DEPTH = 100;

function within(place: Place): Place {
  if (place.depth < MAX_TREE_DEPTH) return { ...place, depth: place.depth + 1 };
  throw mongoError('BadValue', `exceeded maximum query tree depth of ${String(MAX_TREE_DEPTH)}`);
}

function compileLevel(filter: BsonDocument, place: Place): Filter {
  return allOf(Object.keys(filter).flatMap((name) => compileClause(name, filter[name]!, place)));
}

function allOf(clauses: readonly Filter[]): Filter {
  const [first, second] = clauses;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  return (document, position) => clauses.every((clause) => clause(document, position));
}

/** The fields of a reference to a document; within an element MongoDB takes them for ordinary ones. */
const REFERENCE_FIELDS = new Set(['$ref', '$id', '$db']);

function compileClause(name: string, operand: BsonValue, place: Place): Filter[] {
  if (!name.startsWith('$')) return [compileField(parsePath(name), operand, place)];
  if (place.isInElement && REFERENCE_FIELDS.has(name)) {
    const equality = impliedEquality(operand);
    return [(document, position) => equality.at(document, [name], position)];
  }
  switch (name) {
    case '$and':
      return [allOf(compileBranches(name, operand, place))];
    case '$or': {
      const branches = compileBranches(name, operand, place);
      return [(document) => branches.some((branch) => branch(document))];
    }
    case '$nor': {
      const branches = compileBranches(name, operand, place);
      return [(document) => !branches.some((branch) => branch(document))];
    }
    case '$expr': {
      const expression = compileExpression(operand);
      return [(document) => isTruthy(expression(document, place.context))];
    }
    case '$comment':
      return [];
    case '$jsonSchema':
    case '$where':
    case '$sampleRate':
      throw notSupported(name);
    case '$text':
      throw notSupported(name, WITHOUT_TEXT_INDEX);
    default:
      throw mongoError(
        'BadValue',
        `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
      );
  }
}

function compileBranches(name: string, operand: BsonValue, place: Place): Filter[] {
  if (!Array.isArray(operand)) throw mongoError('BadValue', `${name} must be an array`);
  if (operand.length === 0) {
    throw mongoError('BadValue', '$and/$or/$nor must be a nonempty array');
  }
  return operand.map((branch) => {
    if (!isDocument(branch)) {
      throw mongoError('BadValue', '$or/$and/$nor entries need to be full objects');
    }
    return compileLevel(branch, within(place));
  });
}

/** A condition on one field, applicable to what a path leads to or to a single value. */
interface Condition {
  readonly at: (document: BsonDocument, path: Path, position?: MatchPosition) => boolean;
  readonly of: (value: MaybeValue) => boolean;
}

function compileField(path: Path, operand: BsonValue, place: Place): Filter {
  const conditions = isOperatorDocument(operand)
    ? compileOperators(operand, place)
    : [impliedEquality(operand)];
  const [only, second] = conditions;
  if (only && !second) return (document, position) => only.at(document, path, position);
  return (document, position) =>
    conditions.every((condition) => condition.at(document, path, position));
}

/** Whether an operand holds operators rather than being a value to compare with. */
export function isOperatorDocument(operand: BsonValue): operand is BsonDocument {
  if (!isDocument(operand)) return false;
  const [first] = Object.keys(operand);
  if (first?.startsWith('$') !== true) return false;
  const isReference = Object.hasOwn(operand, '$id') && ['$ref', '$id', '$db'].includes(first);
  return !isReference;
}

function impliedEquality(operand: BsonValue): Condition {
  if (bsonTypeOf(operand) === 'regex') return elementwise(regexTest(operand as BSONRegExp));
  return elementwise(comparisonTest('$eq', operand));
}

/** A condition that an array meets by one of its elements or as a whole. */
function elementwise(test: ValueTest): Condition {
  return {
    at: (document, path, position) => anyValueAt(document, path, test, true, position),
    of: test,
  };
}

/** A condition on the value at the path itself. */
function wholeValue(test: ValueTest): Condition {
  return {
    at: (document, path, position) => anyValueAt(document, path, test, false, position),
    of: test,
  };
}

function negated(conditions: readonly Condition[]): Condition {
  return {
    at: (document, path) => !conditions.every((condition) => condition.at(document, path)),
    of: (value) => !conditions.every((condition) => condition.of(value)),
  };
}

function conjunction(conditions: readonly Condition[]): Condition {
  return {
    at: (document, path, position) =>
      conditions.every((condition) => condition.at(document, path, position)),
    of: (value) => conditions.every((condition) => condition.of(value)),
  };
}

const never: Condition = { at: () => false, of: () => false };

function compileOperators(operators: BsonDocument, place: Place): Condition[] {
  return Object.keys(operators).flatMap((operator) =>
    compileOperator(operator, operators[operator]!, operators, place),
  );
}

function compileOperator(
  operator: string,
  operand: BsonValue,
  siblings: BsonDocument,
  place: Place,
): Condition[] {
  switch (operator) {
    case '$eq':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return [compileComparison(operator, operand)];
    case '$ne':
      if (bsonTypeOf(operand) === 'regex') {
        throw mongoError('BadValue', "Can't have regex as arg to $ne.");
      }
      return [negated([compileComparison('$eq', operand)])];
    case '$in':
      return [elementwise(membershipTest(membershipValues(operator, operand)))];
    case '$nin':
      return [negated([elementwise(membershipTest(membershipValues(operator, operand)))])];
    case '$exists':
      return [compileExists(operand)];
    case '$type':
      return [elementwise(typeTest(operand))];
    case '$regex':
      return [elementwise(regexTest(regexOperand(operand, siblings)))];
    case '$options':
      if (!Object.hasOwn(siblings, '$regex')) {
        throw mongoError('BadValue', '$options needs a $regex');
      }
      return [];
    case '$not':
      return [compileNot(operand, place)];
    case '$all':
      return [compileAll(operand, place)];
    case '$elemMatch':
      return [compileElemMatch(operand, place)];
    case '$size':
      return [wholeValue(sizeTest(operand))];
    case '$mod':
      return [elementwise(modTest(operand))];
    case '$bitsAllSet':
    case '$bitsAllClear':
    case '$bitsAnySet':
    case '$bitsAnyClear':
      return [elementwise(bitTest(operator as BitOperator, operand))];
    case '$geoWithin':
    case '$geoIntersects':
    case '$near':
    case '$nearSphere':
    case '$within':
      throw notSupported(operator);
    default:
      throw mongoError('BadValue', `unknown operator: ${operator}`);
  }
}

function compileComparison(operator: Comparison, operand: BsonValue): Condition {
  if (operator !== '$eq' && bsonTypeOf(operand) === 'regex') {
    throw mongoError(
      'BadValue',
      `Can't have RegEx as arg to predicate over field with ${operator}.`,
    );
  }
  return elementwise(comparisonTest(operator, operand));
}

function membershipValues(operator: string, operand: BsonValue): BsonValue[] {
  if (!Array.isArray(operand)) throw mongoError('BadValue', `${operator} needs an array`);
  if (operand.some(isOperatorDocument)) {
    throw mongoError('BadValue', `cannot nest $ under ${operator}`);
  }
  return operand;
}

function compileExists(operand: BsonValue): Condition {
  const exists = elementwise((value) => value !== undefined);
  return isTrueOperand(operand) ? exists : negated([exists]);
}

/** What MongoDB takes for true where an operator wants a flag. */
function isTrueOperand(operand: BsonValue): boolean {
  if (typeof operand === 'boolean') return operand;
  if (operand === null) return false;
  return !isNumeric(operand) || toDouble(operand) !== 0;
}

function regexOperand(operand: BsonValue, siblings: BsonDocument): BSONRegExp {
  const options = siblings.$options;
  if (options !== undefined && typeof options !== 'string') {
    throw mongoError('BadValue', '$options has to be a string');
  }
  checkRegexOptions(options ?? '');
  if (typeof operand === 'string') return new BSONRegExp(operand, options ?? '');
  if (!(operand instanceof BSONRegExp)) {
    throw mongoError('BadValue', '$regex has to be a string');
  }
  if (options !== undefined && operand.options !== '') {
    throw mongoError('BadValue', 'options set in both $regex and $options');
  }
  return options === undefined ? operand : new BSONRegExp(operand.pattern, options);
}

function compileNot(operand: BsonValue, place: Place): Condition {
  if (bsonTypeOf(operand) === 'regex') {
    return negated([elementwise(regexTest(operand as BSONRegExp))]);
  }
  if (!isDocument(operand)) throw mongoError('BadValue', '$not needs a regex or a document');
  if (Object.keys(operand).length === 0) throw mongoError('BadValue', '$not cannot be empty');
  return negated(compileOperators(operand, within(place)));
}

function compileAll(operand: BsonValue, place: Place): Condition {
  if (!Array.isArray(operand)) throw mongoError('BadValue', '$all needs an array');
  if (operand.length === 0) return never;
  const isElemMatch = (value: BsonValue): value is BsonDocument =>
    isDocument(value) && Object.keys(value)[0] === '$elemMatch';
  if (operand.some(isElemMatch)) {
    return conjunction(
      operand.map((element) => {
        if (!isElemMatch(element) || Object.keys(element).length !== 1) {
          throw mongoError('BadValue', '$all/$elemMatch has to be consistent');
        }
        return compileElemMatch(element.$elemMatch!, place);
      }),
    );
  }
  if (operand.some(isOperatorDocument)) throw mongoError('BadValue', 'no $ expressions in $all');
  return conjunction(operand.map(impliedEquality));
}

const LOGICAL_OPERATORS = new Set(['$and', '$or', '$nor', '$where', '$expr', '$comment']);

function compileElemMatch(operand: BsonValue, place: Place): Condition {
  const matches = elementTest(operand, within(place));
  const findIndex = (value: MaybeValue) => (Array.isArray(value) ? value.findIndex(matches) : -1);
  return {
    at: (document, path, position) => {
      const outer: MatchPosition = {};
      let inner = -1;
      const test: ValueTest = (value) => {
        inner = findIndex(value);
        return inner >= 0;
      };
      if (!anyValueAt(document, path, test, false, outer)) return false;
      if (position) position.index = outer.index ?? inner;
      return true;
    },
    of: (value) => findIndex(value) >= 0,
  };
}

/** Whether an operand holds conditions on one value rather than a filter on a document's fields. */
export function isConditionDocument(operand: BsonValue): operand is BsonDocument {
  if (!isOperatorDocument(operand)) return false;
  const names = Object.keys(operand);
  return !LOGICAL_OPERATORS.has(names[0]!) && !names.some((name) => REFERENCE_FIELDS.has(name));
}

/** The test that `$elemMatch` makes of one element: conditions on it, or a filter on its fields. */
export function compileElementTest(
  operand: BsonValue,
  context: ExpressionContext = { now: new Date() },
): (element: BsonValue) => boolean {
  return elementTest(operand, { context, depth: 0, isInElement: true });
}

function elementTest(operand: BsonValue, place: Place): (element: BsonValue) => boolean {
  if (!isDocument(operand)) throw mongoError('BadValue', '$elemMatch needs an Object');
  if (isConditionDocument(operand)) {
    const condition = conjunction(compileOperators(operand, place));
    return (element) => condition.of(element);
  }
  const filter = compileLevel(operand, { ...place, isInElement: true });
  return (element) => {
    if (isDocument(element)) return filter(element);
    return Array.isArray(element) && filter(arrayAsDocument(element));
  };
}

/** An array seen as a document with the fields `0`, `1`, … */
function arrayAsDocument(array: BsonValue[]): BsonDocument {
  const document: BsonDocument = {};
  array.forEach((element, index) => {
    setField(document, String(index), element);
  });
  return document;
}
