/**
 * Started once per test run, before the first suite that talks to a server: gives every test worker
 * a database server in `TEST_MONGODB_URI`. It is `MONGODB_URI` when that is set; else an embedded
 * database with a folder of its own, which goes away with the run.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What the teardown has to take away; jest runs both in one process. */
export interface StartedDatabase {
  child: ChildProcess;
  folder: string;
}

declare global {
  var parleyTestDatabase: StartedDatabase | undefined;
}

const START_TIMEOUT_MS = 120_000;

/** The first line of the child's output, which is the URI; rejects when it ends or is late. */
const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error('The embedded database did not start in time'));
    }, START_TIMEOUT_MS);
    child.once('exit', (code) => {
      reject(new Error(`The embedded database ended with code ${code} while starting`));
    });
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer);
      resolve(line);
    });
  });

const startDatabase = async (): Promise<void> => {
  if (process.env.MONGODB_URI) {
    process.env.TEST_MONGODB_URI = process.env.MONGODB_URI;
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'parley-test-'));
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(process.cwd(), 'test/support/embedded-database.ts'), folder],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  globalThis.parleyTestDatabase = { child, folder };
  process.env.TEST_MONGODB_URI = await firstLine(child);
};

export default startDatabase;
