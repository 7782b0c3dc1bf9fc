import {
  comparableTypes,
  compareBson,
  compileFilter,
  equalsBson,
  fieldOf,
  isDocument,
  isOperatorDocument,
  typeRank,
  typesWanted,
} from '../semantics/index.js';
import type { BsonDocument, BsonValue, FilterAnalysis, PathPredicate } from '../semantics/index.js';

/**
 * Whether every document that matches the filter also matches a partial index's filter, so that the
 * index has it. "No" is always safe; "yes" is said only where it can be proved condition by
 * condition.
 */
export function impliesPartialFilter(
  filter: BsonDocument,
  analysis: FilterAnalysis,
  partialFilter: BsonDocument,
): boolean {
  return Object.entries(partialFilter).every(([path, condition]) => {
    if (path === '$and' && Array.isArray(condition)) {
      return condition.every(
        (branch) => isDocument(branch) && impliesPartialFilter(filter, analysis, branch),
      );
    }
    if (path.startsWith('$')) return false;
    if (hasConjunct(filter, path, condition)) return true;
    const predicates = analysis.predicates.filter((predicate) => predicate.path === path);
    if (!isOperatorDocument(condition)) return impliesOperator(predicates, '$eq', condition);
    return Object.entries(condition).every(
      ([operator, operand]) =>
        hasConjunct(filter, path, { [operator]: operand }) ||
        impliesOperator(predicates, operator, operand),
    );
  });
}

/**
 * A filter without what every document of a partial index meets anyway, as far as both say it in the
 * same words.
 */
export function beyondPartialFilter(
  filter: BsonDocument,
  partialFilter: BsonDocument,
): BsonDocument {
  return Object.fromEntries(
    Object.entries(filter).filter(([path, operand]) => {
      const condition = fieldOf(partialFilter, path);
      return condition === undefined || !equalsBson(operand, condition);
    }),
  );
}

/** Whether the filter itself demands this condition, word for word. */
function hasConjunct(filter: BsonDocument, path: string, condition: BsonValue): boolean {
  return Object.entries(filter).some(([name, operand]) => {
    if (name === '$and' && Array.isArray(operand)) {
      return operand.some((branch) => isDocument(branch) && hasConjunct(branch, path, condition));
    }
    if (name !== path) return false;
    if (equalsBson(operand, condition)) return true;
    if (!isOperatorDocument(operand) || !isOperatorDocument(condition)) return false;
    return Object.entries(condition).every(
      ([operator, value]) =>
        Object.hasOwn(operand, operator) && isAsStrict(operator, operand[operator]!, value),
    );
  });
}

/** Whether an operator with one operand lets through nothing that it keeps out with the other. */
function isAsStrict(operator: string, operand: BsonValue, other: BsonValue): boolean {
  if (operator !== '$type') return equalsBson(operand, other);
  const allowed = typesWanted(other);
  return [...typesWanted(operand)].every((type) => allowed.has(type));
}

function impliesOperator(
  predicates: readonly PathPredicate[],
  operator: string,
  operand: BsonValue,
): boolean {
  return predicates.some((predicate) => {
    if (predicate.eq) {
      return predicate.eq.every((value) => valueMeets(value, operator, operand));
    }
    return rangeMeets(predicate, operator, operand);
  });
}

/** Whether a document whose field equals this value meets the condition. */
function valueMeets(value: BsonValue, operator: string, operand: BsonValue): boolean {
  if (value === null) return false;
  if (operator === '$type') return hasAnyType(value, operand);
  return compileFilter({ value: { [operator]: operand } })({ value });
}

/** Whether every value in the range meets the condition. */
function rangeMeets(range: PathPredicate, operator: string, operand: BsonValue): boolean {
  const { lower, upper } = range;
  const bound = (lower ?? upper)!.value;
  switch (operator) {
    case '$exists':
      return true;
    case '$type':
      return hasAnyType(bound, operand);
    case '$gt':
    case '$gte':
      return (
        lower !== undefined &&
        typeRank(lower.value) === typeRank(operand) &&
        isBeyond(compareBson(lower.value, operand), lower.inclusive, operator === '$gte')
      );
    case '$lt':
    case '$lte':
      return (
        upper !== undefined &&
        typeRank(upper.value) === typeRank(operand) &&
        isBeyond(compareBson(operand, upper.value), upper.inclusive, operator === '$lte')
      );
    default:
      return false;
  }
}

/** Whether `$type` takes every value that can be equal to this one, or lie in a range from it. */
function hasAnyType(value: BsonValue, operand: BsonValue): boolean {
  const wanted = typesWanted(operand);
  return comparableTypes(value).every((type) => wanted.has(type));
}

function isBeyond(order: number, isInclusive: boolean, mayBeEqual: boolean): boolean {
  return order > 0 || (order === 0 && (mayBeEqual || !isInclusive));
}
