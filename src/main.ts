import 'dotenv/config';
import { ConfigError, loadConfig } from './config/index.js';
import { createContainer } from './container.js';
import { openDatabase } from './open-database.js';
import { createLogger } from './platform/logger.js';
import { printWelcome } from './welcome.js';

/** The whole way down must end within this time (ms), whatever hangs. */
const SHUTDOWN_LIMIT_MS = 25_000;

const start = async (): Promise<void> => {
  const config = loadConfig(process.env);
  const logger = createLogger(config);
  const database = await openDatabase(config, logger);
  const container = await createContainer({
    config,
    mongodbUri: database.uri,
    isDatabasePrivate: database.isPrivate,
    logger,
  });
  container.shutdown.add('close embedded database', 5000, () => database.close());

  const goDown = (reason: string, exitCode: number) => {
    logger.info({ reason }, 'going down');
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    void container.shutdown.run().then(() => process.exit(exitCode));
  };
  process.once('SIGTERM', () => {
    goDown('SIGTERM', 0);
  });
  process.once('SIGINT', () => {
    goDown('SIGINT', 0);
  });
  // A rejection that nobody owns leaves the process in an unknown state: log it, go down in order.
  process.on('unhandledRejection', (error) => {
    logger.fatal({ err: error }, 'unhandled rejection');
    goDown('unhandled rejection', 1);
  });
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught exception');
    goDown('uncaught exception', 1);
  });

  const port = await container.listen();
  logger.info({ port, database: database.where }, 'listening');
  printWelcome({ config, port, database: database.where });
};

start().catch((error: unknown) => {
  const message = error instanceof ConfigError ? error.message : error;
  // Not through the logger: its settings may be the very thing that is wrong.
  process.stderr.write(`${String(message instanceof Error ? message.stack : message)}\n`);
  process.exit(1);
});
