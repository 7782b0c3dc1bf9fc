import type { Redis } from 'ioredis';
import type { Logger } from '../../platform/logger.js';
import type { Orphans, PresenceStore } from './presence-store.js';
import {
  FIND_ONLINE,
  KEYS,
  MOVE_USER,
  RELEASE,
  RENEW,
  TAKE_ORPHANS,
} from './redis-presence-scripts.js';

/** What the shared store is built from. */
export interface RedisPresenceParts {
  redis: Redis;
  /** Unique among the nodes, and new with every start. */
  nodeId: string;
  /** How long a node that says nothing counts as alive, in milliseconds. */
  leaseMs: number;
  logger: Logger;
}

/** Users handed over or noted in one command. */
const BATCH = 500;
/** How long all nodes have to find their way back to Redis before they are told anything, in milliseconds. */
const CALM_MS = 3000;
/** How long it is remembered that a node was taken for dead, in milliseconds. */
const LAPSE_MEMORY_MS = 10 * 60_000;

/**
 * Presence of many nodes. While Redis is away, every node answers from what it knows of its own
 * sockets, without waiting; when Redis is back, the node notes all its users anew.
 */
export class RedisPresenceStore implements PresenceStore {
  private readonly local = new Set<string>();
  /** Whether Redis has this node's users: it answers, and nothing was lost on the way. */
  private isInStep = false;
  /** Since when, by a clock that does not jump. */
  private inStepSince = 0;
  /** Who has come or gone while it had not. */
  private readonly unheard = new Set<string>();

  constructor(private readonly parts: RedisPresenceParts) {}

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
    const { redis, nodeId, leaseMs, logger } = this.parts;
    try {
      const lease = await redis.eval(RENEW, 1, KEYS.nodes, nodeId, leaseMs);
      if (lease !== 1 || !this.isInStep) await this.noteAll();
      return lease === 2 ? 'lapsed' : 'kept';
    } catch (error) {
      this.isInStep = false;
      logger.debug({ err: error }, 'the presence lease was not renewed');
      return 'kept';
    }
  }

  takeUnheard(): string[] {
    if (!this.isInStep || performance.now() - this.inStepSince < CALM_MS) return [];
    const users = [...this.unheard];
    this.unheard.clear();
    return users;
  }

  async takeOrphans(): Promise<Orphans | undefined> {
    const { leaseMs } = this.parts;
    const answer = (await this.ask((redis) =>
      redis.eval(TAKE_ORPHANS, 1, KEYS.nodes, BATCH, LAPSE_MEMORY_MS),
    )) as [string, string[]] | null | undefined;
    if (!answer) return undefined;
    const [leaseEnded, userIds] = answer;
    return { userIds, lastSeen: new Date(Number(leaseEnded) - leaseMs) };
  }

  async release(ms: number): Promise<void> {
    await this.ask((redis) => redis.eval(RELEASE, 1, KEYS.nodes, this.parts.nodeId, ms));
  }

  private async move(operation: 'SADD' | 'SREM', userId: string): Promise<boolean> {
    const answer = await this.ask((redis) =>
      redis.eval(MOVE_USER, 1, KEYS.nodes, this.parts.nodeId, operation, userId),
    );
    if (answer === undefined) this.unheard.add(userId);
    return answer === undefined || answer === 1;
  }

  /** Asks Redis, unless it is known to be away; undefined when there is no answer. */
  private async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (!this.isInStep) return undefined;
    try {
      return await question(this.parts.redis);
    } catch (error) {
      this.isInStep = false;
      this.parts.logger.debug({ err: error }, 'presence goes on without Redis');
      return undefined;
    }
  }

  /**
   * Notes all users of this node anew. Redis works off commands in their order, so whoever comes or
   * goes while this is under way is noted after it.
   */
  private async noteAll(): Promise<void> {
    const { redis, nodeId } = this.parts;
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
