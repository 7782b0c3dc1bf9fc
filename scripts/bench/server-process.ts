import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** A server under measurement, in a process of its own. */
export interface ServerProcess {
  url: string;
  /** Processor time used so far, in milliseconds, over all threads. */
  cpuMs(): Promise<number>;
  /** Resident memory in bytes. */
  memoryBytes(): Promise<number>;
  /** Makes the process collect its garbage. */
  collectGarbage(): Promise<void>;
  stop(): Promise<void>;
}

/** Linux counts processor time in hundredths of a second, whatever the machine. */
const MS_PER_TICK = 10;
const START_TIMEOUT_MS = 20_000;
/** A collection takes far less; the signal itself has no answer. */
const COLLECTION_MS = 1000;
const COLLECTOR = ['--expose-gc', '--import', './scripts/bench/collect-on-signal.mjs'];

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/ready`).then(
    (res) => res.ok,
    () => false,
  );

/** Starts `node <args>` on a free port, given as `PORT`, and waits until `/ready` answers 200. */
export const startServerProcess = async (
  args: string[],
  env: Record<string, string> = {},
): Promise<ServerProcess> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...COLLECTOR, ...args], {
    env: { ...process.env, ...env, PORT: String(port), HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) console.error(line);
  });
  const exited = once(child, 'exit');
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended with ${child.exitCode}`);
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${args.join(' ')} was not ready in time`);
    }
    await delay(50);
  }
  const proc = `/proc/${child.pid}`;
  return {
    url,
    cpuMs: async () => {
      const stat = await readFile(`${proc}/stat`, 'utf8');
      // The second field, the program's name, may contain spaces; the counters follow its bracket.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
    },
    memoryBytes: async () => {
      const status = await readFile(`${proc}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
    },
    collectGarbage: async () => {
      child.kill('SIGUSR2');
      await delay(COLLECTION_MS);
    },
    stop: async () => {
      child.kill('SIGTERM');
      const isLate = delay(10_000, 'late', { ref: false });
      if ((await Promise.race([exited, isLate])) === 'late') {
        child.kill('SIGKILL');
        await exited;
      }
    },
  };
};
