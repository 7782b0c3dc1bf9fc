import { mongoError } from '../errors.js';
import { isDocument } from '../semantics/index.js';
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

function refused(what: string) {
  return mongoError('CannotCreateIndex', `Expression not supported in partial index: ${what}`);
}
