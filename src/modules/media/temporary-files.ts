import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.js';

/**
 * How long nothing has been written to a file that no upload needs any more, in milliseconds. The longest
 * upload waits a few minutes each for a scanner, for its turn to be repacked and for a slow store.
 */
const ABANDONED_MS = 2 * 3_600_000;

/**
 * Where the files of an upload under way lie. Each upload has one place and what is made of its content
 * beside it; {@link use} and {@link remove} know them all.
 */
export class TemporaryFiles {
  /** Uploads that are being worked on. */
  private readonly inUse = new Set<string>();

  constructor(
    readonly directory: string,
    private readonly clock: Clock,
  ) {}

  /** Makes the directory and removes what the process before this one has left. */
  async open(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    await this.sweep();
  }

  /** A place for one more upload. */
  newPath(): string {
    return join(this.directory, randomUUID());
  }

  /** Where the repacked image and the thumbnail of the upload at `path` go. */
  imagePaths(path: string): { target: string; thumbnail: string } {
    return { target: `${path}.full`, thumbnail: `${path}.thumb` };
  }

  /** Works on the upload at `path` and then removes all that there may be of it. */
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
   * Removes all that there may be of the upload at `path`, unless it is in {@link use}, which does so in
   * the end: a client that goes away meanwhile must not take the file from under the work.
   */
  async remove(path: string): Promise<void> {
    if (this.inUse.has(path)) return;
    const all = [path, ...Object.values(this.imagePaths(path))];
    await Promise.all(all.map((file) => rm(file, { force: true })));
  }

  /** Removes what dead processes have left; others may be at work in the same directory. */
  async sweep(): Promise<void> {
    const before = this.clock.now() - ABANDONED_MS;
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name);
      const writtenAt = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        // Its upload has ended meanwhile.
        () => Infinity,
      );
      // One that cannot be removed costs room on the disk, and must not keep the others.
      if (writtenAt < before) await rm(path, { force: true }).catch(() => undefined);
    }
  }
}
