import { AppError } from './errors.js';

/**
 * Longest time for one step of a queue that others wait behind, in milliseconds. The database has
 * deadlines of its own; this one holds also when an operation is lost without an answer, which would
 * otherwise block its queue for ever.
 */
export const QUEUE_STEP_MS = 3000;

/** The error of work that took too long. */
export const timedOut = (): AppError =>
  new AppError('TIMEOUT', 'This took too long; try again', { retryAfter: 1 });

/**
 * Waits for work, but no longer than the deadline. The work itself goes on; a write that ends after
 * its deadline is found by the client's retry with the same id.
 *
 * @throws {AppError} TIMEOUT after `timeoutMs` milliseconds.
 */
export const withDeadline = async <T>(work: Promise<T>, timeoutMs: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(timedOut());
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
};
