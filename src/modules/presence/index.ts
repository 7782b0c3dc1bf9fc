import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Publisher } from '../../platform/event-bus.js';
import type { LoadMonitor } from '../../platform/load-monitor.js';
import type { Logger } from '../../platform/logger.js';
import type { RedisClients } from '../../platform/redis.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessModels, Contacts } from '../chats/index.js';
import type { PresencePublisherParts } from './presence-publisher.js';
import { PresencePublisher } from './presence-publisher.js';
import { PresenceTracker } from './presence-tracker.js';
import type { StatusChooserParts } from './status-chooser.js';
import { StatusChooser } from './status-chooser.js';
import { PresenceAudiences } from './presence-audiences.js';
import type { PresenceEvents } from './presence.events.js';
import { MemoryPresenceStore } from './presence-store.js';
import { RedisPresenceStore } from './redis-presence-store.js';
import type { PresenceReaderParts } from './presence-reader.js';
import { PresenceReader } from './presence-reader.js';

export type { PresenceEvents } from './presence.events.js';
export type { PresenceTracker } from './presence-tracker.js';
export type { StatusChooser, ChosenStatus } from './status-chooser.js';
export type { VisiblePresence } from './presence.view.js';
export type { OnlineUser, PresenceReader } from './presence-reader.js';

/** The part of the user directory that presence reads and writes. */
type PresenceDirectory = PresenceReaderParts['directory'] &
  PresencePublisherParts['directory'] &
  StatusChooserParts['directory'];

/** What the module is built from. */
export interface PresenceModuleParts {
  models: AccessModels;
  contacts: Contacts;
  directory: PresenceDirectory;
  bus: Publisher<PresenceEvents>;
  load: Pick<LoadMonitor, 'isShedding'>;
  clock: Clock;
  logger: Logger;
  redis: RedisClients | undefined;
  config: {
    /** How long after the last connection a user still counts as here, in milliseconds. */
    presenceGraceMs: number;
    /** How long a node that says nothing counts as alive, in milliseconds. */
    presenceLeaseMs: number;
  };
}

/** The presence module, built. */
export interface PresenceModule {
  /** Counts sockets in and out. */
  attendance: PresenceTracker;
  see: PresenceReader;
  chooser: StatusChooser;
  /** How often `attendance.tick` runs, in milliseconds. */
  tickMs: number;
  /** Tells what was put off while the process was busy; run every second. */
  catchUp(): Promise<void>;
  /** Notes this node where the others look; waits for Redis a moment, and no longer. */
  start(): Promise<void>;
}

/** How long the start waits for Redis, in milliseconds. */
const START_WAIT_MS = 500;

/** Builds the presence module: leases in Redis where there is one, else this node alone. */
export const createPresenceModule = (parts: PresenceModuleParts): PresenceModule => {
  const { config, contacts, logger, models } = parts;
  const { presenceGraceMs: graceMs, presenceLeaseMs: leaseMs } = config;
  const redis = parts.redis?.client('presence');
  const store = redis
    ? new RedisPresenceStore({ redis, nodeId: randomUUID(), leaseMs, logger })
    : new MemoryPresenceStore();
  const audiences = new PresenceAudiences(models, contacts);
  const see = new PresenceReader({ ...parts, store, audiences });
  const announcer = new PresencePublisher({ ...parts, store, audiences, see });
  const chooser = new StatusChooser({ ...parts, store, announcer });
  const attendance = new PresenceTracker({ ...parts, store, announcer, graceMs });
  // The users of this node are noted as soon as Redis is there, not only with the next round.
  redis?.on('ready', () => {
    attendance.tick().catch((error: unknown) => {
      logger.warn({ err: error }, 'presence was not brought up to date');
    });
  });
  return {
    attendance,
    see,
    chooser,
    catchUp: () => announcer.catchUp(),
    tickMs: Math.max(50, Math.floor(leaseMs / 3)),
    start: async () => {
      if (redis && redis.status !== 'ready') {
        await once(redis, 'ready', { signal: AbortSignal.timeout(START_WAIT_MS) }).catch(() => {
          logger.warn('presence starts without Redis');
        });
      }
      await attendance.tick();
    },
  };
};
