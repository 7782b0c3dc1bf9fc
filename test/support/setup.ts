/**
 * Runs before every test file: a rejection nobody owns, or an exception nobody caught, must fail the
 * suite instead of passing unnoticed.
 */
import { afterAll, expect } from '@jest/globals';

const unhandled: unknown[] = [];
const remember = (reason: unknown) => {
  unhandled.push(reason);
};
process.on('unhandledRejection', remember);
process.on('uncaughtException', remember);

afterAll(async () => {
  // Rejections are reported after the microtask queue has drained.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', remember);
  process.off('uncaughtException', remember);
  expect(unhandled).toEqual([]);
});
