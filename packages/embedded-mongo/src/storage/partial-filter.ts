import { mongoError } from '../errors.js';
import { isDocument, isOperatorDocument, typesWanted } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';

const OPERATORS = new Set(['$eq', '$exists', '$gt', '$gte', '$lt', '$lte', '$type', '$in']);

/**
 * Throws unless a partial index may have this filter: MongoDB takes `$and`, `$or` and `$in` over
 * equality, `$exists: true`, ranges and `$type`.
 */
export function assertPartialFilter(filter: BsonDocument): void {
  for (const [name, condition] of Object.entries(filter)) {
    if (name === '$and' || name === '$or') {
      for (const branch of Array.isArray(condition) ? condition : []) {
        if (isDocument(branch)) assertPartialFilter(branch);
      }
    } else if (name.startsWith('$')) {
      throw refused(name);
    } else {
      assertCondition(condition);
    }
  }
}

function assertCondition(condition: BsonValue): void {
  if (!isDocument(condition)) return;
  for (const [operator, operand] of Object.entries(condition)) {
    if (!operator.startsWith('$')) return;
    if (!OPERATORS.has(operator)) throw refused(operator);
    if (operator === '$exists' && operand !== true && String(operand) !== '1') {
      throw refused('$exists: false');
    }
  }
}

/**
 * What an index with this filter holds: also symbols where the filter wants strings. A query for a
 * string finds the symbol that equals it, and could not use an index that may lack it.
 */
export function filedFilter(filter: BsonDocument): BsonDocument {
  return Object.fromEntries(
    Object.entries(filter).map(([name, condition]) => [name, filedCondition(name, condition)]),
  );
}

function filedCondition(name: string, condition: BsonValue): BsonValue {
  if (name === '$and' || name === '$or') {
    if (!Array.isArray(condition)) return condition;
    return condition.map((branch) => (isDocument(branch) ? filedFilter(branch) : branch));
  }
  if (!isOperatorDocument(condition) || !Object.hasOwn(condition, '$type')) return condition;
  const types = typesWanted(condition['$type']!);
  if (!types.has('string') || types.has('symbol')) return condition;
  return { ...condition, $type: [...types, 'symbol'] };
}

function refused(what: string) {
  return mongoError('CannotCreateIndex', `Expression not supported in partial index: ${what}`);
}
