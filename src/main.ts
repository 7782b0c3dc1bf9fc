import 'dotenv/config';
import { ConfigError, loadConfig } from './config/index.js';
import { createApp } from './app.js';
import { openDatabase } from './open-database.js';
import type { Logger } from './platform/logger.js';
import { createLogger } from './platform/logger.js';
import { printWelcome } from './welcome.js';

/** The whole shutdown must end within this time (ms), whatever hangs. */
const SHUTDOWN_LIMIT_MS = 25_000;

/** Whether the process is ending; what fails then because something it needs is closed is not logged. */
let isShuttingDown = false;

/**
 * Ends the process in order when it is told to, or when it cannot be trusted any more. A signal that comes
 * again, as from an impatient hand or a supervisor, changes nothing: the shutdown has a limit of its own.
 *
 * @param end closes what there is at the moment.
 */
const shutDownInOrder = (logger: Logger, end: () => Promise<void>): void => {
  let exitCode = 0;
  const shutDown = (reason: string, code: number) => {
    exitCode = Math.max(exitCode, code);
    if (isShuttingDown) return;
    isShuttingDown = true;
    logger.info({ reason }, 'shutting down');
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    void end()
      .catch((error: unknown) => {
        logger.error({ err: error }, 'shutdown aborted');
        exitCode = 1;
      })
      .then(() => process.exit(exitCode));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      shutDown(signal, 0);
    });
  }
  // A rejection that nobody owns leaves the process in an unknown state: log it, shut down in order.
  process.on('unhandledRejection', (error) => {
    logger.fatal({ err: error }, 'unhandled rejection');
    shutDown('unhandled rejection', 1);
  });
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught exception');
    shutDown('uncaught exception', 1);
  });
};

const start = async (): Promise<void> => {
  const config = loadConfig(process.env);
  const logger = createLogger(config);
  // While a node is being built there is nobody whom it would have to let go of.
  let end = () => Promise.resolve();
  shutDownInOrder(logger, () => end());
  const database = await openDatabase(config, logger);
  end = () => database.close();
  const app = await createApp({
    config,
    mongodbUri: database.uri,
    isDatabasePrivate: database.isPrivate,
    logger,
  });
  app.shutdown.add('close embedded database', 5000, () => database.close());
  if (isShuttingDown) return;
  end = () => app.shutdown.run();

  const port = await app.listen();
  logger.info({ port, database: database.where }, 'listening');
  printWelcome({ config, port, database: database.where });
};

start().catch((error: unknown) => {
  if (isShuttingDown) return;
  const message = error instanceof ConfigError ? error.message : error;
  // Not through the logger: its settings may be the very thing that is wrong.
  process.stderr.write(`${String(message instanceof Error ? message.stack : message)}\n`);
  process.exit(1);
});
