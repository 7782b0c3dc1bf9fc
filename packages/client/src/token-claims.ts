interface Claims {
  sub?: unknown;
  /** Seconds since 1970 at which the token was made. */
  iat?: unknown;
  /** Seconds since 1970 until which the token is good. */
  exp?: unknown;
}

/** Whom a token stands for, unverified; good for telling accounts on one device apart. */
export const subjectOf = (token: string): string => String(claimsOf(token).sub ?? 'default');

/** Whether a token stands for the same user as another one, and for longer. */
export const succeeds = (token: string, earlier: string): boolean =>
  subjectOf(token) === subjectOf(earlier) &&
  Number(claimsOf(token).exp) > Number(claimsOf(earlier).exp);

/** Longest wait of a timer in milliseconds; browsers and Node take longer ones for none. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
/** How long before its end a token is replaced, in milliseconds, unless it lives for less than four times that. */
const EARLY_MS = 60_000;

/**
 * In how many milliseconds a token that the server has just taken should be replaced; undefined for one that does
 * not say when it ends. The clock may be wrong: a token is replaced once in its life at least, and a new one not
 * before a quarter of it.
 *
 * @param isNew the token has just been got in exchange for another one.
 */
export const replaceAfter = (token: string, now: number, isNew: boolean): number | undefined => {
  const { exp, iat } = claimsOf(token);
  if (typeof exp !== 'number' || typeof iat !== 'number') return undefined;
  const life = (exp - iat) * 1000;
  const left = Math.min(exp * 1000 - now, life);
  // The server takes no token that has ended, so it is the clock that runs ahead.
  const earliest = isNew || left <= 0 ? life / 4 : 0;
  return Math.min(Math.max(left - Math.min(EARLY_MS, life / 4), earliest), LONGEST_WAIT_MS);
};

const claimsOf = (token: string): Claims => {
  try {
    const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    return (JSON.parse(atob(payload)) ?? {}) as Claims;
  } catch {
    return {};
  }
};
