import { locationError } from '../../errors.js';

/** The distance of a time zone from UTC at a moment, in milliseconds. */
export type TimeZone = (moment: number) => number;

const MINUTE = 60_000;

/** Universal time. */
export const UTC: TimeZone = () => 0;

/**
 * A time zone by an offset (`+02:00`, `-0530`, `+03`) or an IANA name.
 * @throws MongoError 40485 for a name that is not known
 */
export function parseTimeZone(name: string): TimeZone {
  if (['UTC', 'GMT', 'Z', 'Etc/UTC'].includes(name)) return UTC;
  const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(name);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
    const distance = (offset[1] === '-' ? -minutes : minutes) * MINUTE;
    return () => distance;
  }
  return namedZone(name);
}

function namedZone(name: string): TimeZone {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    });
  } catch {
    throw locationError(40485, `unrecognized time zone identifier: "${name}"`);
  }
  return (moment) => {
    const parts: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(moment)) parts[type] = value;
    const year = Number(parts.year) * (parts.era === 'BC' ? -1 : 1) + (parts.era === 'BC' ? 1 : 0);
    const local = utcOf(
      year,
      Number(parts.month) - 1,
      Number(parts.day),
      Number(parts.hour),
      Number(parts.minute),
      Number(parts.second),
    );
    return local - Math.floor(moment / 1000) * 1000;
  };
}

/** Like `Date.UTC`, which takes the years 0 to 99 for 1900 to 1999. */
export function utcOf(
  year: number,
  month: number,
  day = 1,
  hour = 0,
  minute = 0,
  second = 0,
  millisecond = 0,
): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  date.setUTCHours(hour, minute, second, millisecond);
  return date.getTime();
}

/** The moment at which clocks in the zone show `local` (milliseconds as if it were UTC). */
export function momentOf(local: number, zone: TimeZone): number {
  const guess = local - zone(local);
  return local - zone(guess);
}

const ISO_DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:\s*(Z|[+-]\d\d:?(?:\d\d)?))?)?$/;

/** Reads an ISO 8601 date; `undefined` for any other text. */
export function parseIsoDate(text: string, zone: TimeZone = UTC): Date | undefined {
  const match = ISO_DATE.exec(text.trim());
  if (!match) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  const milliseconds = Math.floor(Number(`0.${fraction || '0'}`) * 1000 + 1e-9);
  const local = utcOf(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    milliseconds,
  );
  const shown = new Date(local);
  const valid = shown.getUTCMonth() === Number(month) - 1 && shown.getUTCDate() === Number(day);
  if (!valid || Number(hour) > 24 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return new Date(momentOf(local, offset === undefined ? zone : parseTimeZone(offset)));
}
