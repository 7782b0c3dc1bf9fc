interface Claims {
  sub?: unknown;
  /** Seconds since 1970 until which the token is good. */
  exp?: unknown;
}

/** Whom a token stands for, unverified; good for telling accounts on one device apart. */
export const subjectOf = (token: string): string => String(claimsOf(token).sub ?? 'default');

/** Whether a token stands for the same user as another one, and for longer. */
export const succeeds = (token: string, earlier: string): boolean =>
  subjectOf(token) === subjectOf(earlier) &&
  Number(claimsOf(token).exp) > Number(claimsOf(earlier).exp);

const claimsOf = (token: string): Claims => {
  try {
    const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    return (JSON.parse(atob(payload)) ?? {}) as Claims;
  } catch {
    return {};
  }
};
