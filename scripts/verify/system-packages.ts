import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run } from './command.js';
import type { CommandResult } from './command.js';

/** Programs that the tests use, and the Debian package of each. */
const NEEDED = [
  // A shell of its own kind, into which the README has to be pasted.
  { programs: ['zsh'], debianPackage: 'zsh' },
  // The terminal that it is pasted into.
  { programs: ['script'], debianPackage: 'bsdutils' },
  { programs: ['redis-server'], debianPackage: 'redis-server' },
  {
    programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    debianPackage: 'chromium',
  },
];

/** Another apt-get may be at work, as on a machine that has just started; in seconds. */
const WAIT_FOR_LOCK = ['-o', 'DPkg::Lock::Timeout=300'];

const isInstalled = async (program: string): Promise<boolean> => {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      await access(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
    }
  }
  return false;
};

const missingPackages = async (): Promise<string[]> => {
  const missing: string[] = [];
  for (const { programs, debianPackage } of NEEDED) {
    const found = await Promise.all(programs.map(isInstalled));
    if (!found.includes(true)) missing.push(debianPackage);
  }
  return missing;
};

/** Installs what the tests need and the machine lacks, when we may; else says what to install. */
export const installSystemPackages = async (): Promise<CommandResult> => {
  const missing = await missingPackages();
  if (missing.length === 0) return { ok: true, output: '', seconds: 0 };
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !(await isInstalled('apt-get'))) {
    const output = `Please install, for the tests: ${missing.join(' ')}`;
    return { ok: false, output, seconds: 0 };
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = await run('apt-get', [...WAIT_FOR_LOCK, 'update', '-q'], { env });
  if (!update.ok) return update;
  const install = ['install', '-q', '-y', '--no-install-recommends', ...missing];
  return run('apt-get', [...WAIT_FOR_LOCK, ...install], { env });
};
