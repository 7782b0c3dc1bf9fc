/**
 * A real node on a free port, over a database of its own, for tests. Everything is real but the limits,
 * which are off unless a test turns one on.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import supertest from 'supertest';
import { loadConfig } from '../../src/config/index.js';
import type { App } from '../../src/app.js';
import { createApp } from '../../src/app.js';
import { createLogger } from '../../src/platform/logger.js';
import type { LagSource } from '../../src/platform/load-monitor.js';
import type { Clock } from '../../src/shared/clock.js';

/** A running node. */
export interface TestServer {
  url: string;
  port: number;
  app: App;
  /** Address of the database that this node uses; a second node given it shares the data. */
  mongodbUri: string;
  /** HTTP client of the node. */
  http: ReturnType<typeof supertest>;
  close(): Promise<void>;
}

/** Somebody with an account on the node. */
export interface TestUser {
  id: string;
  username: string;
  token: string;
  refreshToken: string;
  /** Header for supertest's `set`. */
  auth: { Authorization: string };
}

const QUIET = {
  NODE_ENV: 'test',
  LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
  BCRYPT_ROUNDS: '4',
  JWT_SECRET: 'a secret that is only used in tests',
  RATE_LIMIT_MESSAGES_PER_MINUTE: '0',
  RATE_LIMIT_CONVERSATIONS_PER_HOUR: '0',
  RATE_LIMIT_GENERAL_PER_15_MIN: '0',
  RATE_LIMIT_USER_PER_15_MIN: '0',
  RATE_LIMIT_AUTH_PER_15_MIN: '0',
  RATE_LIMIT_LOGOUTS_PER_MINUTE: '0',
  RATE_LIMIT_REGISTER_PER_HOUR: '0',
  RATE_LIMIT_LOGIN_FAILURES_PER_HOUR: '0',
  RATE_LIMIT_TOTP_FAILURES_PER_HOUR: '0',
  RATE_LIMIT_MAIL_REQUESTS_PER_HOUR: '0',
  RATE_LIMIT_MAILS_PER_HOUR: '0',
  RATE_LIMIT_EVENTS_PER_SECOND: '0',
  RATE_LIMIT_SIGNALS_PER_MINUTE: '0',
  RATE_LIMIT_CHANGES_PER_MINUTE: '0',
  RATE_LIMIT_LOOKUPS_PER_MINUTE: '0',
  RATE_LIMIT_SYNC_PER_MINUTE: '0',
  RATE_LIMIT_READS_PER_MINUTE: '0',
  RATE_LIMIT_WRITES_PER_MINUTE: '0',
  RATE_LIMIT_MARKS_PER_MINUTE: '0',
  RATE_LIMIT_UPLOADS_PER_MINUTE: '0',
  RATE_LIMIT_FILES_PER_MINUTE: '0',
  USER_CONCURRENCY: '0',
  HTTP_CONNECTIONS_PER_ADDRESS: '0',
  PORT: '0',
  OVERLOAD_LAG_MS: '0',
  // A machine that is busy with other suites must not look like a database that is away.
  REQUEST_TIMEOUT_MS: '20000',
  DATABASE_TIMEOUT_MS: '10000',
  HOST: '127.0.0.1',
};

/** The run's database server, with a database name of its own. */
const ownDatabase = (): string => {
  const base = process.env.TEST_MONGODB_URI ?? process.env.MONGODB_URI;
  if (!base) throw new Error('no database: the suite must run with test/support/database.ts');
  const url = new URL(base);
  url.pathname = `/test_${randomUUID().slice(0, 13).replace('-', '')}`;
  return url.href;
};

/** What a test may choose. */
export interface ServerOptions {
  /** Environment variables, as a user would set them. */
  env?: Record<string, string>;
  /** Use another node's database instead of a new one. */
  mongodbUri?: string;
  /** Whether no other node will use the database, as with the embedded one. */
  isDatabasePrivate?: boolean;
  clock?: Clock;
  /** Tells how far the event loop lags behind; what it says counts when OVERLOAD_LAG_MS is set. */
  lagSource?: LagSource;
}

/** Starts a node. Close it when done; the node that made the database drops it. */
export const startServer = async (options: ServerOptions = {}): Promise<TestServer> => {
  const mongodbUri = options.mongodbUri ?? ownDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-test-'));
  const config = loadConfig({ ...QUIET, DATA_DIR: dataDir, ...options.env });
  const app = await createApp({
    config,
    mongodbUri,
    logger: createLogger(config),
    ...(options.isDatabasePrivate && { isDatabasePrivate: true }),
    ...(options.clock && { clock: options.clock }),
    ...(options.lagSource && { lagSource: options.lagSource }),
  });
  const port = await app.listen();
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    app,
    mongodbUri,
    http: supertest(url),
    close: async () => {
      await app.shutdown.run();
      await rm(dataDir, { recursive: true, force: true });
      if (options.mongodbUri === undefined) await dropDatabase(mongodbUri);
    },
  };
};

const dropDatabase = async (uri: string): Promise<void> => {
  const client = await MongoClient.connect(uri);
  await client.db().dropDatabase();
  await client.close();
};

let userCount = 0;

/** Registers somebody over REST. */
export const registerUser = async (
  server: TestServer,
  name = `user${(userCount += 1)}_${randomUUID().slice(0, 6)}`,
): Promise<TestUser> => {
  const response = await server.http
    .post('/api/auth/register')
    .send({ username: name, email: `${name}@example.com`, password: 'test123' })
    .expect(201);
  const { token, refreshToken, user } = response.body.data as {
    token: string;
    refreshToken: string;
    user: { id: string };
  };
  return {
    id: user.id,
    username: name,
    token,
    refreshToken,
    auth: { Authorization: `Bearer ${token}` },
  };
};

/** Registers two people and opens an accepted direct chat between them. */
export const openDirectChat = async (
  server: TestServer,
): Promise<{ alice: TestUser; bob: TestUser; chatId: string }> => {
  const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
  const chatId = await openChatBetween(server, alice, bob);
  return { alice, bob, chatId };
};

/** Opens an accepted direct chat between two people. */
export const openChatBetween = async (
  server: TestServer,
  initiator: TestUser,
  recipient: TestUser,
): Promise<string> => {
  const opened = await server.http
    .post('/api/chats/or-create')
    .set(initiator.auth)
    .send({ recipientId: recipient.id });
  const chatId = (opened.body as { data: { id: string } }).data.id;
  await server.http.post(`/api/chats/${chatId}/accept`).set(recipient.auth).expect(200);
  return chatId;
};
