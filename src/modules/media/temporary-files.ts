import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.js';

/**
 * After this time without a write, no upload needs a file any more, in milliseconds. The longest upload waits
 * a few minutes each for a scanner, for its turn to be repacked and for a slow store.
 */
const ABANDONED_MS = 2 * 3_600_000;

/**
 * The temporary files of uploads. Each upload has a path, and derived files beside it; {@link use} and
 * {@link remove} handle all of them.
 */
export class TemporaryFiles {
  /** Uploads that are being processed. */
  private readonly inUse = new Set<string>();

  constructor(
    readonly directory: string,
    private readonly clock: Clock,
  ) {}

  /** Makes the directory and removes the files that the previous process has left. */
  async open(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    await this.sweep();
  }

  /** A path for one more upload. */
  newPath(): string {
    return join(this.directory, randomUUID());
  }

  /** The paths of the repacked image and the thumbnail of the upload at `path`. */
  imagePaths(path: string): { target: string; thumbnail: string } {
    return { target: `${path}.full`, thumbnail: `${path}.thumb` };
  }

  /** Processes the upload at `path` and then removes all its files. */
  async use<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    this.inUse.add(path);
    try {
      return await work();
    } finally {
      this.inUse.delete(path);
      await this.remove(path);
    }
  }

  /**
   * Removes all files of the upload at `path`, unless it is in {@link use}, which removes them at its end:
   * the file must stay while it is processed, also when the client disconnects.
   */
  async remove(path: string): Promise<void> {
    if (this.inUse.has(path)) return;
    const all = [path, ...Object.values(this.imagePaths(path))];
    await Promise.all(all.map((file) => rm(file, { force: true })));
  }

  /** Removes the files of dead processes; other processes may use the same directory. */
  async sweep(): Promise<void> {
    const before = this.clock.now() - ABANDONED_MS;
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name);
      const writtenAt = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        // Its upload has ended meanwhile.
        () => Infinity,
      );
      // A file that cannot be removed takes disk space, but must not keep the others.
      if (writtenAt < before) await rm(path, { force: true }).catch(() => undefined);
    }
  }
}
