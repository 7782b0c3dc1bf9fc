/**
 * Runs before every test file: a rejection nobody owns, or an exception nobody caught, must fail the
 * suite instead of passing unnoticed. A frame that does not fit the protocol fails the test that has heard it.
 */
import { afterAll, afterEach, expect } from '@jest/globals';
import { takeViolations } from './violations.js';

const unhandled: unknown[] = [];
const remember = (reason: unknown) => {
  unhandled.push(reason);
};
process.on('unhandledRejection', remember);
process.on('uncaughtException', remember);

// What a test socket hears has to fit the protocol; see `protocol-contract.ts`. No `expect` here: it would count
// among the assertions that a test has announced.
afterEach(() => {
  const violations = takeViolations();
  if (violations.length > 0) throw new Error(violations.join('\n'));
});

afterAll(async () => {
  // Rejections are reported after the microtask queue has drained.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', remember);
  process.off('uncaughtException', remember);
  expect(unhandled).toEqual([]);
});
