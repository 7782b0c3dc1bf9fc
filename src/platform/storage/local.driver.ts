import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { StorageDriver, StoredFile } from './storage-driver.js';
import { storageError } from './storage-errors.js';

/** A directory on this machine, or one that all nodes have mounted. */
export class LocalDriver implements StorageDriver {
  readonly name = 'local';

  constructor(private readonly directory: string) {}

  /** Syncs and renames, so that a reader never sees half a file, nor does a power cut leave one. */
  async put(path: string, { key }: StoredFile): Promise<undefined> {
    const target = this.localPath(key);
    try {
      const file = await open(path, 'r');
      await file.sync().finally(() => file.close());
      await mkdir(dirname(target), { recursive: true });
      await rename(path, target);
    } catch (error) {
      throw storageError(error);
    }
    return undefined;
  }

  async remove(key: string): Promise<void> {
    await rm(this.localPath(key), { force: true });
  }

  /** Keys are made by the server, of harmless characters; a dot in front of a part is none. */
  localPath(key: string): string {
    return resolve(this.directory, key);
  }
}
