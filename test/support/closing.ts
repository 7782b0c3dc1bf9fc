import { afterEach } from '@jest/globals';

/**
 * Closes after each test what it has opened, the last first, whether or not its expectations held.
 *
 * @returns takes what is to be closed.
 */
export const closeAfterEach = (): ((close: () => Promise<unknown>) => void) => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return (close) => void closing.push(close);
};
