import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '../../shared/clock.js';
import { TemporaryFiles } from './temporary-files.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-temporary-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('the sweep removes temporary files without a write for hours and keeps those of uploads under way', async () => {
  const ages = { crashed: 3, slow: 1, new: 0 };
  for (const [name, hours] of Object.entries(ages)) {
    await writeFile(join(folder, name), 'half a film');
    const writtenAt = new Date(Date.now() - hours * 3_600_000);
    await utimes(join(folder, name), writtenAt, writtenAt);
  }
  await new TemporaryFiles(folder, systemClock).sweep();
  expect((await readdir(folder)).sort()).toEqual(['new', 'slow']);
});

it('a temporary file that is being worked on outlives its form, and goes when the work has ended', async () => {
  const own = join(folder, 'own');
  await mkdir(own);
  const files = new TemporaryFiles(own, systemClock);
  const path = files.newPath();
  await writeFile(path, 'an image');
  const repacked = files.imagePaths(path);
  const work = files.use(path, async () => {
    await writeFile(repacked.target, 'repacked');
    await writeFile(repacked.thumbnail, 'small');
    // The client disconnects, and the form tries to remove its files.
    await files.remove(path);
    expect(await readdir(own)).toHaveLength(3);
    throw new Error('the store is away');
  });
  await expect(work).rejects.toThrow('the store is away');
  expect(await readdir(own)).toEqual([]);
});
