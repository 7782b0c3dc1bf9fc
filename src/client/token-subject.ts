/** Whom a token stands for, unverified; good for telling accounts on one device apart. */
export const subjectOf = (token: string): string => {
  try {
    const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    return String((JSON.parse(atob(payload)) as { sub?: unknown }).sub ?? 'default');
  } catch {
    return 'default';
  }
};
