import { createAdapter } from '@socket.io/redis-adapter';
import type { Redis } from 'ioredis';
import type { Server } from 'socket.io';
import type { EventBus, Publisher } from '../../platform/event-bus.js';
import type { Logger } from '../../platform/logger.js';
import type { RedisClients } from '../../platform/redis.js';

/** Name under which nodes pass domain events to each other. */
const DOMAIN_EVENT = 'domain';

/** What happens to the connection between the nodes. */
export interface ClusterEvents {
  /** Events between the nodes may have been lost; clients should ask for what they missed. */
  'cluster.gap': { since: string };
}

/** What the connection between the nodes needs of the bus. */
type ClusterBus = Publisher<ClusterEvents> &
  Pick<EventBus<object>, 'forwardTo' | 'receiveFromCluster'>;

/**
 * Connects the nodes: Socket.IO's Redis adapter, and over it the domain events, which every node
 * renders for its own sockets.
 *
 * Redis loses what it cannot deliver. Nothing correct depends on an event arriving: clients find gaps
 * by the numbers and sync. When Redis is back, `cluster.gap` says so: on this node alone after it could
 * not receive, on all nodes after it could not publish.
 */
export const joinCluster = (
  io: Server,
  bus: ClusterBus,
  redis: RedisClients,
  logger: Logger,
): void => {
  const subscriber = owningSubscriptions(redis.client('subscribe'), logger);
  const publisher = surviving(redis.client('publish'), logger, (since) => {
    bus.emit('cluster.gap', { since }, { scope: 'cluster' });
  });
  onReturn(subscriber, (since) => {
    bus.emit('cluster.gap', { since }, { scope: 'node' });
  });
  io.adapter(createAdapter(publisher, subscriber));
  io.on(DOMAIN_EVENT, (type: string, event: unknown) => {
    bus.receiveFromCluster(type, event);
  });
  bus.forwardTo((type, event) => {
    io.serverSideEmit(DOMAIN_EVENT, type, event);
  });
};

/** The calls of a subscriber whose outcome the adapter does not look at. */
const SUBSCRIPTION_CALLS = ['subscribe', 'psubscribe', 'unsubscribe', 'punsubscribe'] as const;

/**
 * The adapter subscribes and unsubscribes without waiting. A connection that closes meanwhile, as at
 * every shutdown, would make each of those an unhandled rejection; ioredis itself subscribes again
 * after it has reconnected.
 */
const owningSubscriptions = (client: Redis, logger: Logger): Redis => {
  for (const name of SUBSCRIPTION_CALLS) {
    const call = client[name].bind(client) as (...args: unknown[]) => Promise<unknown>;
    client[name] = ((...args: unknown[]) =>
      call(...args).catch((error: unknown) => {
        logger.debug({ err: error, call: name }, 'a subscription was not changed');
      })) as never;
  }
  return client;
};

/** Runs when a client that was connected, and then was not, is connected again. */
const onReturn = (client: Redis, handler: (since: string) => void): void => {
  let lostAt: string | undefined;
  client.on('close', () => {
    lostAt ??= new Date().toISOString();
  });
  client.on('ready', () => {
    if (lostAt === undefined) return;
    const since = lostAt;
    lostAt = undefined;
    handler(since);
  });
};

/**
 * The adapter ignores the outcome of a publish; here a failure is an owned one. The first publish that
 * succeeds after a failure is followed by `onGap`.
 */
const surviving = (client: Redis, logger: Logger, onGap: (since: string) => void): Redis => {
  const publish = client.publish.bind(client);
  let failedAt: string | undefined;
  const closeGap = () => {
    if (failedAt === undefined) return;
    const since = failedAt;
    failedAt = undefined;
    onGap(since);
  };
  client.publish = ((...args: Parameters<Redis['publish']>) =>
    publish(...args).then(
      (receivers) => {
        closeGap();
        return receivers;
      },
      (error: unknown) => {
        failedAt ??= new Date().toISOString();
        logger.debug({ err: error }, 'an event did not reach the other nodes');
        return 0;
      },
    )) as Redis['publish'];
  client.on('ready', closeGap);
  return client;
};
