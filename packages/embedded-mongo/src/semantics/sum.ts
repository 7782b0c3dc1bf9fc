import { Double, Int32 } from 'bson';
import { isNumeric } from './bson-types.js';
import type { BsonNumber, MaybeValue } from './bson-types.js';
import { sumOf, toDouble } from './numbers.js';

/** Collects values one by one. */
export interface Accumulator {
  add(value: MaybeValue): void;
  result(): MaybeValue;
}

/** Sum of the numbers among the values; doubles are added with compensation, as MongoDB does. */
export class Sum implements Accumulator {
  private exact: BsonNumber = new Int32(0);
  private isDouble = false;
  private sum = 0;
  private compensation = 0;

  add(value: MaybeValue): void {
    if (!isNumeric(value)) return;
    if (value._bsontype === 'Double') {
      this.isDouble = true;
      this.addDouble(toDouble(value));
    } else {
      this.exact = sumOf(this.exact, value);
    }
  }

  private addDouble(value: number): void {
    const next = this.sum + value;
    const larger = Math.abs(this.sum) >= Math.abs(value);
    if (Number.isFinite(next)) {
      this.compensation += larger ? this.sum - next + value : value - next + this.sum;
    }
    this.sum = next;
  }

  result(): BsonNumber {
    if (!this.isDouble) return this.exact;
    const doubles = new Double(this.sum + this.compensation);
    if (this.exact._bsontype === 'Decimal128') return sumOf(this.exact, doubles);
    if (!Number.isFinite(this.sum)) return new Double(this.sum + toDouble(this.exact));
    return new Double(this.sum + (toDouble(this.exact) + this.compensation));
  }
}
