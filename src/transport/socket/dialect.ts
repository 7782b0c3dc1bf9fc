/** The four ways to speak to Parley over a socket. */
export const DIALECTS = ['native', 'v0', 'conversation', 'room'] as const;
export type DialectName = (typeof DIALECTS)[number];

/** A set of dialects as bits, in the order of {@link DIALECTS}. */
export type DialectMask = number;

/** What a socket receives that has neither declared nor used a dialect. */
export const ALL_DIALECTS: DialectMask = (1 << DIALECTS.length) - 1;

/** The bit of one dialect. */
export const maskOf = (dialect: DialectName): DialectMask => 1 << DIALECTS.indexOf(dialect);

/** Whether a set contains a dialect. */
export const hears = (mask: DialectMask, dialect: DialectName): boolean =>
  (mask & maskOf(dialect)) !== 0;
