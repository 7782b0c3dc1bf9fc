import { spawn } from 'node:child_process';

/** How a command ended. */
export interface CommandResult {
  ok: boolean;
  /** Standard output and error, interleaved as they came. */
  output: string;
  seconds: number;
}

interface CommandOptions {
  env?: NodeJS.ProcessEnv;
  /** Longest time in milliseconds; the command and its children are ended after it. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10 * 60_000;

/** Ends a process and what it has started; it leads a group of its own. */
const endGroup = (pid: number): void => {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended by itself.
  }
};

/** Runs a command without input; never rejects. */
export const run = (
  command: string,
  args: string[],
  { env = process.env, timeoutMs = DEFAULT_TIMEOUT_MS }: CommandOptions = {},
): Promise<CommandResult> =>
  new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const timer = setTimeout(() => {
      output += `\nEnded after ${timeoutMs / 1000} s without a result.`;
      if (child.pid) endGroup(child.pid);
    }, timeoutMs);
    const end = (ok: boolean) => {
      clearTimeout(timer);
      // A daemon that the command has left behind must not keep our end of the pipes open.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ ok, output, seconds: (performance.now() - start) / 1000 });
    };
    child.once('error', (error) => {
      output += error.message;
      end(false);
    });
    child.once('exit', (code) => {
      setImmediate(end, code === 0);
    });
  });

/** The last lines of an output, where the reason of a failure stands. */
export const tail = (output: string, lines = 60): string =>
  output.trimEnd().split('\n').slice(-lines).join('\n');
