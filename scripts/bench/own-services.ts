import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startRedis } from '../../test/support/redis-process.js';

/** What several nodes share: a database in a process of its own, or `MONGODB_URI`, and a Redis. */
export interface SharedServices {
  env: { MONGODB_URI: string; REDIS_URL: string };
  /** Ends Redis, and nothing else. */
  killRedis(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts them. */
export const startServices = async (): Promise<SharedServices> => {
  const redis = await startRedis();
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-db-'));
  const database = process.env.MONGODB_URI
    ? undefined
    : spawn(process.execPath, ['--import', 'tsx', 'test/support/embedded-database.ts', folder], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
  const uri = database
    ? await new Promise<string>((resolve) => {
        createInterface({ input: database.stdout }).once('line', resolve);
      })
    : process.env.MONGODB_URI!;
  const own = new URL(uri);
  own.pathname = `/bench_${process.pid}`;
  return {
    env: { MONGODB_URI: own.href, REDIS_URL: redis.url },
    killRedis: () => redis.kill(),
    stop: async () => {
      await redis.kill();
      database?.kill('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
};
