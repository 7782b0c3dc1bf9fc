import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Config } from '../../config/index.js';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { LoadMonitor } from '../../platform/load-monitor.js';
import type { Logger } from '../../platform/logger.js';
import type { RedisClients } from '../../platform/redis.js';
import type { Clock } from '../../shared/clock.js';
import type {
  ChatAccess,
  ChatsRepository,
  Contacts,
  MembershipsRepository,
} from '../chats/index.js';
import type { MessageEvents } from '../messages/index.js';
import type { UserDirectory, UserEvents } from '../users/index.js';
import { Onlookers } from './onlookers.js';
import { PresenceAudiences } from './presence-audiences.js';
import { PresencePublisher } from './presence-publisher.js';
import { PresenceReader } from './presence-reader.js';
import { MemoryPresenceStore, RedisPresenceStore } from './presence-store.js';
import { PresenceTracker } from './presence-tracker.js';
import type { PresenceEvents, TypingEvents, ViewingEvents } from './presence.events.js';
import { StatusChooser } from './status-chooser.js';
import { Typing } from './typing.js';
import { Viewing } from './viewing.js';

export type { OnlineUser, PresenceReader, VisiblePresence } from './presence-reader.js';
export type { PresenceTracker } from './presence-tracker.js';
export type {
  PresenceEvents,
  TypingEvent,
  TypingEvents,
  ViewingEvent,
  ViewingEvents,
} from './presence.events.js';
export type { ChosenStatus, StatusChooser } from './status-chooser.js';
export type { Typing } from './typing.js';
export type { Viewing } from './viewing.js';

/** How long the start waits for Redis, in milliseconds. */
const START_WAIT_MS = 500;
/** How soon what was postponed is published, in milliseconds. */
const CATCH_UP_MS = 1000;
/** Rounds in which a node can renew its lease before it ends: two may fail. */
const ROUNDS_PER_LEASE = 3;
/** Shortest time between two renewals, in milliseconds. */
const MIN_ROUND_MS = 50;

/** The use cases of presence. */
export interface PresenceApi {
  /** Counts sockets in and out. */
  tracker: PresenceTracker;
  reader: PresenceReader;
  chooser: StatusChooser;
  typing: Typing;
  viewing: Viewing;
}

/** Builds the presence module: with Redis, leases of many nodes; without, this node alone. */
export const createPresence = ({
  config,
  bus,
  clock,
  logger,
  load,
  redis,
  contacts,
  chats,
  memberships,
  access,
  directory,
}: {
  config: Pick<
    Config,
    'presenceAudience' | 'presenceGraceMs' | 'presenceLeaseMs' | 'typingExpiresMs'
  >;
  bus: Publisher<PresenceEvents & TypingEvents & ViewingEvents>;
  clock: Clock;
  logger: Logger;
  load: Pick<LoadMonitor, 'isShedding'>;
  redis: RedisClients | undefined;
  contacts: Pick<
    Contacts,
    'agreedAmong' | 'among' | 'blockedWith' | 'blocksOf' | 'chatIdsOf' | 'openDirect' | 'shareChat'
  >;
  chats: Pick<ChatsRepository, 'roomsAmong'>;
  memberships: Pick<MembershipsRepository, 'isInAny' | 'userIdsInAny'>;
  access: Pick<ChatAccess, 'member' | 'snapshot'>;
  directory: Pick<
    UserDirectory,
    'card' | 'cards' | 'presenceProfiles' | 'setLastSeen' | 'setLastSeenOfMany' | 'setStatus'
  >;
}): {
  api: PresenceApi;
  subscriptions: Subscription<
    PresenceEvents &
      ViewingEvents &
      Pick<MessageEvents, 'message.sent'> &
      Pick<UserEvents, 'user.deactivated'>
  >[];
  jobs: Job[];
  /** Stores this node where the others look; waits for Redis a moment, and no longer. */
  start(): Promise<void>;
  /** Gives up all users when the node shuts down. */
  close(): Promise<void>;
} => {
  const { presenceGraceMs: graceMs, presenceLeaseMs: leaseMs } = config;
  const client = redis?.client('presence');
  const nodeId = randomUUID();
  const store = client
    ? new RedisPresenceStore({ redis: client, nodeId, leaseMs, logger })
    : new MemoryPresenceStore();
  const audiences = new PresenceAudiences({
    access,
    chats,
    memberships,
    contacts,
    audience: config.presenceAudience,
  });
  const reader = new PresenceReader(store, audiences, directory);
  const publisher = new PresencePublisher({ store, audiences, directory, bus, reader, load });
  const chooser = new StatusChooser({ store, directory, publisher, bus, clock });
  const tracker = new PresenceTracker({ store, publisher, directory, clock, logger, graceMs });
  const typing = new Typing({
    access,
    contacts,
    directory,
    bus,
    expiresMs: config.typingExpiresMs,
  });
  const onlookers = new Onlookers({ nodeId, bus, clock });
  const viewing = new Viewing({
    tracker,
    typing,
    onlookers,
    access,
    contacts,
    bus,
    audience: config.presenceAudience,
  });
  // The users of this node are stored as soon as Redis is there, not only with the next round.
  client?.on('ready', () => {
    tracker.renew().catch((error: unknown) => {
      logger.warn({ err: error }, 'presence was not stored again after Redis came back');
    });
  });
  return {
    api: { tracker, reader, chooser, typing, viewing },
    subscriptions: [
      ...tracker.subscriptions,
      ...typing.subscriptions,
      ...publisher.subscriptions,
      ...onlookers.subscriptions,
    ],
    jobs: [
      {
        name: 'presence leases',
        everyMs: Math.max(MIN_ROUND_MS, Math.floor(leaseMs / ROUNDS_PER_LEASE)),
        run: () => tracker.renew(),
      },
      { name: 'presence put off', everyMs: CATCH_UP_MS, run: () => publisher.catchUp() },
      { name: 'viewer counts', everyMs: onlookers.repeatMs, run: onlookers.repeat },
    ],
    start: async () => {
      if (client && client.status !== 'ready') {
        await once(client, 'ready', { signal: AbortSignal.timeout(START_WAIT_MS) }).catch(() => {
          logger.warn('presence starts without Redis');
        });
      }
      await tracker.renew();
    },
    close: () => {
      onlookers.close();
      return tracker.close();
    },
  };
};
