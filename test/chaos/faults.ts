import type { ProxyMode } from '../support/tcp-proxy.js';
import type { ChaosCluster, FaultPoint } from './chaos-cluster.js';
import type { Random } from '../support/random.js';

/** Something that goes wrong for a while; resolves when it is over. */
export type Fault = (cluster: ChaosCluster, random: Random) => Promise<void>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const restartNode =
  (signal: 'SIGKILL' | 'SIGTERM'): Fault =>
  async (cluster, random) => {
    const index = random.between(0, cluster.nodeCount - 1);
    await cluster.stopNode(index, signal);
    await pause(random.between(0, 500));
    await cluster.startNode(index);
  };

const crashAt =
  (point: FaultPoint): Fault =>
  async (cluster, random) => {
    const index = random.between(0, cluster.nodeCount - 1);
    await cluster.crashAt(index, point);
    await cluster.startNode(index);
  };

const disturb =
  (which: 'redisProxy' | 'databaseProxy', mode: ProxyMode): Fault =>
  async (cluster, random) => {
    cluster[which].set(mode);
    await pause(random.between(500, 3000));
    cluster[which].set('pass');
  };

/** Every fault by name. */
export const FAULTS = {
  'kill-node': restartNode('SIGKILL'),
  'crash-before-write': crashAt('beforeWrite'),
  'crash-after-write': crashAt('afterWriteBeforePublish'),
  'crash-after-publish': crashAt('afterPublishBeforeAck'),
  'stop-node': restartNode('SIGTERM'),
  'redis-cut': disturb('redisProxy', 'cut'),
  'redis-freeze': disturb('redisProxy', 'freeze'),
  'redis-delay': disturb('redisProxy', 'delay'),
  'redis-kill': (cluster, random) => cluster.restartRedis(random.between(100, 2000)),
  'redis-flap': async (cluster, random) => {
    for (let i = 0; i < 5; i++) {
      cluster.redisProxy.set('cut');
      await pause(random.between(50, 300));
      cluster.redisProxy.set('pass');
      await pause(random.between(50, 300));
    }
  },
  'database-cut': disturb('databaseProxy', 'cut'),
  'database-freeze': disturb('databaseProxy', 'freeze'),
  'database-delay': disturb('databaseProxy', 'delay'),
  'database-kill': (cluster) => cluster.restartDatabase(),
} satisfies Record<string, Fault>;

/** Name of a fault. */
export type FaultName = keyof typeof FAULTS;
