/**
 * What `@jest/globals` is in a test worker. Jest makes these anew for every file, while the modules that files
 * share import them once: they are live bindings, and `take` sets them for the next file.
 */
export let afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test;

export const take = (globals) => {
  ({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } = globals);
};
