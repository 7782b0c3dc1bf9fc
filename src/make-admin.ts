/**
 * Program: gives a user the admin role. `npm run make-admin -- <username>`
 *
 * It stands in the audit log, as done by the system. Nodes that are running see it within a second. The
 * embedded database has one user at a time, so with it the server has to be stopped first.
 */
import 'dotenv/config';
import { loadConfig } from './config/index.js';
import { createAccessChanges, defineAccessChangeModels } from './modules/access-changes/index.js';
import { createAccounts, createAuditTrail, defineUsersModels } from './modules/users/index.js';
import { openDatabase } from './open-database.js';
import { EventBus } from './platform/event-bus.js';
import { createLogger } from './platform/logger.js';
import { connectDatabase } from './platform/mongo.js';
import { systemClock } from './shared/clock.js';

const makeAdmin = async (username: string): Promise<void> => {
  const config = loadConfig(process.env);
  const logger = createLogger({ ...config, logLevel: 'error' });
  const server = await openDatabase(config, logger);
  try {
    const database = await connectDatabase(server.uri, config, logger, (connection) => {
      defineUsersModels(connection);
      defineAccessChangeModels(connection);
    });
    try {
      const { connection } = database;
      const accounts = createAccounts({
        connection,
        bus: new EventBus(logger),
        clock: systemClock,
        accessChanges: createAccessChanges({ connection, clock: systemClock }).feed,
      });
      const user = await accounts.findByUsername(username);
      if (!user) throw new Error(`There is no user ${username}`);
      const subject = user._id.toString();
      const audit = createAuditTrail({ connection, clock: systemClock, logger });
      await audit.during(
        'system',
        { action: 'users.set_role', subject, details: { role: 'admin', by: 'make-admin' } },
        () => accounts.setRole(subject, 'admin'),
      );
      console.log(`${user.username} is an admin now.`);
    } finally {
      await database.close();
    }
  } finally {
    await server.close();
  }
};

const [username] = process.argv.slice(2);
if (username) {
  await makeAdmin(username).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
} else {
  console.error('Usage: npm run make-admin -- <username>');
  process.exitCode = 2;
}
