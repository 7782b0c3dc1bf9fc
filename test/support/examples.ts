/** Programs of `examples/` as somebody has them who copies one: in a folder of its own, with its locked packages. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Longest time of one command, in milliseconds: an install on a busy machine. */
const COMMAND_TIMEOUT_MS = 240_000;

/** A copy of an example. */
export interface Example {
  folder: string;
  /** Runs a program in the folder; answers what it has printed, and throws it when the program fails. */
  run(program: string, args: string[], env?: Record<string, string>): Promise<string>;
  remove(): Promise<void>;
}

/** Copies an example without what its folder may have been used for, and installs what its lock file names. */
export const installExample = async (name: string): Promise<Example> => {
  const folder = await mkdtemp(join(tmpdir(), `parley-${name}-`));
  const example: Example = {
    folder,
    run: async (program, args, env = {}) => {
      const { stdout } = await run(program, args, {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
        timeout: COMMAND_TIMEOUT_MS,
      }).catch((error: unknown) => {
        const { stdout: out, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`${program} ${args.join(' ')} in ${name}: ${out}${stderr}`);
      });
      return stdout;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  await cp(resolve('examples', name), folder, {
    recursive: true,
    filter: (path) => !['node_modules', 'dist', '.expo'].includes(basename(path)),
  });
  await example.run('npm', ['ci', '--no-audit', '--no-fund']);
  return example;
};
