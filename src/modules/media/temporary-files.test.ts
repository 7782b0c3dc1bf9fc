import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
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
