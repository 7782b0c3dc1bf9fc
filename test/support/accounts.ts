/**
 * A node's accounts from inside, for what has no route: roles and closing an account. It has a database
 * connection of its own and says what happens on the node's event bus, as the node itself would.
 */
import type { Db } from 'mongodb';
import { loadConfig } from '../../src/config/index.js';
import {
  createAccessChanges,
  defineAccessChangeModels,
} from '../../src/modules/access-changes/index.js';
import type { UsersApi } from '../../src/modules/users/index.js';
import { createUsers, defineUsersModels } from '../../src/modules/users/index.js';
import { silentLogger } from './logger.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import { RateLimiter } from '../../src/platform/rate-limiter.js';
import { systemClock } from '../../src/shared/clock.js';
import type { TestServer } from './server.js';

/** The users module over a node's database, and the database itself. */
export interface TestAccounts extends Pick<UsersApi, 'accounts' | 'administration' | 'directory'> {
  db: Db;
  close(): Promise<void>;
}

/** Opens the accounts of a node; close them before the node. */
export const openAccounts = async (server: TestServer): Promise<TestAccounts> => {
  const logger = silentLogger();
  const { connection, close } = await connectDatabase(
    server.mongodbUri,
    { databaseTimeoutMs: 10_000 },
    logger,
    (opened) => {
      defineUsersModels(opened);
      defineAccessChangeModels(opened);
    },
  );
  const unlimited = new RateLimiter({ name: 'none', limit: 0, windowMs: 1 }, logger);
  const { feed, freshness } = createAccessChanges({ connection, clock: systemClock });
  const { accounts, administration, directory } = createUsers({
    config: loadConfig({ MEDIA_EXTERNAL_HOSTS: '*' }),
    connection,
    bus: server.app.bus,
    clock: systemClock,
    logger,
    jwtSecret: 'not used here, but of the length of a secret',
    accessChanges: feed,
    freshness,
    names: { assertNames: () => undefined, isAllowed: () => true },
    contacts: {
      agreedAmong: () => Promise.resolve(new Set<string>()),
      idsOf: () => Promise.resolve([]),
      areInOneChat: () => Promise.resolve(false),
    },
    mailOrders: undefined,
    limits: {
      signUps: unlimited,
      refusals: unlimited,
      wrongPasswords: unlimited,
      wrongCodes: unlimited,
      mailRequests: unlimited,
      mails: unlimited,
    },
  }).api;
  server.app.bus.subscribe(directory.subscriptions);
  return { accounts, administration, directory, db: connection.db as unknown as Db, close };
};
