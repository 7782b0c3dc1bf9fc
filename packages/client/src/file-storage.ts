import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyValueStorage } from './storage.js';

/** A folder with one file per key; for Node programs. Not part of the browser's bundle. */
export class FileStorage implements KeyValueStorage {
  constructor(private readonly folder: string) {}

  async get(key: string): Promise<string | undefined> {
    try {
      return await readFile(this.file(key), 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Written beside and moved into place, so that a crash leaves the old value or the new one. */
  async set(key: string, value: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const draft = `${this.file(key)}.draft`;
    await writeFile(draft, value);
    await rename(draft, this.file(key));
  }

  async remove(key: string): Promise<void> {
    await rm(this.file(key), { force: true });
  }

  async keys(prefix: string): Promise<string[]> {
    try {
      const files = await readdir(this.folder);
      return files
        .filter((name) => !name.endsWith('.draft'))
        .flatMap((name) => keyOf(name) ?? [])
        .filter((key) => key.startsWith(prefix));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  private file(key: string): string {
    return join(this.folder, encodeURIComponent(key));
  }
}

/** The key of a file; undefined for one that somebody else has put there. */
const keyOf = (name: string): string | undefined => {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
};

const isMissing = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
