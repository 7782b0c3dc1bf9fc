/** What test sockets heard that does not fit the protocol, since the last test. */
const violations: string[] = [];

/** Keeps a violation until the test ends, which it fails. */
export const noteViolation = (violation: string): void => {
  violations.push(violation);
};

/** The violations so far; forgets them. */
export const takeViolations = (): string[] => violations.splice(0);
