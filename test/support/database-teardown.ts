/** Takes away what `database.ts` has started. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { StartedDatabase } from './database.js';

const STOP_TIMEOUT_MS = 10_000;

const stopDatabase = async (): Promise<void> => {
  const started: StartedDatabase | undefined = globalThis.parleyTestDatabase;
  if (!started) return;
  const { child, folder } = started;
  if (child.exitCode === null) {
    // The database ends in order when its input does, so it cannot outlive a run that crashed either.
    child.stdin?.end();
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await once(child, 'exit');
    clearTimeout(late);
  }
  await rm(folder, { recursive: true, force: true });
};

export default stopDatabase;
