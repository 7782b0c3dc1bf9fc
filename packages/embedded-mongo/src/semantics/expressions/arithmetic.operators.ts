import { Double, Int32, Long } from 'bson';
import type { Decimal128 } from 'bson';
import { locationError, mongoError, notSupported } from '../../errors.js';
import { bsonTypeOf, isNumeric } from '../bson-types.js';
import type { BsonNumber, MaybeValue } from '../bson-types.js';
import {
  decimalFromInteger,
  divideDecimals,
  multiplyDecimals,
  negateDecimal,
  addDecimals,
  packDecimal,
  roundDecimal,
  truncateDecimal,
  unpackDecimal,
} from '../decimal.js';
import type { RoundingMode } from '../decimal.js';
import {
  exactInt64,
  fitsInt64,
  multiplyNumbers,
  smallestInteger,
  toDecimal,
  toDouble,
  toInteger,
  widerType,
} from '../numbers.js';
import { Sum } from '../sum.js';
import { binary, isNullish, sequential, unary, variadic } from './arguments.js';
import type { OperatorTable } from './expression.types.js';

function productOf(left: BsonNumber, right: BsonNumber): BsonNumber {
  return multiplyNumbers(left, right) ?? new Double(toDouble(left) * toDouble(right));
}

/** The number with its sign turned. */
export function negate(value: BsonNumber): BsonNumber {
  if (value._bsontype === 'Double') return new Double(-toDouble(value));
  if (value._bsontype === 'Decimal128') {
    return packDecimal(negateDecimal(unpackDecimal(value as Decimal128)));
  }
  return productOf(value, new Int32(-1));
}

function dateFrom(milliseconds: number): Date {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) throw mongoError('Overflow', 'date overflow');
  return date;
}

function add(values: Iterable<MaybeValue>): MaybeValue {
  const sum = new Sum();
  let date: Date | undefined;
  for (const value of values) {
    if (isNullish(value)) return null;
    if (isNumeric(value)) {
      sum.add(value);
    } else if (value instanceof Date) {
      if (date) throw locationError(16612, 'only one date allowed in an $add expression');
      date = value;
    } else {
      throw mongoError(
        'TypeMismatch',
        `$add only supports numeric or date types, not ${bsonTypeOf(value)}`,
      );
    }
  }
  return date ? dateFrom(date.getTime() + Math.round(toDouble(sum.result()))) : sum.result();
}

function subtract(left: MaybeValue, right: MaybeValue): MaybeValue {
  if (isNullish(left) || isNullish(right)) return null;
  if (isNumeric(left) && isNumeric(right)) return difference(left, right);
  if (left instanceof Date && right instanceof Date) {
    return Long.fromNumber(left.getTime() - right.getTime());
  }
  if (left instanceof Date && isNumeric(right)) {
    return dateFrom(left.getTime() - Math.round(toDouble(right)));
  }
  throw mongoError('TypeMismatch', `can't $subtract ${bsonTypeOf(right)} from ${bsonTypeOf(left)}`);
}

function difference(left: BsonNumber, right: BsonNumber): BsonNumber {
  switch (widerType(left, right)) {
    case 'decimal':
      return packDecimal(addDecimals(toDecimal(left), negateDecimal(toDecimal(right))));
    case 'double':
      return new Double(toDouble(left) - toDouble(right));
    default: {
      const result = toInteger(left)! - toInteger(right)!;
      return integerOf(left, right, result);
    }
  }
}

/** An integer result in the wider type of the operands; beyond 64 bits it is a double. */
function integerOf(left: BsonNumber, right: BsonNumber, result: bigint): BsonNumber {
  if (!fitsInt64(result)) return new Double(Number(result));
  return widerType(left, right) === 'long' ? Long.fromBigInt(result) : smallestInteger(result);
}

function multiply(values: Iterable<MaybeValue>): MaybeValue {
  let product: BsonNumber = new Int32(1);
  for (const value of values) {
    if (isNullish(value)) return null;
    if (!isNumeric(value)) {
      throw mongoError(
        'TypeMismatch',
        `$multiply only supports numeric types, not ${bsonTypeOf(value)}`,
      );
    }
    product = productOf(product, value);
  }
  return product;
}

function divide(left: MaybeValue, right: MaybeValue): MaybeValue {
  if (isNullish(left) || isNullish(right)) return null;
  if (!isNumeric(left) || !isNumeric(right)) {
    throw mongoError(
      'TypeMismatch',
      `$divide only supports numeric types, not ${bsonTypeOf(left)} and ${bsonTypeOf(right)}`,
    );
  }
  if (toDouble(right) === 0) throw mongoError('BadValue', "can't $divide by zero");
  if (widerType(left, right) === 'decimal') {
    return packDecimal(divideDecimals(toDecimal(left), toDecimal(right)));
  }
  return new Double(toDouble(left) / toDouble(right));
}

function modulo(left: MaybeValue, right: MaybeValue): MaybeValue {
  if (isNullish(left) || isNullish(right)) return null;
  if (!isNumeric(left) || !isNumeric(right)) {
    throw locationError(
      16611,
      `$mod only supports numeric types, not ${bsonTypeOf(left)} and ${bsonTypeOf(right)}`,
    );
  }
  if (toDouble(right) === 0) throw locationError(16610, "can't $mod by zero");
  switch (widerType(left, right)) {
    case 'decimal': {
      const quotient = truncateDecimal(divideDecimals(toDecimal(left), toDecimal(right)));
      if (quotient === undefined) throw notSupported('$mod of a decimal that is not finite');
      return packDecimal(
        addDecimals(
          toDecimal(left),
          negateDecimal(multiplyDecimals(decimalFromInteger(quotient), toDecimal(right))),
        ),
      );
    }
    case 'double':
      return new Double(toDouble(left) % toDouble(right));
    default:
      return integerOf(left, right, toInteger(left)! % toInteger(right)!);
  }
}

function numeric(value: MaybeValue, name: string): BsonNumber | null {
  if (isNullish(value)) return null;
  if (isNumeric(value)) return value;
  throw locationError(28765, `${name} only supports numeric types, not ${bsonTypeOf(value)}`);
}

function absolute(value: MaybeValue, name: string): MaybeValue {
  const number = numeric(value, name);
  if (number === null) return null;
  if (number._bsontype === 'Double') return new Double(Math.abs(toDouble(number)));
  if (exactInt64(number) === -(1n << 63n) && number._bsontype === 'Long') {
    throw locationError(28680, "can't take $abs of long long min");
  }
  const negative = toDouble(number) < 0;
  return negative ? negate(number) : number;
}

/** `$round` and `$trunc` to a decimal place; `$ceil` and `$floor` to a whole number. */
function rounding(mode: RoundingMode) {
  return (values: MaybeValue[], name: string): MaybeValue => {
    if (values.some(isNullish)) return null;
    const number = numeric(values[0], name)!;
    const place = values.length > 1 ? exactInt64(values[1]) : 0n;
    if (place === undefined)
      throw locationError(51082, `precision argument to  ${name} must be a integral value`);
    if (place < -20n || place > 100n) {
      throw locationError(
        51083,
        `cannot apply ${name} with precision value ${place.toString()} value must be in [-20, 100]`,
      );
    }
    return roundNumber(number, Number(place), mode);
  };
}

function roundNumber(number: BsonNumber, place: number, mode: RoundingMode): BsonNumber {
  switch (number._bsontype) {
    case 'Decimal128':
      return packDecimal(roundDecimal(unpackDecimal(number as Decimal128), place, mode));
    case 'Double': {
      const value = toDouble(number);
      if (!Number.isFinite(value) || value === 0) return number;
      if (place === 0) return new Double(roundDouble(value, mode));
      const rounded = roundDecimal(toDecimal(number), place, mode);
      return new Double(Number(packDecimal(rounded).toString()));
    }
    default: {
      if (place >= 0) return number;
      const rounded = truncateDecimal(roundDecimal(toDecimal(number), place, mode))!;
      if (!fitsInt64(rounded))
        throw locationError(
          51080,
          'invalid conversion from Decimal128 result in $round resulting from arguments',
        );
      return number._bsontype === 'Long' ? Long.fromBigInt(rounded) : smallestInteger(rounded);
    }
  }
}

function roundDouble(value: number, mode: RoundingMode): number {
  switch (mode) {
    case 'floor':
      return Math.floor(value);
    case 'ceil':
      return Math.ceil(value);
    case 'trunc':
      return Math.trunc(value);
    case 'half-even': {
      const floor = Math.floor(value);
      const fraction = value - floor;
      const up = fraction > 0.5 || (fraction === 0.5 && floor % 2 !== 0);
      const rounded = up ? floor + 1 : floor;
      return rounded === 0 && value < 0 ? -0 : rounded;
    }
  }
}

/** A function of doubles; decimals are refused because it would not be exact for them. */
function ofDouble(compute: (value: number) => number, check?: (value: number) => void) {
  return unary((value, name) => {
    const number = numeric(value, name);
    if (number === null) return null;
    if (number._bsontype === 'Decimal128') throw notSupported(`${name} of a decimal`);
    const double = toDouble(number);
    check?.(double);
    return new Double(compute(double));
  });
}

function logarithm(left: MaybeValue, right: MaybeValue): MaybeValue {
  if (isNullish(left) || isNullish(right)) return null;
  if (!isNumeric(left))
    throw locationError(28756, `$log's argument must be numeric, not ${bsonTypeOf(left)}`);
  if (!isNumeric(right))
    throw locationError(28757, `$log's base must be numeric, not ${bsonTypeOf(right)}`);
  if (widerType(left, right) === 'decimal') throw notSupported('$log of a decimal');
  const [value, base] = [toDouble(left), toDouble(right)];
  if (value <= 0)
    throw locationError(
      28758,
      `$log's argument must be a positive number, but is ${String(value)}`,
    );
  if (base <= 0 || base === 1)
    throw locationError(
      28759,
      `$log's base must be a positive number not equal to 1, but is ${String(base)}`,
    );
  return new Double(Math.log(value) / Math.log(base));
}

function power(left: MaybeValue, right: MaybeValue): MaybeValue {
  if (isNullish(left) || isNullish(right)) return null;
  if (!isNumeric(left))
    throw locationError(28762, `$pow's base must be numeric, not ${bsonTypeOf(left)}`);
  if (!isNumeric(right))
    throw locationError(28763, `$pow's exponent must be numeric, not ${bsonTypeOf(right)}`);
  const type = widerType(left, right);
  if (type === 'decimal') throw notSupported('$pow of a decimal');
  const exponent = toDouble(right);
  if (toDouble(left) === 0 && exponent < 0) {
    throw locationError(28764, '$pow cannot take a base of 0 and a negative exponent');
  }
  if (type === 'double' || exponent < 0) return new Double(toDouble(left) ** exponent);
  const base = toInteger(left)!;
  const small = base >= -1n && base <= 1n;
  if (exponent > 64 && !small) return new Double(toDouble(left) ** exponent);
  const result = base ** (small && exponent > 2 ? (toInteger(right)! % 2n) + 2n : BigInt(exponent));
  return integerOf(left, right, result);
}

/** Numbers in, numbers out. */
export const ARITHMETIC_OPERATORS: OperatorTable = {
  $add: sequential(add),
  $subtract: binary(subtract),
  $multiply: sequential(multiply),
  $divide: binary(divide),
  $mod: binary(modulo),
  $abs: unary(absolute),
  $ceil: variadic(rounding('ceil'), 1, 1),
  $floor: variadic(rounding('floor'), 1, 1),
  $round: variadic(rounding('half-even'), 1, 2),
  $trunc: variadic(rounding('trunc'), 1, 2),
  $sqrt: ofDouble(Math.sqrt, (value) => {
    if (value < 0)
      throw locationError(28714, "$sqrt's argument must be greater than or equal to 0");
  }),
  $exp: ofDouble(Math.exp),
  $ln: ofDouble(Math.log, (value) => {
    if (value <= 0)
      throw locationError(
        28766,
        `$ln's argument must be a positive number, but is ${String(value)}`,
      );
  }),
  $log10: ofDouble(Math.log10, (value) => {
    if (value <= 0)
      throw locationError(
        28761,
        `$log10's argument must be a positive number, but is ${String(value)}`,
      );
  }),
  $log: binary(logarithm),
  $pow: binary(power),
};
