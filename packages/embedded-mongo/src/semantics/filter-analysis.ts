import { Double } from 'bson';
import { bsonTypeOf, isDocument, isNumeric } from './bson-types.js';
import type { BsonDocument, BsonTypeName, BsonValue } from './bson-types.js';
import { isNaNValue } from './compare.js';
import { isOperatorDocument } from './filter.js';
import { isArrayIndex, parsePath } from './path.js';

/** One end of a range of values. */
export interface Bound {
  readonly value: BsonValue;
  readonly inclusive: boolean;
}

/**
 * A condition that every matching document meets, in terms of the index keys of one path: one of
 * the keys equals one of `eq`, or lies between `lower` and `upper` among the keys of that type
 * (see {@link FilterAnalysis} for two conditions on one path).
 */
export interface PathPredicate {
  readonly path: string;
  readonly eq?: readonly BsonValue[];
  readonly lower?: Bound;
  readonly upper?: Bound;
  /** Whether the keys of the path decide the condition alone, also for arrays. */
  readonly exact: boolean;
}

/** What a filter says about index keys. */
export interface FilterAnalysis {
  /**
   * Conditions that all hold. Two ranges on one path may be met by two elements of an array: they
   * may be intersected only in an index without multiple keys per document.
   */
  readonly predicates: readonly PathPredicate[];
  /** Whether the predicates say all that the filter says (each of them exactly). */
  readonly complete: boolean;
}

/** Finds the conditions on index keys that a (valid) filter implies. */
export function analyseFilter(filter: BsonDocument): FilterAnalysis {
  const analysis = new Analysis();
  analysis.addFilter(filter, '', true);
  return {
    predicates: analysis.predicates,
    complete: analysis.complete && analysis.predicates.every((predicate) => predicate.exact),
  };
}

/** Types whose ranges are plain intervals of index keys. */
const RANGE_TYPES = new Set<BsonTypeName>([
  'int',
  'long',
  'double',
  'decimal',
  'string',
  'objectId',
  'date',
  'bool',
  'binData',
  'timestamp',
]);

class Analysis {
  readonly predicates: PathPredicate[] = [];
  complete = true;

  addFilter(filter: BsonDocument, prefix: string, exact: boolean): void {
    for (const name of Object.keys(filter)) {
      const operand = filter[name]!;
      if (name === '$and' && Array.isArray(operand)) {
        for (const branch of operand) if (isDocument(branch)) this.addFilter(branch, prefix, exact);
      } else if (name.startsWith('$')) {
        if (name !== '$comment') this.complete = false;
      } else {
        this.addField(prefix + name, operand, exact);
      }
    }
  }

  private addField(path: string, operand: BsonValue, exact: boolean): void {
    const positional = parsePath(path).some(isArrayIndex);
    if (positional && !exact) {
      // A number inside $elemMatch may also be an index of a nested array.
      this.complete = false;
      return;
    }
    const byKeys = exact && !positional;
    if (!isOperatorDocument(operand)) {
      this.addEquality(path, [operand], byKeys);
      return;
    }
    for (const operator of Object.keys(operand)) {
      this.addOperator(path, operator, operand[operator]!, byKeys);
    }
  }

  private addOperator(path: string, operator: string, operand: BsonValue, exact: boolean): void {
    switch (operator) {
      case '$eq':
        this.addEquality(path, [operand], exact);
        break;
      case '$in':
        this.addEquality(path, operand as BsonValue[], exact);
        break;
      case '$gt':
      case '$gte':
        this.addRange(path, operand, exact, { lower: boundOf(operand, operator === '$gte') });
        break;
      case '$lt':
      case '$lte':
        this.addRange(path, operand, exact, {
          // NaN is the lowest number and never less than another.
          ...(isNumeric(operand) && { lower: boundOf(new Double(-Infinity), true) }),
          upper: boundOf(operand, operator === '$lte'),
        });
        break;
      case '$all':
        for (const value of operand as BsonValue[]) this.addField(path, value, exact);
        if ((operand as BsonValue[]).length === 0) this.complete = false;
        break;
      case '$elemMatch':
        this.complete = false;
        this.addElemMatch(path, operand);
        break;
      default:
        this.complete = false;
    }
  }

  /** Conditions inside `$elemMatch` are necessary for the path's keys, not sufficient. */
  private addElemMatch(path: string, operand: BsonValue): void {
    if (!isDocument(operand)) return;
    if (isOperatorDocument(operand)) {
      if (!Object.keys(operand).some((name) => ['$and', '$or', '$nor'].includes(name))) {
        this.addElementOperators(path, operand);
      }
      return;
    }
    this.addFilter(operand, `${path}.`, false);
  }

  private addElementOperators(path: string, operators: BsonDocument): void {
    for (const operator of Object.keys(operators)) {
      // Inside $elemMatch null means an element that is null, which is a key like any other.
      if (operator !== '$elemMatch') {
        this.addOperator(path, operator, operators[operator]!, false);
      }
    }
  }

  private addEquality(path: string, values: readonly BsonValue[], exact: boolean): void {
    // An array equals an element or the whole; keys hold elements only. A regular expression in
    // the place of a value matches text.
    const usable = values.every((value) => !['array', 'regex'].includes(bsonTypeOf(value)));
    const positional = parsePath(path).some(isArrayIndex);
    if (!usable || (positional && values.includes(null))) {
      this.complete = false;
      return;
    }
    this.predicates.push({ path, eq: values, exact: exact && !values.includes(null) });
  }

  private addRange(
    path: string,
    operand: BsonValue,
    exact: boolean,
    bounds: Pick<PathPredicate, 'lower' | 'upper'>,
  ): void {
    if (!RANGE_TYPES.has(bsonTypeOf(operand)) || isNaNValue(operand)) {
      this.complete = false;
      return;
    }
    this.predicates.push({ path, ...bounds, exact });
  }
}

const boundOf = (value: BsonValue, inclusive: boolean): Bound => ({ value, inclusive });
