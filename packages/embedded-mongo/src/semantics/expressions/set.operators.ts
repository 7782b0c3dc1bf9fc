import { locationError } from '../../errors.js';
import { bsonTypeOf } from '../bson-types.js';
import type { BsonValue, MaybeValue } from '../bson-types.js';
import { canonicalKey } from '../canonical-key.js';
import { compareBson, equalsBson } from '../compare.js';
import { binary, isNullish, sequential, unary, variadic } from './arguments.js';
import type { ExpressionContext, OperatorTable } from './expression.types.js';
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

/** The elements of a list, to be looked up. */
function membersOf(list: readonly BsonValue[], { checkTime }: ExpressionContext) {
  const keys = new Set<string>();
  for (const element of list) {
    checkTime?.();
    keys.add(canonicalKey(element));
  }
  return {
    has: (value: BsonValue) => keys.has(canonicalKey(value)),
    add: (value: BsonValue) => keys.add(canonicalKey(value)),
  };
}

/** Arrays as sets. */
export const SET_OPERATORS: OperatorTable = {
  $setUnion: sequential((values, name) => {
    const lists = arraysUpToNull(values, name, 17043);
    return lists && distinct(lists.flat());
  }),
  $setIntersection: sequential((values, name, context) => {
    const lists = arraysUpToNull(values, name, 17047);
    if (lists === null) return null;
    const [first = [], ...rest] = lists;
    const others = rest.map((list) => membersOf(list, context));
    return distinct(first.filter((value) => others.every((members) => members.has(value))));
  }),
  $setDifference: binary((left, right, name, context) => {
    if (isNullish(left) || isNullish(right)) return null;
    const whole = asArray(left, name, 17048);
    const without = membersOf(asArray(right, name, 17049), context);
    return whole.filter((value) => {
      if (without.has(value)) return false;
      without.add(value);
      return true;
    });
  }),
  $setEquals: variadic((values, name) => {
    const [first = [], ...rest] = values.map((value) => distinct(asArray(value, name, 17044)));
    return rest.every((list) => equalsBson(list, first));
  }, 2),
  $setIsSubset: binary((left, right, name, context) => {
    const whole = membersOf(asArray(right, name, 17042), context);
    return asArray(left, name, 17046).every((value) => whole.has(value));
  }),
  $anyElementTrue: unary((value, name) => asArray(value, name, 17041).some(isTruthy)),
  $allElementsTrue: unary((value, name) => asArray(value, name, 17040).every(isTruthy)),
};
