import { Int32, Long, ObjectId, Timestamp } from 'bson';
import { locationError, mongoError, notSupported } from '../../errors.js';
import { bsonTypeOf, isDocument, isNumeric } from '../bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';
import { exactInt64 } from '../numbers.js';
import { DATE_PART_CODES } from './argument-codes.js';
import { isNullish, named, namedOperands } from './arguments.js';
import type { Compile, Expression, OperatorTable } from './expression.types.js';
import { momentOf, parseIsoDate, parseTimeZone, UTC, utcOf } from './time-zone.js';
import type { TimeZone } from './time-zone.js';

const DAY = 86_400_000;

/** The moment that a date, an ObjectId or a timestamp stands for. */
function momentFrom(value: BsonValue): number {
  if (value instanceof Date) return value.getTime();
  if (value instanceof ObjectId) return value.getTimestamp().getTime();
  if (value instanceof Timestamp) return value.getHighBitsUnsigned() * 1000;
  throw locationError(16006, `can't convert from BSON type ${bsonTypeOf(value)} to Date`);
}

/** The zone an argument names; `null` when the argument is null, which makes the result null. */
function zoneFrom(value: MaybeValue, given: boolean): TimeZone | null {
  if (!given) return UTC;
  if (isNullish(value)) return null;
  if (typeof value === 'string') return parseTimeZone(value);
  throw locationError(40517, `timezone must evaluate to a string, found ${bsonTypeOf(value)}`);
}

function dayOfYear(local: Date): number {
  return Math.floor((local.getTime() - utcOf(local.getUTCFullYear(), 0)) / DAY) + 1;
}

/** The Monday-based week of the year that its Thursday lies in (ISO 8601). */
function isoWeek(local: Date): { year: number; week: number } {
  const thursday = new Date(local.getTime() + (4 - isoDay(local)) * DAY);
  return { year: thursday.getUTCFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) };
}

const isoDay = (local: Date) => local.getUTCDay() || 7;

/** The Sunday-based week of the year; days before the first Sunday are in week 0. */
const sundayWeek = (local: Date) => Math.floor((dayOfYear(local) + 6 - local.getUTCDay()) / 7);

function datePart(part: (local: Date) => number, asLong = false) {
  return (operand: BsonValue, compile: Compile, name: string): Expression => {
    const isSpec = isDocument(operand) && !Object.keys(operand)[0]?.startsWith('$');
    const parts: BsonDocument = isSpec
      ? namedOperands(name, operand, ['date'], ['timezone'], DATE_PART_CODES)
      : { date: Array.isArray(operand) && operand.length === 1 ? operand[0]! : operand };
    const date = compile(parts.date!);
    const given = parts.timezone !== undefined;
    const zone = given ? compile(parts.timezone!) : () => undefined;
    return (document, context) => {
      const value = date(document, context);
      const offset = zoneFrom(zone(document, context), given);
      if (isNullish(value) || !offset) return null;
      const moment = momentFrom(value);
      const result = part(new Date(moment + offset(moment)));
      return asLong ? Long.fromNumber(result) : new Int32(result);
    };
  };
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const padded = (value: number, width: number) => String(value).padStart(width, '0');

const FORMATS: Record<string, (local: Date, offset: number) => string> = {
  Y: (local) => padded(local.getUTCFullYear(), 4),
  m: (local) => padded(local.getUTCMonth() + 1, 2),
  b: (local) => MONTHS[local.getUTCMonth()]!.slice(0, 3),
  B: (local) => MONTHS[local.getUTCMonth()]!,
  d: (local) => padded(local.getUTCDate(), 2),
  H: (local) => padded(local.getUTCHours(), 2),
  M: (local) => padded(local.getUTCMinutes(), 2),
  S: (local) => padded(local.getUTCSeconds(), 2),
  L: (local) => padded(local.getUTCMilliseconds(), 3),
  j: (local) => padded(dayOfYear(local), 3),
  w: (local) => String(local.getUTCDay() + 1),
  u: (local) => String(isoDay(local)),
  U: (local) => padded(sundayWeek(local), 2),
  V: (local) => padded(isoWeek(local).week, 2),
  G: (local) => padded(isoWeek(local).year, 4),
  z: (_local, offset) => {
    const minutes = Math.abs(offset) / 60_000;
    const sign = offset < 0 ? '-' : '+';
    return `${sign}${padded(Math.floor(minutes / 60), 2)}${padded(minutes % 60, 2)}`;
  },
  Z: (_local, offset) => String(offset / 60_000),
  '%': () => '%',
};

function formatDate(local: Date, offset: number, format: string): string {
  return format.replace(/%(.?)/gs, (_whole, letter: string) => {
    const write = Object.hasOwn(FORMATS, letter) ? FORMATS[letter] : undefined;
    if (!write)
      throw locationError(18536, `Invalid format character '%${letter}' in format string`);
    return write(local, offset);
  });
}

const dateToString = named(['date'], ['format', 'timezone', 'onNull'], (values) => {
  const onNull = 'onNull' in values ? values.onNull : null;
  const zone = zoneFrom(values.timezone, 'timezone' in values);
  if (isNullish(values.date)) return onNull;
  if (!zone || ('format' in values && isNullish(values.format))) return null;
  const moment = momentFrom(values.date);
  const offset = zone(moment);
  const format = values.format ?? `%Y-%m-%dT%H:%M:%S.%L${zone === UTC ? 'Z' : ''}`;
  if (typeof format !== 'string') {
    throw locationError(18533, "$dateToString requires that 'format' be a string");
  }
  return formatDate(new Date(moment + offset), offset, format);
});

function dateFromString(operand: BsonValue, compile: Compile, name: string): Expression {
  const parts = namedOperands(
    name,
    operand,
    ['dateString'],
    ['timezone', 'onError', 'onNull', 'format'],
  );
  if (parts.format !== undefined) throw notSupported("$dateFromString with 'format'");
  const text = compile(parts.dateString!);
  const given = parts.timezone !== undefined;
  const zone = given ? compile(parts.timezone!) : () => undefined;
  const onNull = parts.onNull === undefined ? () => null : compile(parts.onNull);
  const onError = parts.onError === undefined ? undefined : compile(parts.onError);
  return (document, context) => {
    const value = text(document, context);
    if (isNullish(value)) return onNull(document, context);
    const offset = zoneFrom(zone(document, context), given);
    if (!offset) return null;
    const date = typeof value === 'string' ? parseIsoDate(value, offset) : undefined;
    if (date) return date;
    if (onError) return onError(document, context);
    throw mongoError(
      'ConversionFailure',
      typeof value === 'string'
        ? `Error parsing date string '${value}'`
        : `$dateFromString requires that 'dateString' be a string, found: ${bsonTypeOf(value)}`,
    );
  };
}

const dateToParts = named(['date'], ['timezone', 'iso8601'], (values) => {
  const zone = zoneFrom(values.timezone, 'timezone' in values);
  if (isNullish(values.date) || !zone) return null;
  const moment = momentFrom(values.date);
  const local = new Date(moment + zone(moment));
  const days: Record<string, number> =
    values.iso8601 === true
      ? {
          isoWeekYear: isoWeek(local).year,
          isoWeek: isoWeek(local).week,
          isoDayOfWeek: isoDay(local),
        }
      : { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() };
  const all: Record<string, number> = {
    ...days,
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    millisecond: local.getUTCMilliseconds(),
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, new Int32(value)]));
});

const dateFromParts = named(
  ['year'],
  ['month', 'day', 'hour', 'minute', 'second', 'millisecond', 'timezone'],
  (values, name) => {
    const zone = zoneFrom(values.timezone, 'timezone' in values);
    if (Object.values(values).some(isNullish) || !zone) return null;
    const part = (key: string, fallback: number) => {
      if (!(key in values)) return fallback;
      const integer = exactInt64(values[key]);
      if (integer === undefined)
        throw locationError(40515, `'${key}' must evaluate to an integer in ${name}`);
      return Number(integer);
    };
    const year = part('year', 0);
    if (year < 1 || year > 9999) {
      throw locationError(40523, "'year' must evaluate to an integer in the range 1 to 9999");
    }
    const local = utcOf(
      year,
      part('month', 1) - 1,
      part('day', 1),
      part('hour', 0),
      part('minute', 0),
      part('second', 0),
      part('millisecond', 0),
    );
    return new Date(momentOf(local, zone));
  },
);

type Unit =
  'year' | 'quarter' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond';

/** Units of a fixed length on the clock, in milliseconds. */
const UNIT_LENGTHS: Partial<Record<Unit, number>> = {
  week: 7 * DAY,
  day: DAY,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
};

const UNIT_MONTHS: Partial<Record<Unit, number>> = { year: 12, quarter: 3, month: 1 };

function unitFrom(value: MaybeValue, name: string): Unit {
  const known = typeof value === 'string' && (value in UNIT_LENGTHS || value in UNIT_MONTHS);
  if (!known) {
    throw typeof value === 'string'
      ? mongoError('FailedToParse', `unknown time unit value: ${value}`)
      : locationError(5166400, `${name} requires 'unit' to be a string`);
  }
  return value as Unit;
}

/** Units of a day and more are counted on the calendar of the zone, shorter ones in real time. */
function addToDate(moment: number, unit: Unit, amount: number, zone: TimeZone): number {
  const months = UNIT_MONTHS[unit];
  const length = UNIT_LENGTHS[unit];
  if (length !== undefined && length < DAY) return moment + amount * length;
  const local = new Date(moment + zone(moment));
  if (length !== undefined) return momentOf(local.getTime() + amount * length, zone);
  const first = new Date(utcOf(local.getUTCFullYear(), local.getUTCMonth() + amount * months!));
  const year = first.getUTCFullYear();
  const month = first.getUTCMonth();
  const lastDay = new Date(utcOf(year, month + 1, 0)).getUTCDate();
  const day = Math.min(local.getUTCDate(), lastDay);
  return momentOf(utcOf(year, month, day) + (((local.getTime() % DAY) + DAY) % DAY), zone);
}

function dateAdd(sign: 1 | -1) {
  return named(['startDate', 'unit', 'amount'], ['timezone'], (values, name) => {
    const zone = zoneFrom(values.timezone, 'timezone' in values);
    if (
      isNullish(values.startDate) ||
      isNullish(values.unit) ||
      isNullish(values.amount) ||
      !zone
    ) {
      return null;
    }
    const unit = unitFrom(values.unit, name);
    const amount = exactInt64(values.amount);
    if (!isNumeric(values.amount) || amount === undefined) {
      throw locationError(5166405, `${name} expects integer amount of time units`);
    }
    const moment = addToDate(momentFrom(values.startDate), unit, Number(amount) * sign, zone);
    const result = new Date(moment);
    if (Number.isNaN(result.getTime())) throw locationError(5166406, `${name} overflowed`);
    return result;
  });
}

const WEEK_DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** Days from the start of the week, which begins on Sunday unless said otherwise. */
function weekStart(value: MaybeValue, name: string): number {
  if (value === undefined) return 6;
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  const index = WEEK_DAYS.findIndex((day) => text === day || text === day.slice(0, 3));
  if (index < 0)
    throw locationError(5439015, `${name} parameter 'startOfWeek' value is not a day of a week`);
  return index;
}

/** The number of the unit that a local time lies in, counted from a fixed one. */
function unitNumber(local: number, unit: Unit, firstDay: number): number {
  const months = UNIT_MONTHS[unit];
  const date = new Date(local);
  if (months !== undefined) {
    return Math.floor((date.getUTCFullYear() * 12 + date.getUTCMonth()) / months);
  }
  // 1970-01-01 was a Thursday, the fourth day of a week that begins on Monday.
  if (unit === 'week') return Math.floor((Math.floor(local / DAY) + 3 - firstDay) / 7);
  return Math.floor(local / UNIT_LENGTHS[unit]!);
}

const dateDiff = named(
  ['startDate', 'endDate', 'unit'],
  ['timezone', 'startOfWeek'],
  (values, name) => {
    const zone = zoneFrom(values.timezone, 'timezone' in values);
    if (
      isNullish(values.startDate) ||
      isNullish(values.endDate) ||
      isNullish(values.unit) ||
      !zone
    ) {
      return null;
    }
    const unit = unitFrom(values.unit, name);
    const firstDay = weekStart(values.startOfWeek, name);
    const short = (UNIT_LENGTHS[unit] ?? DAY) < DAY;
    const [start, end] = [values.startDate, values.endDate].map((value) => {
      const moment = momentFrom(value);
      return unitNumber(short ? moment : moment + zone(moment), unit, firstDay);
    });
    return Long.fromNumber(end! - start!);
  },
);

/** `$dateTrunc` counts its bins from the start of the year 2000. */
const BIN_ORIGIN = utcOf(2000, 0);

const dateTrunc = named(
  ['date', 'unit'],
  ['binSize', 'timezone', 'startOfWeek'],
  (values, name) => {
    const zone = zoneFrom(values.timezone, 'timezone' in values);
    const size = 'binSize' in values ? values.binSize : new Int32(1);
    if (isNullish(values.date) || isNullish(values.unit) || isNullish(size) || !zone) return null;
    const unit = unitFrom(values.unit, name);
    const count = exactInt64(size);
    if (count === undefined || count < 1n) {
      throw locationError(5439017, `${name} requires 'binSize' to be a positive integer`);
    }
    const moment = momentFrom(values.date);
    const local = moment + zone(moment);
    return new Date(
      momentOf(binStart(local, unit, Number(count), weekStart(values.startOfWeek, name)), zone),
    );
  },
);

function binStart(local: number, unit: Unit, size: number, firstDay: number): number {
  const months = UNIT_MONTHS[unit];
  if (months !== undefined) {
    const date = new Date(local);
    const passed = (date.getUTCFullYear() - 2000) * 12 + date.getUTCMonth();
    return utcOf(2000, Math.floor(passed / (months * size)) * months * size);
  }
  const length = UNIT_LENGTHS[unit]! * size;
  // 2000-01-01 was a Saturday: the first week of that year began after it.
  const origin = unit === 'week' ? BIN_ORIGIN + ((firstDay + 2) % 7) * DAY : BIN_ORIGIN;
  return origin + Math.floor((local - origin) / length) * length;
}

/** Dates. */
export const DATE_OPERATORS: OperatorTable = {
  $year: datePart((local) => local.getUTCFullYear()),
  $month: datePart((local) => local.getUTCMonth() + 1),
  $dayOfMonth: datePart((local) => local.getUTCDate()),
  $hour: datePart((local) => local.getUTCHours()),
  $minute: datePart((local) => local.getUTCMinutes()),
  $second: datePart((local) => local.getUTCSeconds()),
  $millisecond: datePart((local) => local.getUTCMilliseconds()),
  $dayOfYear: datePart(dayOfYear),
  $dayOfWeek: datePart((local) => local.getUTCDay() + 1),
  $week: datePart(sundayWeek),
  $isoDayOfWeek: datePart(isoDay),
  $isoWeek: datePart((local) => isoWeek(local).week),
  $isoWeekYear: datePart((local) => isoWeek(local).year, true),
  $dateToString: dateToString,
  $dateFromString: dateFromString,
  $dateToParts: dateToParts,
  $dateFromParts: dateFromParts,
  $dateAdd: dateAdd(1),
  $dateSubtract: dateAdd(-1),
  $dateDiff: dateDiff,
  $dateTrunc: dateTrunc,
};
