import { locationError } from '../../errors.js';
import { bsonTypeOf } from '../bson-types.js';
import type { BsonValue, MaybeValue } from '../bson-types.js';
import { compareBson, equalsBson } from '../compare.js';
import { binary, isNullish, sequential, unary, variadic } from './arguments.js';
import type { OperatorTable } from './expression.types.js';
import { isTruthy } from './logic.operators.js';

function asArray(value: MaybeValue, name: string, code: number): BsonValue[] {
  if (Array.isArray(value)) return value;
  throw locationError(
    code,
    `All operands of ${name} must be arrays. One argument is of type: ${value === undefined ? 'missing' : bsonTypeOf(value)}`,
  );
}

/** The operands; `null` when one is null and those before it are arrays. */
function arraysUpToNull(
  values: Iterable<MaybeValue>,
  name: string,
  code: number,
): BsonValue[][] | null {
  const lists: BsonValue[][] = [];
  for (const value of values) {
    if (isNullish(value)) return null;
    lists.push(asArray(value, name, code));
  }
  return lists;
}

/** The distinct values, sorted: MongoDB gives sets in no documented order, in fact in this one. */
function distinct(values: readonly BsonValue[]): BsonValue[] {
  const sorted = [...values].sort(compareBson);
  return sorted.filter((value, index) => index === 0 || !equalsBson(value, sorted[index - 1]));
}

const includes = (list: readonly BsonValue[], value: BsonValue) =>
  list.some((element) => equalsBson(element, value));

/** Arrays as sets. */
export const SET_OPERATORS: OperatorTable = {
  $setUnion: sequential((values, name) => {
    const lists = arraysUpToNull(values, name, 17043);
    return lists && distinct(lists.flat());
  }),
  $setIntersection: sequential((values, name) => {
    const lists = arraysUpToNull(values, name, 17047);
    if (lists === null) return null;
    const [first = [], ...rest] = lists;
    return distinct(first.filter((value) => rest.every((list) => includes(list, value))));
  }),
  $setDifference: binary((left, right, name) => {
    if (isNullish(left) || isNullish(right)) return null;
    const whole = asArray(left, name, 17048);
    const without = asArray(right, name, 17049);
    const kept: BsonValue[] = [];
    for (const value of whole) {
      if (!includes(without, value) && !includes(kept, value)) kept.push(value);
    }
    return kept;
  }),
  $setEquals: variadic((values, name) => {
    const [first = [], ...rest] = values.map((value) => distinct(asArray(value, name, 17044)));
    return rest.every((list) => equalsBson(list, first));
  }, 2),
  $setIsSubset: binary((left, right, name) => {
    const whole = asArray(right, name, 17042);
    return asArray(left, name, 17046).every((value) => includes(whole, value));
  }),
  $anyElementTrue: unary((value, name) => asArray(value, name, 17041).some(isTruthy)),
  $allElementsTrue: unary((value, name) => asArray(value, name, 17040).every(isTruthy)),
};
