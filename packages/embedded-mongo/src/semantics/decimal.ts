import { Decimal128 } from 'bson';

/**
 * A finite decimal number `coefficient × 10^exponent`. The sign is kept apart because IEEE 754
 * decimals have a negative zero.
 */
export interface FiniteDecimal {
  readonly negative: boolean;
  readonly coefficient: bigint;
  readonly exponent: number;
}

/** What a Decimal128 can hold. */
export type Decimal = FiniteDecimal | 'NaN' | 'Infinity' | '-Infinity';

const MAX_DIGITS = 34;
const MIN_EXPONENT = -6176;
const MAX_EXPONENT = 6111;
const EXPONENT_BIAS = 6176n;
const MAX_COEFFICIENT = 10n ** BigInt(MAX_DIGITS);

const pow10 = (exponent: number) => 10n ** BigInt(exponent);

/** Unpacks the sixteen bytes (IEEE 754-2008 binary integer decimal, little endian). */
export function unpackDecimal(value: Decimal128): Decimal {
  const view = new DataView(value.bytes.buffer, value.bytes.byteOffset, 16);
  const low = view.getBigUint64(0, true);
  const high = view.getBigUint64(8, true);
  const negative = high >> 63n === 1n;
  const combination = (high >> 58n) & 0x1fn;
  if (combination === 0x1fn) return 'NaN';
  if (combination === 0x1en) return negative ? '-Infinity' : 'Infinity';
  // The second layout would hold coefficients above 10^34 - 1; those count as zero.
  const large = ((high >> 61n) & 3n) === 3n;
  const biased = large ? (high >> 47n) & 0x3fffn : (high >> 49n) & 0x3fffn;
  const coefficient = large ? 0n : ((high & 0x1ffffffffffffn) << 64n) | low;
  return {
    negative,
    coefficient: coefficient < MAX_COEFFICIENT ? coefficient : 0n,
    exponent: Number(biased - EXPONENT_BIAS),
  };
}

/** Packs a decimal, rounding half to even at 34 digits; too large becomes infinity. */
export function packDecimal(value: Decimal): Decimal128 {
  if (typeof value === 'string') return Decimal128.fromString(value);
  const rounded = roundToFit(value);
  if (typeof rounded === 'string') return Decimal128.fromString(rounded);
  const high =
    (rounded.negative ? 1n << 63n : 0n) |
    ((BigInt(rounded.exponent) + EXPONENT_BIAS) << 49n) |
    (rounded.coefficient >> 64n);
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(rounded.coefficient & 0xffffffffffffffffn, 0);
  bytes.writeBigUInt64LE(high, 8);
  return new Decimal128(bytes);
}

function digitsOf(coefficient: bigint): number {
  return coefficient === 0n ? 1 : coefficient.toString().length;
}

function dropDigits({ negative, coefficient, exponent }: FiniteDecimal, count: number) {
  if (count <= 0) return { negative, coefficient, exponent };
  const divisor = pow10(count);
  const quotient = coefficient / divisor;
  const twice = (coefficient % divisor) * 2n;
  const up = twice > divisor || (twice === divisor && quotient % 2n === 1n);
  return { negative, coefficient: up ? quotient + 1n : quotient, exponent: exponent + count };
}

function roundToFit(value: FiniteDecimal): Decimal {
  const surplus = Math.max(
    digitsOf(value.coefficient) - MAX_DIGITS,
    MIN_EXPONENT - value.exponent,
    0,
  );
  let result = dropDigits(value, Math.min(surplus, digitsOf(value.coefficient) + 1));
  if (result.coefficient === MAX_COEFFICIENT) result = dropDigits(result, 1);
  if (result.exponent < MIN_EXPONENT) return { ...result, exponent: MIN_EXPONENT };
  if (result.exponent > MAX_EXPONENT) {
    if (result.coefficient === 0n) return { ...result, exponent: MAX_EXPONENT };
    const shift = result.exponent - MAX_EXPONENT;
    const coefficient = result.coefficient * pow10(Math.min(shift, MAX_DIGITS));
    if (shift > MAX_DIGITS || coefficient >= MAX_COEFFICIENT) {
      return result.negative ? '-Infinity' : 'Infinity';
    }
    return { ...result, coefficient, exponent: MAX_EXPONENT };
  }
  return result;
}

/** A decimal from an integer. */
export function decimalFromInteger(value: bigint): FiniteDecimal {
  return { negative: value < 0n, coefficient: value < 0n ? -value : value, exponent: 0 };
}

/** A decimal from decimal notation such as `-1.50`, `2E+3`, `Infinity`. */
export function parseDecimal(text: string): Decimal {
  return unpackDecimal(Decimal128.fromStringWithRounding(text));
}

/** A double as a decimal of 34 significant digits: how MongoDB compares the two. */
export function decimalFromDouble(value: number): Decimal {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return { negative: true, coefficient: 0n, exponent: 0 };
  if (Number.isInteger(value)) return decimalFromInteger(BigInt(value));
  return trimZeros(parseDecimal(value.toPrecision(MAX_DIGITS)));
}

/** A double as a decimal of 15 significant digits: how MongoDB converts one for arithmetic. */
export function decimalFromDoubleForArithmetic(value: number): Decimal {
  if (!Number.isFinite(value) || value === 0) return decimalFromDouble(value);
  return parseDecimal(value.toPrecision(15));
}

function trimZeros(value: Decimal): Decimal {
  if (typeof value === 'string' || value.coefficient === 0n) return value;
  let { coefficient, exponent } = value;
  while (coefficient % 10n === 0n) {
    coefficient /= 10n;
    exponent += 1;
  }
  return { negative: value.negative, coefficient, exponent };
}

/** Order of two decimals by value; `NaN` is below all others and equal to itself. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  const a = rankOf(left);
  const b = rankOf(right);
  if (a !== b) return a < b ? -1 : 1;
  if (typeof left === 'string' || typeof right === 'string') return 0;
  return compareMagnitudes(left, right) * (left.negative ? -1 : 1);
}

function rankOf(value: Decimal): number {
  if (value === 'NaN') return -3;
  if (value === '-Infinity') return -2;
  if (value === 'Infinity') return 2;
  if (value.coefficient === 0n) return 0;
  return value.negative ? -1 : 1;
}

function compareMagnitudes(a: FiniteDecimal, b: FiniteDecimal): number {
  if (a.coefficient === 0n || b.coefficient === 0n) {
    return Number(a.coefficient !== 0n) - Number(b.coefficient !== 0n);
  }
  const magnitude = digitsOf(a.coefficient) + a.exponent - digitsOf(b.coefficient) - b.exponent;
  if (magnitude !== 0) return magnitude < 0 ? -1 : 1;
  const exponent = Math.min(a.exponent, b.exponent);
  const left = a.coefficient * pow10(a.exponent - exponent);
  const right = b.coefficient * pow10(b.exponent - exponent);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const signed = (value: FiniteDecimal) => (value.negative ? -value.coefficient : value.coefficient);

/** Sum of two decimals. */
export function addDecimals(left: Decimal, right: Decimal): Decimal {
  if (typeof left === 'string' || typeof right === 'string') {
    if (left === 'NaN' || right === 'NaN') return 'NaN';
    if (typeof left !== 'string') return right;
    if (typeof right !== 'string') return left;
    return left === right ? left : 'NaN';
  }
  // Beyond this distance the smaller term can't change the 34 digits that are kept.
  const gap = left.exponent - right.exponent;
  if (Math.abs(gap) > 3 * MAX_DIGITS && left.coefficient !== 0n && right.coefficient !== 0n) {
    return gap > 0 ? left : right;
  }
  const exponent = Math.min(left.exponent, right.exponent);
  const sum =
    signed(left) * pow10(left.exponent - exponent) +
    signed(right) * pow10(right.exponent - exponent);
  return {
    negative: sum < 0n || (sum === 0n && left.negative && right.negative),
    coefficient: sum < 0n ? -sum : sum,
    exponent,
  };
}

/** The decimal with its sign turned. */
export function negateDecimal(value: Decimal): Decimal {
  if (value === 'NaN') return value;
  if (typeof value === 'string') return value === 'Infinity' ? '-Infinity' : 'Infinity';
  return { ...value, negative: !value.negative };
}

/** Product of two decimals. */
export function multiplyDecimals(left: Decimal, right: Decimal): Decimal {
  if (left === 'NaN' || right === 'NaN') return 'NaN';
  if (typeof left === 'string' || typeof right === 'string') {
    const sign = rankOf(left) * rankOf(right);
    if (sign === 0) return 'NaN';
    return sign > 0 ? 'Infinity' : '-Infinity';
  }
  return {
    negative: left.negative !== right.negative,
    coefficient: left.coefficient * right.coefficient,
    exponent: left.exponent + right.exponent,
  };
}

/** Quotient of two decimals; the divisor must not be zero. */
export function divideDecimals(left: Decimal, right: Decimal): Decimal {
  if (left === 'NaN' || right === 'NaN') return 'NaN';
  if (typeof left === 'string') {
    if (typeof right === 'string') return 'NaN';
    return rankOf(left) * (right.negative ? -1 : 1) > 0 ? 'Infinity' : '-Infinity';
  }
  if (typeof right === 'string')
    return {
      negative: left.negative !== (right === '-Infinity'),
      coefficient: 0n,
      exponent: MIN_EXPONENT,
    };
  const negative = left.negative !== right.negative;
  const ideal = left.exponent - right.exponent;
  if (left.coefficient === 0n) return { negative, coefficient: 0n, exponent: ideal };
  const shift = Math.max(
    0,
    2 * MAX_DIGITS + digitsOf(right.coefficient) - digitsOf(left.coefficient),
  );
  const scaled = left.coefficient * pow10(shift);
  let coefficient = scaled / right.coefficient;
  let exponent = ideal - shift;
  // A remainder must keep the quotient off the midpoint when it is rounded later.
  if (scaled % right.coefficient !== 0n)
    return { negative, coefficient: coefficient * 10n + 1n, exponent: exponent - 1 };
  while (exponent < ideal && coefficient % 10n === 0n) {
    coefficient /= 10n;
    exponent += 1;
  }
  return { negative, coefficient, exponent };
}

/** The integer part, towards zero; `undefined` when the decimal is not finite. */
export function truncateDecimal(value: Decimal): bigint | undefined {
  if (typeof value === 'string') return undefined;
  const magnitude =
    value.exponent >= 0
      ? value.coefficient * pow10(value.exponent)
      : value.coefficient / pow10(Math.min(-value.exponent, 2 * MAX_DIGITS));
  return value.negative ? -magnitude : magnitude;
}

/** Ways to round to a decimal place. */
export type RoundingMode = 'floor' | 'ceil' | 'trunc' | 'half-even';

/** The decimal rounded to `place` digits after the point (before it, when negative). */
export function roundDecimal(value: Decimal, place: number, mode: RoundingMode): Decimal {
  if (typeof value === 'string') return value;
  const surplus = -value.exponent - place;
  if (surplus <= 0) return value;
  const divisor = pow10(Math.min(surplus, 2 * MAX_DIGITS));
  const quotient = value.coefficient / divisor;
  const rest = value.coefficient % divisor;
  let up = false;
  if (rest !== 0n) {
    if (mode === 'half-even')
      up = rest * 2n > divisor || (rest * 2n === divisor && quotient % 2n === 1n);
    else if (mode !== 'trunc') up = value.negative === (mode === 'floor');
  }
  return {
    negative: value.negative,
    coefficient: up ? quotient + 1n : quotient,
    exponent: -place,
  };
}
