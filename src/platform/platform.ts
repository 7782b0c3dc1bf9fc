import { join } from 'node:path';
import type { Connection } from 'mongoose';
import type { Config } from '../config/index.js';
import type { Clock } from '../shared/clock.js';
import { systemClock } from '../shared/clock.js';
import { DiskSpace } from './disk-space.js';
import { probeDatabase, probeFolder } from './disk-probes.js';
import { EventBus } from './event-bus.js';
import { Jobs } from './jobs.js';
import { Leases, defineLeaseModels } from './leases.js';
import type { LagSource } from './load-monitor.js';
import { LoadMonitor, eventLoopLag } from './load-monitor.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import { createMetrics } from './metrics.js';
import type { Database } from './mongo.js';
import { connectDatabase } from './mongo.js';
import { RateLimiter } from './rate-limiter.js';
import type { RedisClients } from './redis.js';
import { Shutdown } from './shutdown.js';
import { mediaDirectory } from './storage/create-storage.js';
import { toAppError } from './to-app-error.js';
import { UserLimits } from './user-limits.js';
import { UserTurns } from './user-turns.js';
import { WorkTracker } from './work-tracker.js';

/** Lengths of time in milliseconds. */
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Attempts to send that are answered for each message that may be sent: retries ask the database, too. */
const SEND_TRIES = 10;

/** What a node may be given when it is made; the optional parts are for tests. */
export interface PlatformOptions {
  config: Config;
  /** The database to use: the configured one, or the embedded one's address. */
  mongodbUri: string;
  /** Whether no other node can use the database; absent: others may. */
  isDatabasePrivate?: boolean;
  logger: Logger;
  clock?: Clock;
  /** What tells how far the event loop lags behind; absent: the loop itself. */
  lagSource?: LagSource;
}

/** Makes a counter of calls: `limit` within `windowMs` milliseconds. */
export type MakeLimiter = (name: string, limit: number, windowMs: number) => RateLimiter;

/** What every module and transport uses: the connected stores, the bus, limits, jobs and the shutdown. */
export interface Platform<Events extends object> {
  config: Config;
  logger: Logger;
  clock: Clock;
  metrics: Metrics;
  load: LoadMonitor;
  /** Counts the work under way over all transports, and refuses more under load and at shutdown. */
  work: WorkTracker;
  bus: EventBus<Events>;
  database: Pick<Database, 'close' | 'isConnected'>;
  connection: Connection;
  /** Whether no other node can use the database. */
  isDatabasePrivate: boolean;
  redis: RedisClients | undefined;
  /** Which disks are full. */
  disks: DiskSpace;
  jobs: Jobs;
  shutdown: Shutdown;
  /** Counts over all nodes where there is a Redis. */
  limiter: MakeLimiter;
  /** Counts on this node alone. */
  localLimiter: MakeLimiter;
  /** Counts the calls of each user. */
  userLimits: UserLimits;
  /** Where each user's requests and commands take their turn. */
  userTurns: UserTurns;
  /** Where each user's uploads take theirs: one may last for minutes. */
  uploadTurns: UserTurns;
}

/**
 * Connects to the database and to Redis, and makes what all modules share.
 *
 * @param defineModels registers the models of all modules on a connection.
 * @throws {ConfigError} when the database cannot be used.
 */
export const createPlatform = async <Events extends object>(
  options: PlatformOptions,
  defineModels: (connection: Connection) => void,
): Promise<Platform<Events>> => {
  const { config, logger, clock = systemClock } = options;
  const database = await connectDatabase(options.mongodbUri, config, logger, (connection) => {
    defineModels(connection);
    defineLeaseModels(connection);
  });
  const { connection } = database;
  const redis = await connectRedis(config, logger);
  const metrics = createMetrics();
  const limiter: MakeLimiter = (name, limit, windowMs) =>
    new RateLimiter({ name, limit, windowMs }, logger, redis);
  // Not worth a call to Redis: what is bounded is the load that one user makes here.
  const localLimiter: MakeLimiter = (name, limit, windowMs) =>
    new RateLimiter({ name, limit, windowMs }, logger);
  const load = new LoadMonitor({
    source: options.lagSource ?? eventLoopLag(),
    lagMs: config.overloadLagMs,
    logger,
    metrics,
  });
  const disks = new DiskSpace({
    logger,
    probes: {
      databaseDisk: () => probeDatabase(connection),
      mediaDisk: () => probeFolder(join(mediaDirectory(config), 'tmp')),
    },
  });
  return {
    config,
    logger,
    clock,
    metrics,
    load,
    work: new WorkTracker(load),
    bus: new EventBus<Events>(logger),
    database,
    connection,
    isDatabasePrivate: options.isDatabasePrivate ?? false,
    redis,
    disks,
    jobs: new Jobs(logger, new Leases(connection, clock), (error) => {
      disks.note(toAppError(error));
    }),
    shutdown: new Shutdown(logger),
    limiter,
    localLimiter,
    userLimits: new UserLimits({
      changes: limiter('changes', config.rateLimitChangesPerMinute, MINUTE),
      live: limiter('live', config.rateLimitLivePerMinute, MINUTE),
      lookups: limiter('lookups', config.rateLimitLookupsPerMinute, MINUTE),
      marks: localLimiter('marks', config.rateLimitMarksPerMinute, MINUTE),
      reads: localLimiter('reads', config.rateLimitReadsPerMinute, MINUTE),
      sends: localLimiter('sends', SEND_TRIES * config.rateLimitMessagesPerMinute, MINUTE),
      signals: localLimiter('signals', config.rateLimitSignalsPerMinute, MINUTE),
      sync: limiter('sync', config.rateLimitSyncPerMinute, MINUTE),
      uploads: localLimiter('uploads', config.rateLimitUploadsPerMinute, MINUTE),
      writes: localLimiter('writes', config.rateLimitWritesPerMinute, MINUTE),
    }),
    userTurns: new UserTurns(config.userConcurrency),
    uploadTurns: new UserTurns(config.userConcurrency),
  };
};

/** The clients of Redis, where there is one; the driver is loaded only then. */
const connectRedis = async (
  { redisUrl }: Pick<Config, 'redisUrl'>,
  logger: Logger,
): Promise<RedisClients | undefined> => {
  if (!redisUrl) return undefined;
  const { RedisClients } = await import('./redis.js');
  return new RedisClients(redisUrl, logger);
};
