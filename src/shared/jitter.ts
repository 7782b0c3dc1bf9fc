/**
 * A time between two bounds, for clients that were refused together and must not come back together.
 *
 * @param from seconds, and `to` seconds; the answer has one decimal.
 * @param random a source of numbers from 0 to 1.
 */
export const jittered = (from: number, to: number, random: () => number): number =>
  Math.round((from + random() * (to - from)) * 10) / 10;
