import { Error as MongooseError, Mongoose } from 'mongoose';
import type { Connection, mongo } from 'mongoose';
import type { Config } from '../config/index.js';
import { ConfigError } from '../config/index.js';
import { metadataIndexesOf } from '../shared/metadata.js';
import { DriverWatch } from './driver-watch.js';
import type { Logger } from './logger.js';
import { setMetadataIndexes } from './metadata-indexes.js';

/** A connected database: its Mongoose connection, whether it answers, and how to close it. */
export interface Database {
  connection: Connection;
  /** Whether the driver currently has a usable server. */
  isConnected(): boolean;
  close(): Promise<void>;
}

/** How long an operation looks for a server before it gives up, in milliseconds. */
const SELECTION_TIMEOUT_MS = 2000;
/** How long the start waits for a server: with compose, the database may start beside us. */
const START_TIMEOUT_MS = 30_000;
/**
 * How long a new connection, or a monitor's question, may take. The driver's own 30 s would leave a
 * node without a server for that long after a network that swallowed one packet has recovered.
 */
const CONNECT_TIMEOUT_MS = 5000;
/** How often the driver asks a server how it is, and how long it may wait for news (ms). */
const HEARTBEAT_MS = 10_000;
const MAX_CONNECTIONS = 20;
/** How much later than its deadline the driver may end something before it counts as lost (ms). */
const LEEWAY_MS = 2000;
/** Building an index on a grown collection may take long; nobody waits for it but the start. */
const INDEX_BUILD_TIMEOUT_MS = 30 * 60_000;

/**
 * A Mongoose of its own for every connection, with the settings that keep an operator in user input
 * from reaching the database (`sanitizeFilter`), and that make a misspelt field an error.
 */
const hardenedMongoose = (): Mongoose => {
  const mongoose = new Mongoose();
  mongoose.set('sanitizeFilter', true);
  mongoose.set('strictQuery', 'throw');
  mongoose.set('strict', 'throw');
  mongoose.set('bufferCommands', false);
  mongoose.set('autoIndex', false);
  mongoose.set('autoCreate', false);
  return mongoose;
};

/**
 * Connects to the database and makes the indexes that the models declare, and those over metadata that the settings
 * name.
 *
 * @param config without `metadataIndexes`, the indexes over metadata stay as they are.
 * @param defineModels registers every model on a connection; called twice, because the indexes are
 *   built over a connection of their own, which has no operation deadline.
 * @throws {ConfigError} when the address is none, or no server there answers within thirty seconds.
 */
export const connectDatabase = async (
  uri: string,
  config: Pick<Config, 'databaseTimeoutMs'> & Partial<Pick<Config, 'metadataIndexes'>>,
  logger: Logger,
  defineModels: (connection: Connection) => void,
): Promise<Database> => {
  await buildIndexes(uri, defineModels, config.metadataIndexes);
  const mongoose = hardenedMongoose();
  const connection = mongoose.createConnection();
  connection.on('error', (error) => logger.error({ err: error }, 'database connection failed'));
  connection.on('disconnected', () => logger.warn('database disconnected'));
  connection.on('reconnected', () => logger.info('database reconnected'));
  defineModels(connection);
  await open(connection, uri, {
    serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    // The only deadline that also covers inserts and a server that has stopped answering.
    socketTimeoutMS: config.databaseTimeoutMs,
    waitQueueTimeoutMS: config.databaseTimeoutMs,
    heartbeatFrequencyMS: HEARTBEAT_MS,
    maxPoolSize: MAX_CONNECTIONS,
    writeConcern: { w: 'majority' },
    ignoreUndefined: true,
  });
  const watch = new DriverWatch(
    connection.getClient(),
    {
      // To connect, and then to ask: each has the deadline of a connection.
      heartbeatMs: 2 * CONNECT_TIMEOUT_MS + LEEWAY_MS,
      awaitMs: HEARTBEAT_MS,
      operationMs: config.databaseTimeoutMs + LEEWAY_MS,
      lostOperations: MAX_CONNECTIONS / 2,
    },
    logger,
  );
  watch.start();
  return {
    connection,
    isConnected: () => connection.readyState === 1,
    close: async () => {
      await watch.stop();
      await connection.close();
    },
  };
};

/**
 * The driver looks for a server no longer at first than it does for an operation; the start may wait.
 *
 * @throws {ConfigError} when no server answers within thirty seconds.
 */
const open = async (
  connection: Connection,
  uri: string,
  options: mongo.MongoClientOptions,
): Promise<void> => {
  const giveUpAt = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      await connection.openUri(uri, options);
      return;
    } catch (error) {
      const mayCome = error instanceof MongooseError.MongooseServerSelectionError;
      if (!mayCome || performance.now() > giveUpAt) throw unusable(error as Error);
    }
  }
};

const unusable = ({ message }: Error): ConfigError =>
  new ConfigError([`MONGODB_URI names no usable database: ${message}`]);

const buildIndexes = async (
  uri: string,
  defineModels: (connection: Connection) => void,
  metadataKeys: string[] | undefined,
): Promise<void> => {
  const mongoose = hardenedMongoose();
  const connection = mongoose.createConnection(uri, {
    serverSelectionTimeoutMS: START_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    socketTimeoutMS: INDEX_BUILD_TIMEOUT_MS,
    maxPoolSize: 2,
  });
  defineModels(connection);
  try {
    await connection.asPromise().catch((error: unknown) => {
      throw unusable(error as Error);
    });
    await Promise.all(connection.modelNames().map((name) => createIndexesOf(connection, name)));
    if (metadataKeys) {
      await setMetadataIndexes(connection.db!, metadataIndexesOf(metadataKeys));
    }
  } finally {
    await connection.close();
  }
};

/** One command for each collection: Mongoose's own way takes one for each index, and waits for each. */
const createIndexesOf = async (connection: Connection, modelName: string): Promise<void> => {
  const { collection, schema } = connection.model(modelName);
  const indexes = schema
    .indexes()
    .map(([key, options]) => ({ ...options, key }) as mongo.IndexDescription);
  if (indexes.length > 0) await collection.createIndexes(indexes);
};
