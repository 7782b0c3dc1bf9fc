import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import type { MessagesRepository } from '../messages/index.js';
import type { MediaRecord, MediaRepository } from './media.repository.js';
import type { StoredFiles } from './stored-files.js';

/**
 * How often a shown profile picture is checked again, in milliseconds. A crash right after the profile's
 * change loses the mark on the former picture; this bounds how long that picture stays.
 */
const AVATAR_LOOK_MS = 30 * 24 * 3_600_000;

/**
 * Removes uploads that nothing uses: never sent, of deleted messages, half stored before a crash, or replaced
 * pictures. It checks files that have been uncertain for long enough, each of them once, and from time to
 * time shown pictures. One node does it for all; when two overlap, each file is still removed only once.
 */
export class OrphanCollector {
  private isStopped = false;

  constructor(
    private readonly deps: {
      media: MediaRepository;
      stored: StoredFiles;
      messages: Pick<MessagesRepository, 'isFileUsed'>;
      /** Whether something beside messages keeps a file: a held message, an open case. */
      isFileKept(fileId: string): Promise<boolean>;
      /** Whether the address of the user's picture contains `part`. */
      profiles: { hasPicture(userId: string, part: string): Promise<boolean> };
      clock: Clock;
      logger: Logger;
      /** How long it must have been uncertain whether anything uses an upload, in milliseconds. */
      graceMs: number;
    },
  ) {}

  /** Ends a running round early, when the node shuts down. */
  stop(): void {
    this.isStopped = true;
  }

  /** One round; answers how many files were removed. */
  async collectOrphans(): Promise<number> {
    const { media, clock, graceMs, logger } = this.deps;
    let removed = 0;
    for await (const row of media.uncertainBefore(new Date(clock.now() - graceMs))) {
      if (this.isStopped) break;
      try {
        if (await this.settle(row)) removed += 1;
      } catch (error) {
        // A failure for one file must not keep the others; the next round tries again.
        logger.warn({ err: error, fileId: row._id }, 'an unused upload could not be removed');
      }
    }
    return removed;
  }

  /** Removes a file, or records that it is in use. */
  private async settle(row: MediaRecord): Promise<boolean> {
    const { media, stored, clock } = this.deps;
    if (await this.isOrphan(row)) return stored.withdraw(row);
    await stored.discardDirect(row);
    const isAvatar = row.purpose === 'avatar';
    await media.confirm(row, isAvatar ? new Date(clock.now() + AVATAR_LOOK_MS) : undefined);
    return false;
  }

  private async isOrphan(row: MediaRecord): Promise<boolean> {
    if (row.status !== 'ready') return true;
    const { isFileKept, profiles, messages } = this.deps;
    const [id, ownerId] = [row._id.toHexString(), row.ownerId.toHexString()];
    if (row.purpose === 'avatar') return !(await profiles.hasPicture(ownerId, id));
    return !(await messages.isFileUsed(id)) && !(await isFileKept(id));
  }
}
