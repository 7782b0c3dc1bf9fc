import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { FileStorage } from './file-storage.js';

describe('a folder as storage', () => {
  it('keeps any key, and passes over half-written values and files of others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-storage-'));
    const storage = new FileStorage(folder);
    await storage.set('a/b:c', 'value');
    await writeFile(join(folder, 'x.draft'), 'half');
    await writeFile(join(folder, '100%'), 'of somebody else');
    expect(await storage.keys('')).toEqual(['a/b:c']);
    expect([await storage.get('a/b:c'), await storage.get('x')]).toEqual(['value', undefined]);
    await storage.remove('a/b:c');
    expect(await storage.keys('')).toEqual([]);
    await rm(folder, { recursive: true });
  });
});
