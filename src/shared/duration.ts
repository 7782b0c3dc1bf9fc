const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/**
 * Seconds of a duration such as `15m`, `12h` or `7d`; a bare number is seconds.
 *
 * @throws {RangeError} when the text has another form.
 */
export const durationSeconds = (text: string): number => {
  const [, amount, unit = 's'] = /^(\d+)\s*([smhdw])?$/.exec(text) ?? [];
  if (amount === undefined) throw new RangeError(`Not a duration: ${text}`);
  return Number(amount) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
};
