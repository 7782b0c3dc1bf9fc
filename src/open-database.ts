import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from './config/index.js';
import { startEmbeddedDb } from '@parley-chat/embedded-mongo';
import type { Logger } from './platform/logger.js';

/** A database server to connect to. */
export interface OpenDatabase {
  uri: string;
  /** Where the data is, for people. */
  where: string;
  /** Whether no other process can use it: the embedded database belongs to one. */
  isPrivate: boolean;
  /** Ends the embedded database; close the connections to it first. */
  close(): Promise<void>;
}

/**
 * The database that the settings name, or else the embedded one, started.
 *
 * @throws when another process has the embedded database open.
 */
export const openDatabase = async (
  config: Pick<Config, 'mongodbUri' | 'dataDir' | 'embeddedDurability'>,
  logger: Logger,
): Promise<OpenDatabase> => {
  if (config.mongodbUri) {
    return {
      uri: config.mongodbUri,
      where: 'MongoDB',
      isPrivate: false,
      close: () => Promise.resolve(),
    };
  }
  mkdirSync(config.dataDir, { recursive: true });
  const embedded = await startEmbeddedDb({
    dataDir: config.dataDir,
    durability: config.embeddedDurability,
    logger: linesFor(logger.child({ part: 'embedded database' })),
  });
  // Without it the process can do nothing, and nothing in it can start another: so it shuts down, as at
  // every rejection that nobody owns.
  void embedded.failed.then((error) => {
    throw new Error('The embedded database has ended', { cause: error });
  });
  logger.debug({ uri: embedded.uri }, 'embedded database started');
  return {
    uri: embedded.uri,
    where: resolve(config.dataDir),
    isPrivate: true,
    close: () => embedded.close(),
  };
};

/** What the embedded database has to say, in the log of the process. */
const linesFor = (logger: Logger) => ({
  info: (message: string) => {
    logger.info(message);
  },
  warn: (message: string) => {
    logger.warn(message);
  },
  error: (message: string) => {
    logger.error(message);
  },
});
