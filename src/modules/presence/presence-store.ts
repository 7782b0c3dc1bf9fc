import type { Redis } from 'ioredis';
import type { Logger } from '../../platform/logger.js';

/** Users of a node that has died, and when it was last known to be alive. */
export interface Orphans {
  userIds: string[];
  lastSeen: Date;
}

/**
 * On which nodes users are. A node stores a user once, however many sockets they have on it; the entry
 * holds while the node renews its lease.
 */
export interface PresenceStore {
  /** Stores that a user is on this node; answers whether they were on no other. */
  enter(userId: string): Promise<boolean>;
  /** Stores that a user is no longer on this node; answers whether they are on no other. */
  leave(userId: string): Promise<boolean>;
  /** Of these users, those who are on some node. */
  online(userIds: string[]): Promise<Set<string>>;
  /**
   * Renews this node's lease. `lapsed` means that another node has taken this one for dead meanwhile
   * and has published that its users have gone.
   */
  renew(): Promise<'kept' | 'lapsed'>;
  /**
   * Users who have come or gone while the other nodes could not be reached, once they can be; each is
   * answered once.
   */
  takeUnreported(): string[];
  /** Takes over some users of a dead node, each of whom is given to one caller; undefined when there are none. */
  takeOrphans(): Promise<Orphans | undefined>;
  /** Lets this node's lease end in so many milliseconds; another node then publishes who has not come back. */
  release(ms: number): Promise<void>;
}

/** Presence of a single node. */
export class MemoryPresenceStore implements PresenceStore {
  private readonly users = new Set<string>();

  enter(userId: string): Promise<boolean> {
    this.users.add(userId);
    return Promise.resolve(true);
  }

  leave(userId: string): Promise<boolean> {
    this.users.delete(userId);
    return Promise.resolve(true);
  }

  online(userIds: string[]): Promise<Set<string>> {
    return Promise.resolve(new Set(userIds.filter((userId) => this.users.has(userId))));
  }

  renew(): Promise<'kept'> {
    return Promise.resolve('kept');
  }

  takeUnreported(): string[] {
    return [];
  }

  takeOrphans(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  release(): Promise<void> {
    this.users.clear();
    return Promise.resolve();
  }
}

/**
 * Keys in Redis. They share one hash tag, because a script may only touch the keys of one slot of a cluster.
 *
 * - `{presence}:nodes`: sorted set of nodes, by when their lease ends (ms).
 * - `{presence}:node:<id>`: set of the users on a node.
 * - `{presence}:lapsed:<id>`: a node that others have taken for dead, until it notices.
 */
const KEYS = {
  nodes: '{presence}:nodes',
  users: (nodeId: string) => `{presence}:node:${nodeId}`,
};

/** The scripts measure leases by the clock of Redis, so that the clocks of the nodes need not agree. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** KEYS: nodes. ARGV: this node, SADD or SREM, user. Answers 1 when the user is on no other node. */
const MOVE_USER = `${NOW}
redis.call(ARGV[2], '{presence}:node:' .. ARGV[1], ARGV[3])
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do
  if node ~= ARGV[1] and redis.call('SISMEMBER', '{presence}:node:' .. node, ARGV[3]) == 1 then
    return 0
  end
end
return 1`;

/** KEYS: nodes. ARGV: users. Answers those who are on a living node: each node is asked once, for all of them. */
const FIND_ONLINE = `${NOW}
local found = {}
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do
  local here = redis.call('SMISMEMBER', '{presence}:node:' .. node, unpack(ARGV))
  for place, user in ipairs(ARGV) do
    if here[place] == 1 then found[#found + 1] = user end
  end
end
return found`;

/**
 * KEYS: nodes. ARGV: node, length of a lease (ms). Answers 1 for a lease that has not ended, 0 for one that
 * had ended, in which case the node must store its users again, and 2 when others have seen it end.
 */
const RENEW = `${NOW}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
if redis.call('DEL', '{presence}:lapsed:' .. ARGV[1]) == 1 then return 2 end
if not ends or tonumber(ends) < now then return 0 end
return 1`;

/** KEYS: nodes. ARGV: node, milliseconds until its lease ends. */
const RELEASE = `${NOW}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])`;

/**
 * KEYS: nodes. ARGV: how many users at most, how long it is remembered that the node has lapsed (ms).
 * Answers when the lease of a dead node ended, and some of its users; nothing when no node is dead.
 */
const TAKE_ORPHANS = `${NOW}
local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now, 'WITHSCORES', 'LIMIT', 0, 1)
if #dead == 0 then return nil end
local users = redis.call('SPOP', '{presence}:node:' .. dead[1], ARGV[1])
redis.call('SET', '{presence}:lapsed:' .. dead[1], 1, 'PX', ARGV[2])
if redis.call('EXISTS', '{presence}:node:' .. dead[1]) == 0 then
  redis.call('ZREM', KEYS[1], dead[1])
end
return { dead[2], users }`;

/** Users in one command. */
const BATCH = 500;
/** How long after Redis is back the other nodes get to store their users too, in milliseconds. */
const CALM_MS = 3000;
/** How long it is remembered that a node was taken for dead, in milliseconds. */
const LAPSE_MEMORY_MS = 10 * 60_000;

/**
 * Presence on many nodes. While Redis is away, every node answers from its own sockets, without waiting;
 * when Redis is back, the node stores all its users again.
 */
export class RedisPresenceStore implements PresenceStore {
  private readonly local = new Set<string>();
  /** Whether Redis has this node's users: it answers, and no command to it has failed. */
  private isInStep = false;
  /** Since when it is, by the monotonic clock. */
  private inStepSince = 0;
  /** Users who have come or gone while Redis did not answer. */
  private readonly unreported = new Set<string>();

  constructor(
    private readonly deps: {
      redis: Redis;
      /** Unique among the nodes, and new with every start. */
      nodeId: string;
      /** How long a node that does not renew its lease counts as alive, in milliseconds. */
      leaseMs: number;
      logger: Logger;
    },
  ) {}

  async enter(userId: string): Promise<boolean> {
    this.local.add(userId);
    return this.move('SADD', userId);
  }

  async leave(userId: string): Promise<boolean> {
    this.local.delete(userId);
    return this.move('SREM', userId);
  }

  async online(userIds: string[]): Promise<Set<string>> {
    const found = new Set(userIds.filter((userId) => this.local.has(userId)));
    const elsewhere = userIds.filter((userId) => !found.has(userId));
    for (const batch of batches(elsewhere)) {
      const answer = await this.ask((redis) => redis.eval(FIND_ONLINE, 1, KEYS.nodes, ...batch));
      for (const userId of (answer as string[] | undefined) ?? []) found.add(userId);
    }
    return found;
  }

  async renew(): Promise<'kept' | 'lapsed'> {
    const { redis, nodeId, leaseMs, logger } = this.deps;
    try {
      const lease = await redis.eval(RENEW, 1, KEYS.nodes, nodeId, leaseMs);
      if (lease !== 1 || !this.isInStep) await this.recordAll();
      return lease === 2 ? 'lapsed' : 'kept';
    } catch (error) {
      this.isInStep = false;
      logger.debug({ err: error }, 'the presence lease was not renewed');
      return 'kept';
    }
  }

  takeUnreported(): string[] {
    if (!this.isInStep || performance.now() - this.inStepSince < CALM_MS) return [];
    const users = [...this.unreported];
    this.unreported.clear();
    return users;
  }

  async takeOrphans(): Promise<Orphans | undefined> {
    const { leaseMs } = this.deps;
    const answer = (await this.ask((redis) =>
      redis.eval(TAKE_ORPHANS, 1, KEYS.nodes, BATCH, LAPSE_MEMORY_MS),
    )) as [string, string[]] | null | undefined;
    if (!answer) return undefined;
    const [leaseEnded, userIds] = answer;
    return { userIds, lastSeen: new Date(Number(leaseEnded) - leaseMs) };
  }

  async release(ms: number): Promise<void> {
    await this.ask((redis) => redis.eval(RELEASE, 1, KEYS.nodes, this.deps.nodeId, ms));
  }

  private async move(operation: 'SADD' | 'SREM', userId: string): Promise<boolean> {
    const answer = await this.ask((redis) =>
      redis.eval(MOVE_USER, 1, KEYS.nodes, this.deps.nodeId, operation, userId),
    );
    if (answer === undefined) this.unreported.add(userId);
    return answer === undefined || answer === 1;
  }

  /** Asks Redis, unless it is known to be away; undefined when it does not answer. */
  private async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (!this.isInStep) return undefined;
    try {
      return await question(this.deps.redis);
    } catch (error) {
      this.isInStep = false;
      this.deps.logger.debug({ err: error }, 'presence continues without Redis');
      return undefined;
    }
  }

  /**
   * Stores all users of this node again. Redis runs commands in their order, so a user who comes or goes
   * meanwhile is stored after it.
   */
  private async recordAll(): Promise<void> {
    const { redis, nodeId } = this.deps;
    const key = KEYS.users(nodeId);
    const work = redis.multi().del(key);
    for (const batch of batches([...this.local])) work.sadd(key, ...batch);
    if (!this.isInStep) this.inStepSince = performance.now();
    this.isInStep = true;
    await work.exec();
  }
}

const batches = (userIds: string[]): string[][] => {
  const parts: string[][] = [];
  for (let i = 0; i < userIds.length; i += BATCH) parts.push(userIds.slice(i, i + BATCH));
  return parts;
};
