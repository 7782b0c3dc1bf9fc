import { join } from 'node:path';
import type { Connection } from 'mongoose';
import type { Config } from '../config/index.js';
import { defineAuditModel } from '../modules/users/audit.index.js';
import { defineAuthModels, loadOrCreateSecret } from '../modules/users/auth.index.js';
import { defineBroadcastModels } from '../modules/broadcasts/index.js';
import { defineChatModels } from '../modules/chats/index.js';
import { defineLiveModels } from '../modules/live/index.js';
import { defineMediaModels } from '../modules/media/index.js';
import { defineMessageModels } from '../modules/messages/index.js';
import { AccessChangeFeed, defineAccessChangeModel } from '../modules/access-changes/index.js';
import { defineReportModel } from '../modules/moderation/reports.index.js';
import { defineSearchModels } from '../modules/search/index.js';
import { defineUserModels } from '../modules/users/index.js';
import { DiskSpace } from '../platform/disk-space.js';
import { EventBus } from '../platform/event-bus.js';
import { WorkTracker } from '../platform/work-tracker.js';
import { defineLeaseModel } from '../platform/leases.js';
import type { LagSource } from '../platform/load-monitor.js';
import { LoadMonitor, eventLoopLag } from '../platform/load-monitor.js';
import type { Logger } from '../platform/logger.js';
import type { Metrics } from '../platform/metrics.js';
import { createMetrics } from '../platform/metrics.js';
import type { Database } from '../platform/mongo.js';
import { connectDatabase } from '../platform/mongo.js';
import { probeDatabase, probeFolder } from '../platform/disk-probes.js';
import { RateLimiter } from '../platform/rate-limiter.js';
import { RedisClients } from '../platform/redis.js';
import { Shutdown } from '../platform/shutdown.js';
import { mediaDirectory } from '../platform/storage/create-storage.js';
import { UserLimits } from '../platform/user-limits.js';
import { UserTurns } from '../platform/user-turns.js';
import type { Clock } from '../shared/clock.js';
import { systemClock } from '../shared/clock.js';
import type { DomainEvents } from './domain-events.js';
import { MINUTE } from './intervals.js';

/** What a node is built from. */
export interface ContainerOptions {
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

/** Attempts to send that are answered for each message that may be sent: retries ask the database, too. */
const SEND_TRIES = 10;

const defineModels = (connection: Connection) => {
  defineUserModels(connection);
  defineAuthModels(connection);
  defineMediaModels(connection);
  return {
    chats: defineChatModels(connection),
    audits: defineAuditModel(connection),
    broadcasts: defineBroadcastModels(connection),
    reports: defineReportModel(connection),
    live: defineLiveModels(connection),
    search: defineSearchModels(connection),
    messages: defineMessageModels(connection),
    accessChanges: defineAccessChangeModel(connection),
    leases: defineLeaseModel(connection),
  };
};

/** What every area stands on: settings, the connected stores, the event bus. */
export interface Foundation {
  config: Config;
  logger: Logger;
  clock: Clock;
  metrics: Metrics;
  load: LoadMonitor;
  /** Where new work is let in, over all transports. */
  intake: WorkTracker;
  bus: EventBus<DomainEvents>;
  shutdown: Shutdown;
  database: Database<ReturnType<typeof defineModels>>;
  /** Whether no other node can use the database. */
  isDatabasePrivate: boolean;
  models: ReturnType<typeof defineModels>;
  redis: RedisClients | undefined;
  /** Which disks are full. */
  disks: DiskSpace;
  /** Word to the other nodes that does not need Redis. */
  accessChanges: AccessChangeFeed;
  /** Signs access tokens and the addresses of files. */
  jwtSecret: string;
  /** Counts calls of this name: `limit` within `windowMs` milliseconds, over all nodes. */
  limiter(name: string, limit: number, windowMs: number): RateLimiter;
  /** As `limiter`, for what each node counts for itself. */
  localLimiter(name: string, limit: number, windowMs: number): RateLimiter;
  /** Counts the calls of each user. */
  userLimits: UserLimits;
  /** Where each user's requests and commands take their turn. */
  userTurns: UserTurns;
  /** Where each user's uploads do, which may take minutes. */
  uploadTurns: UserTurns;
}

/** Connects to the database and to Redis, and makes what all areas share. */
export const layFoundation = async (options: ContainerOptions): Promise<Foundation> => {
  const { config, logger, clock = systemClock } = options;
  const database = await connectDatabase(options.mongodbUri, config, logger, defineModels);
  const redis = config.redisUrl ? new RedisClients(config.redisUrl, logger) : undefined;
  const metrics = createMetrics();
  const limiter = (name: string, limit: number, windowMs: number) =>
    new RateLimiter({ name, limit, windowMs }, logger, redis);
  // Not worth a question to Redis: what is bounded is the load that one user makes here.
  const localLimiter = (name: string, limit: number, windowMs: number) =>
    new RateLimiter({ name, limit, windowMs }, logger);
  const load = new LoadMonitor({
    source: options.lagSource ?? eventLoopLag(),
    lagMs: config.overloadLagMs,
    logger,
    metrics,
  });
  return {
    config,
    logger,
    clock,
    metrics,
    load,
    intake: new WorkTracker(load),
    bus: new EventBus<DomainEvents>(logger),
    shutdown: new Shutdown(logger),
    database,
    isDatabasePrivate: options.isDatabasePrivate ?? false,
    models: database.models,
    redis,
    disks: new DiskSpace({
      logger,
      probes: {
        databaseDisk: () => probeDatabase(database.connection),
        mediaDisk: () => probeFolder(join(mediaDirectory(config), 'tmp')),
      },
    }),
    accessChanges: new AccessChangeFeed(database.models.accessChanges, clock),
    jwtSecret: config.jwtSecret ?? (await loadOrCreateSecret(config.dataDir)),
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
