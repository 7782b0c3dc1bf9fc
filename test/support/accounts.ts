/**
 * A node's accounts from inside, for what has no route: roles and closing an account. It has a database
 * connection of its own and says what happens on the node's event bus, as the node itself would.
 */
import type { Db } from 'mongodb';
import {
  AccessChangeFeed,
  defineAccessChangeModel,
} from '../../src/modules/access-changes/index.js';
import type { UsersModule } from '../../src/modules/users/index.js';
import { createUsersModule, defineUserModels } from '../../src/modules/users/index.js';
import { createLogger } from '../../src/platform/logger.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import { systemClock } from '../../src/shared/clock.js';
import type { TestServer } from './server.js';

/** The users module over a node's database, and the database itself. */
export interface TestAccounts extends Pick<
  UsersModule,
  'accounts' | 'administration' | 'directory'
> {
  db: Db;
  close(): Promise<void>;
}

/** Opens the accounts of a node; close them before the node. */
export const openAccounts = async (server: TestServer): Promise<TestAccounts> => {
  const logger = createLogger({ logLevel: 'silent', nodeEnv: 'test' });
  const { connection, models, close } = await connectDatabase(
    server.mongodbUri,
    { databaseTimeoutMs: 10_000 },
    logger,
    (opened) => {
      defineUserModels(opened);
      return defineAccessChangeModel(opened);
    },
  );
  const { accounts, administration, directory } = createUsersModule({
    config: { mediaExternalHosts: '*' },
    connection,
    bus: server.container.bus,
    clock: systemClock,
    accessChanges: new AccessChangeFeed(models, systemClock),
    contacts: { shareChat: () => Promise.resolve(false) },
  });
  server.container.bus.subscribe(directory.subscriptions);
  return { accounts, administration, directory, db: connection.db as unknown as Db, close };
};
