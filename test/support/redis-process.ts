/** A real Redis, in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isListening } from './listening.js';
import { START_DEADLINE_MS, freePort } from './parley-process.js';

/** A running Redis. */
export interface RedisProcess {
  port: number;
  url: string;
  /** Stops it at once, as a crash would. */
  kill(): Promise<void>;
}

/** Starts `redis-server` without persistence; `npm run verify` installs it where it is missing. */
export const startRedis = async (givenPort?: number): Promise<RedisProcess> => {
  const port = givenPort ?? (await freePort());
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => {
      reject(new Error(`redis-server cannot be started: ${error.message}`));
    });
  });
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await Promise.race([isListening(port), failed]))) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error('redis-server did not start in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
};
