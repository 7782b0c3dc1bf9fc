/** What a process loads before anybody has asked it for anything: time and memory of every start. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { START_DEADLINE_MS, startParley } from '../support/parley-process.js';

/** Packages that are needed only where a setting asks for them, or by other processes. */
const LATER = [
  '@aws-sdk/client-s3',
  '@imagekit/nodejs',
  '@socket.io/redis-adapter',
  'cloudinary',
  'file-type',
  'ioredis',
  'music-metadata',
  'nodemailer',
  'sharp',
  'undici',
];
/** Modules of packages that a start loads at most. */
const MOST_MODULES = 1100;

const packageOf = (path: string): string | undefined =>
  /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];

describe('a process that has just started', () => {
  let dataDir: string;
  let packages: string[];
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'parley-start-'));
    const preload = resolve('test/support/loaded-modules.mjs');
    const parley = await startParley({ DATA_DIR: dataDir }, preload);
    const answer = once(parley.child, 'message');
    parley.child.send('modules');
    const [modules] = (await answer) as [string[]];
    packages = modules.flatMap((path) => packageOf(path) ?? []);
    await parley.stop('SIGTERM');
  }, 2 * START_DEADLINE_MS);
  afterAll(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  it('has loaded the packages that it cannot do without', () => {
    expect(packages).toEqual(expect.arrayContaining(['express', 'mongoose', 'socket.io']));
  });

  it('has loaded none that only some servers need', () => {
    expect(LATER.filter((name) => packages.includes(name))).toEqual([]);
  });

  it('has loaded no more modules than it should', () => {
    expect(packages.length).toBeLessThanOrEqual(MOST_MODULES);
  });
});
