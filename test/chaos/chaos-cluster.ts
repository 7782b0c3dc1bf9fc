import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { databaseTarget } from '../support/database-target.js';
import type { ParleyProcess } from '../support/parley-process.js';
import { freePort, startParley } from '../support/parley-process.js';
import type { RedisProcess } from '../support/redis-process.js';
import { startRedis } from '../support/redis-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** One node: its port stays the same over restarts. */
interface Node {
  port: string;
  process: ParleyProcess | undefined;
}

/** A point at which a node can be made to end itself; see fault-points.mjs. */
export type FaultPoint = 'beforeWrite' | 'afterWriteBeforePublish' | 'afterPublishBeforeAck';

/** How long a node that was told to end at its next send may take to get there, in milliseconds. */
const FAULT_POINT_DEADLINE_MS = 30_000;

/** A database that the harness may kill, because it started it. */
interface OwnDatabase {
  child: ChildProcess;
  dataDir: string;
}

const ENVIRONMENT = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'error',
  BCRYPT_ROUNDS: '4',
  JWT_SECRET: 'a secret that all nodes of a chaos run share',
  RATE_LIMIT_MESSAGES_PER_MINUTE: '0',
  RATE_LIMIT_CONVERSATIONS_PER_HOUR: '0',
  RATE_LIMIT_GENERAL_PER_15_MIN: '0',
  RATE_LIMIT_USER_PER_15_MIN: '0',
  RATE_LIMIT_AUTH_PER_15_MIN: '0',
  RATE_LIMIT_REGISTER_PER_HOUR: '0',
  RATE_LIMIT_EVENTS_PER_SECOND: '0',
  RATE_LIMIT_SIGNALS_PER_MINUTE: '0',
  RATE_LIMIT_CHANGES_PER_MINUTE: '0',
  RATE_LIMIT_SYNC_PER_MINUTE: '0',
  RATE_LIMIT_READS_PER_MINUTE: '0',
  RATE_LIMIT_WRITES_PER_MINUTE: '0',
  RATE_LIMIT_MARKS_PER_MINUTE: '0',
  RATE_LIMIT_UPLOADS_PER_MINUTE: '0',
  RATE_LIMIT_FILES_PER_MINUTE: '0',
  USER_CONCURRENCY: '0',
  HTTP_CONNECTIONS_PER_ADDRESS: '0',
};

/** Several nodes, a real Redis and a database, each behind a proxy that can fail. */
export class ChaosCluster {
  /** Nodes that ended without having been told to: there must be none. */
  readonly deaths: string[] = [];

  private constructor(
    private readonly nodes: Node[],
    private redis: RedisProcess,
    readonly redisProxy: TcpProxy,
    readonly databaseProxy: TcpProxy,
    private readonly ownDatabase: OwnDatabase | undefined,
    private readonly databaseName: string,
    private readonly folder: string,
  ) {}

  /** @param mongodbUri a server to use; absent: an embedded database in a process of its own. */
  static async start(nodeCount: number, mongodbUri: string | undefined): Promise<ChaosCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-chaos-'));
    const redis = await startRedis();
    const own =
      mongodbUri === undefined ? await startDatabase(join(folder, 'database')) : undefined;
    const [redisProxy, databaseProxy] = await Promise.all([
      TcpProxy.start({ host: '127.0.0.1', port: redis.port }),
      TcpProxy.start(databaseTarget(own?.uri ?? mongodbUri!)),
    ]);
    const nodes = await Promise.all(
      Array.from({ length: nodeCount }, async () => ({
        port: String(await freePort()),
        process: undefined,
      })),
    );
    const cluster = new ChaosCluster(
      nodes,
      redis,
      redisProxy,
      databaseProxy,
      own,
      `chaos_${process.pid}_${Date.now()}`,
      folder,
    );
    try {
      // One after the other: the first makes the indexes.
      for (let i = 0; i < nodeCount; i++) await cluster.startNode(i);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get nodeCount(): number {
    return this.nodes.length;
  }

  /** Whether the database's process can be killed. */
  get ownsDatabase(): boolean {
    return this.ownDatabase !== undefined;
  }

  get mongodbUri(): string {
    return `mongodb://127.0.0.1:${this.databaseProxy.port}/${this.databaseName}?directConnection=true`;
  }

  /** Addresses of the nodes that run. */
  addresses(): string[] {
    return this.nodes.flatMap((node) => (node.process ? [node.process.url] : []));
  }

  /** What the nodes say of themselves, and the last lines they have printed: for a run that went wrong. */
  async describe(): Promise<string> {
    const lines = await Promise.all(
      this.nodes.map(async ({ process: running }, index) => {
        if (!running) return `node ${index} does not run`;
        const health = await fetch(`${running.url}/health`, { signal: AbortSignal.timeout(5000) })
          .then((response) => response.text())
          .catch(String);
        return `node ${index} says ${health}\n${running.output().split('\n').slice(-20).join('\n')}`;
      }),
    );
    return lines.join('\n');
  }

  /** Addresses of all nodes, whether or not they run now: a node keeps its port. */
  homes(): string[] {
    return this.nodes.map(({ port }) => `http://127.0.0.1:${port}`);
  }

  /** Ends a node, without warning or in order. */
  async stopNode(index: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const node = this.nodes[index]!;
    const running = node.process;
    node.process = undefined;
    await running?.stop(signal);
  }

  /**
   * Makes a node end itself, as by kill -9, when its next send gets to the point.
   *
   * @throws when no send gets there in time: a run that did not test what it says is no good.
   */
  async crashAt(index: number, point: FaultPoint): Promise<void> {
    const node = this.nodes[index]!;
    const { child } = node.process!;
    node.process = undefined;
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(FAULT_POINT_DEADLINE_MS) });
    child.send(point);
    const [, signal] = (await ended.catch(() => {
      throw new Error(`no send of node ${index} came to ${point}`);
    })) as [number | null, NodeJS.Signals | null];
    if (signal !== 'SIGKILL') throw new Error(`node ${index} ended by ${signal} before ${point}`);
  }

  /** Starts a node; tries again while the database or Redis is made to fail. */
  async startNode(index: number): Promise<void> {
    const node = this.nodes[index]!;
    for (let attempt = 0; !node.process; attempt++) {
      try {
        node.process = await startParley(
          {
            ...ENVIRONMENT,
            PORT: node.port,
            DATA_DIR: join(this.folder, `node-${index}`),
            MONGODB_URI: this.mongodbUri,
            REDIS_URL: `redis://127.0.0.1:${this.redisProxy.port}`,
          },
          './test/chaos/fault-points.mjs',
        );
      } catch (error) {
        if (attempt >= 10) throw error;
      }
    }
    const running = node.process;
    running.child.once('exit', (code, signal) => {
      // Whoever ends a node on purpose has taken it out before.
      if (node.process !== running) return;
      node.process = undefined;
      const lastWords = running.output().split('\n').slice(-5).join('\n');
      this.deaths.push(`node ${index} ended by itself (${code ?? signal}): ${lastWords}`);
    });
  }

  /** Kills Redis and starts an empty one in its place. */
  async restartRedis(pauseMs: number): Promise<void> {
    await this.redis.kill();
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    this.redis = await startRedis(this.redis.port);
  }

  /** Kills the database's process and starts it again on its data. */
  async restartDatabase(): Promise<void> {
    const own = this.ownDatabase!;
    own.child.kill('SIGKILL');
    await once(own.child, 'exit');
    const next = await startDatabase(own.dataDir);
    own.child = next.child;
    this.databaseProxy.retarget(databaseTarget(next.uri));
  }

  async stop(): Promise<void> {
    this.redisProxy.set('pass');
    this.databaseProxy.set('pass');
    await Promise.all(this.nodes.map((_, index) => this.stopNode(index, 'SIGTERM')));
    await Promise.all([this.redisProxy.close(), this.databaseProxy.close(), this.redis.kill()]);
    this.ownDatabase?.child.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

const startDatabase = async (dataDir: string): Promise<OwnDatabase & { uri: string }> => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/support/embedded-database.ts', dataDir],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const uri = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => {
      reject(new Error(`the database ended with ${code}`));
    });
    createInterface({ input: child.stdout }).once('line', resolve);
  });
  return { child, dataDir, uri };
};
