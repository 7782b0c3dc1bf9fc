import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadOrCreateSecret } from './jwt-secret.js';

describe('loadOrCreateSecret', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-secret-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('makes a secret in a missing directory, for the owner alone, and keeps it', async () => {
    const dataDir = join(folder, 'new', 'data');
    const secret = await loadOrCreateSecret(dataDir);
    expect(secret.length).toBeGreaterThanOrEqual(32);
    expect((await stat(join(dataDir, 'jwt-secret'))).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateSecret(dataDir)).toBe(secret);
  });

  it('gives all processes that start together the same secret, and leaves no drafts', async () => {
    const secrets = await Promise.all(Array.from({ length: 10 }, () => loadOrCreateSecret(folder)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(folder)).toEqual(['jwt-secret']);
  });

  it('refuses a file that holds no usable secret', async () => {
    await writeFile(join(folder, 'jwt-secret'), 'short');
    await expect(loadOrCreateSecret(folder)).rejects.toThrow('holds no usable secret');
  });
});
