/** What operations ask of the database and of Redis: figures that hold on every machine, however busy. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OperationCosts } from '../support/counted-operations.js';
import { SENDS_IN_ONE_TURN, countOperations } from '../support/counted-operations.js';
import { ownCommands } from '../support/operation-counts.js';
import type { RedisProcess } from '../support/redis-process.js';
import { startRedis } from '../support/redis-process.js';

/**
 * The most that an operation may cost, as commands to the database for each, without what is gathered. The fractions
 * are for what happens once in a while, such as a login that is looked up again.
 */
const MOST: [string, number][] = [
  ['send over the socket', 1.25],
  ['mark as read what has just come', 1.2],
  [SENDS_IN_ONE_TURN, 5 / 200],
  ['send over REST', 1.2],
  ['page of history', 1.2],
  ['list of active chats', 3.3],
  ['edit', 2.2],
  ['empty sync', 2.3],
  ['connect and join', 1.5],
  ['connect and join, 100 at once', 3],
];

/** Commands to Redis that a list of active chats may cost: events and presence, whatever the number of people. */
const MOST_REDIS_OF_A_LIST = 12;

const TIMEOUT_MS = 400_000;

describe.each(['one node', 'two nodes with Redis'])('on %s', (nodes) => {
  let redis: RedisProcess | undefined;
  let costs: OperationCosts[];
  beforeAll(async () => {
    redis = nodes === 'one node' ? undefined : await startRedis();
    costs = await countOperations(redis && { redisUrl: redis.url });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await redis?.kill();
  });

  it.each(MOST)('"%s" costs at most %f commands to the database', (name, most) => {
    const { counts, times } = costs.find((cost) => cost.name === name)!;
    const each = ownCommands(counts) / times;
    // The commands are in the message of a failure.
    expect(each > most ? { each, of: counts.database } : undefined).toBeUndefined();
  });

  it('a list of many people asks Redis for all of them at once', () => {
    const { counts, times } = costs.find(({ name }) => name === 'list of active chats')!;
    expect(counts.redis / times).toBeLessThanOrEqual(MOST_REDIS_OF_A_LIST);
  });
});
