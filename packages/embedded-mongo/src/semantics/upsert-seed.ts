import { mongoError } from '../errors.js';
import { bsonTypeOf, cloneValue, fieldOf, isDocument, setField } from './bson-types.js';
import type { BsonDocument, BsonValue } from './bson-types.js';
import { assertFieldName } from './codec.js';
import { compareStrings } from './compare.js';
import { isOperatorDocument } from './filter.js';
import { parsePath } from './path.js';
import type { Update } from './update.js';

/**
 * The document an upsert starts from when nothing matches: the fields that the filter pins to one
 * value. A replacement takes only `_id` from the filter.
 * @throws MongoError 54 `NotSingleValueField` when the filter pins a path twice
 */
export function upsertSeed(filter: BsonDocument, kind: Update['kind']): BsonDocument {
  const equalities = new Map<string, BsonValue>();
  collect(filter, equalities);
  const seed: BsonDocument = {};
  for (const path of equalities.keys()) parsePath(path).forEach(assertFieldName);
  for (const path of [...equalities.keys()].sort(compareStrings)) {
    if (kind !== 'replacement' || path === '_id') {
      setAt(seed, parsePath(path), cloneValue(equalities.get(path)!));
    }
  }
  return seed;
}

function collect(filter: BsonDocument, equalities: Map<string, BsonValue>): void {
  for (const name of Object.keys(filter)) {
    const operand = filter[name]!;
    if (name === '$and' || (name === '$or' && (operand as BsonValue[]).length === 1)) {
      for (const branch of operand as BsonDocument[]) collect(branch, equalities);
    } else if (!name.startsWith('$')) {
      for (const value of pinnedValues(operand)) add(name, value, equalities);
    }
  }
}

/** The values that a condition says a field has. */
function pinnedValues(operand: BsonValue): BsonValue[] {
  if (!isOperatorDocument(operand)) return bsonTypeOf(operand) === 'regex' ? [] : [operand];
  return Object.keys(operand).flatMap((operator) => {
    const value = operand[operator]!;
    if (operator === '$eq') return [value];
    // `$in` of one value is an equality; `$all` is one for each of its values.
    const isEquality = operator === '$all' || (operator === '$in' && isSingle(value));
    if (!isEquality || !Array.isArray(value)) return [];
    return value.filter((one) => !isOperatorDocument(one) && bsonTypeOf(one) !== 'regex');
  });
}

const isSingle = (value: BsonValue) => Array.isArray(value) && value.length === 1;

function add(path: string, value: BsonValue, equalities: Map<string, BsonValue>): void {
  for (const other of equalities.keys()) {
    if (other === path) {
      throw mongoError(
        'NotSingleValueField',
        `cannot infer query fields to set, path '${path}' is matched twice`,
      );
    }
    if (other.startsWith(`${path}.`) || path.startsWith(`${other}.`)) {
      throw mongoError(
        'NotSingleValueField',
        `cannot infer query fields to set, both paths '${other}' and '${path}' are matched`,
      );
    }
  }
  equalities.set(path, value);
}

function setAt(document: BsonDocument, path: readonly string[], value: BsonValue): void {
  let current = document;
  for (const part of path.slice(0, -1)) {
    let next = fieldOf(current, part);
    if (!isDocument(next)) {
      next = {};
      setField(current, part, next);
    }
    current = next;
  }
  setField(current, path[path.length - 1]!, value);
}
