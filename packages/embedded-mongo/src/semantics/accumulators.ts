import { Double, Int32 } from 'bson';
import { locationError, mongoError, notSupported } from '../errors.js';
import { fieldOf, isDocument, isNumeric, setField } from './bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from './bson-types.js';
import { canonicalKey } from './canonical-key.js';
import { compareBson } from './compare.js';
import { divideDecimals, packDecimal } from './decimal.js';
import { isNullish } from './expressions/arguments.js';
import { toDecimal, toDouble } from './numbers.js';
import { Sum } from './sum.js';
import type { Accumulator } from './sum.js';

export type { Accumulator } from './sum.js';

class Average implements Accumulator {
  private readonly sum = new Sum();
  private count = 0;

  add(value: MaybeValue): void {
    if (!isNumeric(value)) return;
    this.sum.add(value);
    this.count += 1;
  }

  result(): MaybeValue {
    if (this.count === 0) return null;
    const total = this.sum.result();
    if (total._bsontype === 'Decimal128') {
      return packDecimal(divideDecimals(toDecimal(total), toDecimal(new Int32(this.count))));
    }
    return new Double(toDouble(total) / this.count);
  }
}

class Extreme implements Accumulator {
  private best: MaybeValue;

  constructor(private readonly sign: 1 | -1) {}

  add(value: MaybeValue): void {
    if (isNullish(value)) return;
    if (this.best === undefined || compareBson(value, this.best) * this.sign > 0) this.best = value;
  }

  result(): MaybeValue {
    return this.best ?? null;
  }
}

class First implements Accumulator {
  private value: MaybeValue = null;
  private seen = false;

  add(value: MaybeValue): void {
    if (this.seen) return;
    this.seen = true;
    this.value = value ?? null;
  }

  result(): MaybeValue {
    return this.value;
  }
}

class Last implements Accumulator {
  private value: MaybeValue = null;

  add(value: MaybeValue): void {
    this.value = value ?? null;
  }

  result(): MaybeValue {
    return this.value;
  }
}

class Push implements Accumulator {
  private readonly values: BsonValue[] = [];

  add(value: MaybeValue): void {
    if (value !== undefined) this.values.push(value);
  }

  result(): MaybeValue {
    return this.values;
  }
}

class AddToSet implements Accumulator {
  private readonly values = new Map<string, BsonValue>();

  add(value: MaybeValue): void {
    if (value === undefined) return;
    const key = canonicalKey(value);
    if (!this.values.has(key)) this.values.set(key, value);
  }

  result(): MaybeValue {
    return [...this.values.values()];
  }
}

/** Standard deviation by Welford's method. */
class StandardDeviation implements Accumulator {
  private count = 0;
  private mean = 0;
  private squares = 0;

  constructor(private readonly sample: boolean) {}

  add(value: MaybeValue): void {
    if (!isNumeric(value)) return;
    const number = toDouble(value);
    this.count += 1;
    const delta = number - this.mean;
    this.mean += delta / this.count;
    this.squares += delta * (number - this.mean);
  }

  result(): MaybeValue {
    const degrees = this.sample ? this.count - 1 : this.count;
    return degrees <= 0 ? null : new Double(Math.sqrt(this.squares / degrees));
  }
}

class Count implements Accumulator {
  private readonly sum = new Sum();

  add(): void {
    this.sum.add(new Int32(1));
  }

  result(): MaybeValue {
    return this.sum.result();
  }
}

class MergeObjects implements Accumulator {
  private readonly merged: BsonDocument = {};

  add(value: MaybeValue): void {
    if (isNullish(value)) return;
    if (!isDocument(value)) {
      throw locationError(40400, '$mergeObjects requires object inputs');
    }
    for (const name of Object.keys(value)) setField(this.merged, name, fieldOf(value, name)!);
  }

  result(): MaybeValue {
    return this.merged;
  }
}

/** The accumulators that take one expression. */
export const ACCUMULATORS: Readonly<Record<string, () => Accumulator>> = {
  $sum: () => new Sum(),
  $avg: () => new Average(),
  $min: () => new Extreme(-1),
  $max: () => new Extreme(1),
  $first: () => new First(),
  $last: () => new Last(),
  $push: () => new Push(),
  $addToSet: () => new AddToSet(),
  $stdDevPop: () => new StandardDeviation(false),
  $stdDevSamp: () => new StandardDeviation(true),
  $count: () => new Count(),
  $mergeObjects: () => new MergeObjects(),
};

const REFUSED_ACCUMULATORS = new Set([
  '$accumulator',
  '$bottom',
  '$bottomN',
  '$firstN',
  '$lastN',
  '$maxN',
  '$median',
  '$minN',
  '$percentile',
  '$top',
  '$topN',
]);

/**
 * The accumulator of a name.
 * @throws MongoError 15952 for a name MongoDB has not, 115 for one that this database has not
 */
export function accumulatorOf(name: string, operand: BsonValue): () => Accumulator {
  if (REFUSED_ACCUMULATORS.has(name)) throw notSupported(`The accumulator ${name}`);
  const make = Object.hasOwn(ACCUMULATORS, name) ? ACCUMULATORS[name] : undefined;
  if (!make) throw locationError(15952, `unknown group operator '${name}'`);
  if (name === '$count' && !(isDocument(operand) && Object.keys(operand).length === 0)) {
    throw mongoError('TypeMismatch', '$count takes no arguments, i.e. $count:{}');
  }
  return make;
}
