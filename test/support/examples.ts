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

/** Packs the built packages as they would be published; answers the paths of the tarballs. */
export const packPackages = async (names: string[], into: string): Promise<string[]> => {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', into];
  return Promise.all(
    names.map(async (name) => {
      const { stdout } = await run('npm', args, { cwd: resolve('packages', name) });
      const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
      return join(into, filename);
    }),
  );
};

/**
 * Copies an example without what its folder may have been used for, and installs what its lock file names.
 *
 * @param packages what is installed besides, as `examples/setup.mjs` does: tarballs of ours.
 */
export const installExample = async (name: string, packages: string[] = []): Promise<Example> => {
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
  const options = ['--no-audit', '--no-fund'];
  await example.run('npm', ['ci', ...options]);
  if (packages.length > 0) {
    await example.run('npm', ['install', '--no-save', ...options, ...packages]);
  }
  return example;
};
