import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.js';

/**
 * How long nothing has been written to a file that no upload needs any more, in milliseconds. The longest
 * upload waits a few minutes each for a scanner, for its turn to be repacked and for a slow store.
 */
const ABANDONED_MS = 2 * 3_600_000;

/** Files of uploads under way. Whoever makes one removes it, but for a process that has died. */
export class TemporaryFiles {
  constructor(
    private readonly directory: string,
    private readonly clock: Clock,
  ) {}

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
