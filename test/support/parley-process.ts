/** Parley as a user starts it: the built program, in a process of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** A running program. */
export interface ParleyProcess {
  url: string;
  child: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  /** Sends a signal and resolves with the exit code (null after a signal that it could not handle). */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** A program is there within two seconds; a machine that is busy with other suites takes much longer. */
export const START_DEADLINE_MS = 60_000;

/**
 * Ports below those that systems give out by themselves (Linux from 32768 on, others from 49152): before who
 * asked has taken one, it does not go to a connection or a server of another test. Browsers and `fetch` refuse
 * 10080 and some below.
 */
const FIRST_PORT = 11_000;
const END_PORT = 32_768;

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });

/** A port that is free now, and stays so until it is taken. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_PORT);
    if (await canListen(port)) return port;
  }
};

/** Only what the program needs of the environment: a developer's own settings must not leak in. */
const cleanEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
});

/**
 * Starts `dist/main.js` without waiting for it.
 *
 * @param preload a module that the process loads first; it can be spoken to over an IPC channel.
 */
export const spawnParley = (env: NodeJS.ProcessEnv, preload?: string): ChildProcess =>
  spawn(
    process.execPath,
    ['--enable-source-maps', ...(preload ? ['--import', preload] : []), 'dist/main.js'],
    {
      env: { ...cleanEnvironment(), HOST: '127.0.0.1', ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(preload ? (['ipc'] as const) : [])],
    },
  );

/**
 * Starts `dist/main.js` and resolves when it is ready. Rejects with its output when it ends first.
 *
 * @param preload see {@link spawnParley}.
 */
export const startParley = async (
  env: NodeJS.ProcessEnv,
  preload?: string,
): Promise<ParleyProcess> => {
  const port = env.PORT ?? String(await freePort());
  const child = spawnParley({ ...env, PORT: port }, preload);
  let printed = '';
  const keep = (chunk: Buffer) => {
    printed += chunk.toString();
  };
  child.stdout!.on('data', keep);
  child.stderr!.on('data', keep);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  const isReady = async () => {
    try {
      return (await fetch(`${url}/ready`)).ok;
    } catch {
      return false;
    }
  };
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await isReady())) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`Parley did not start:\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    child,
    output: () => printed,
    stop: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
};
