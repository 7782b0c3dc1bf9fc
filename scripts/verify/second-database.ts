import { access } from 'node:fs/promises';
import { isListening } from '../../test/support/listening.js';
import { run } from './command.js';

/** A MongoDB-compatible server for the second round of the tests. */
export interface SecondDatabase {
  uri: string;
  stop(): Promise<void>;
}

/** A folder beside the project may hold a test server: `up` prints its URI, `down` stops it. */
const FOLDER = '../shared/documentdb';
const START_TIMEOUT_MS = 5 * 60_000;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * The server that `MONGODB_URI` names, or the one beside the project; undefined when there is none.
 * Only a server that was started here is stopped here.
 *
 * @throws when the one beside the project does not start.
 */
export const secondDatabase = async (): Promise<SecondDatabase | undefined> => {
  if (process.env.MONGODB_URI) {
    return { uri: process.env.MONGODB_URI, stop: () => Promise.resolve() };
  }
  if (!(await exists(`${FOLDER}/up`))) return undefined;
  const wasRunning = await isListening(27017);
  const { ok, output } = await run(`${FOLDER}/up`, [], { timeoutMs: START_TIMEOUT_MS });
  const uri = /^mongodb:\/\/\S+$/m.exec(output)?.[0];
  if (!ok || !uri) throw new Error(output);
  const stop = async () => {
    if (!wasRunning) await run(`${FOLDER}/down`, []);
  };
  return { uri, stop };
};
