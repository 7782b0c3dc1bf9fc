import type { Model } from 'mongoose';
import { trusted } from 'mongoose';
import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import type { Profiles } from '../users/index.js';
import type { MediaDoc } from './media.model.js';
import type { MediaUses } from './media-uses.js';
import type { StoredFiles } from './stored-files.js';

/** What the collector is built from. */
export interface OrphanCollectorParts {
  media: Model<MediaDoc>;
  stored: StoredFiles;
  uses: MediaUses;
  users: Pick<Profiles, 'hasPicture'>;
  clock: Clock;
  logger: Logger;
  /** How long it must have been uncertain whether anything uses an upload, in milliseconds. */
  graceMs: number;
}

/** Rows of one read. */
const BATCH = 200;

/**
 * Removes uploads that nothing uses: never sent, of deleted messages, half stored before a crash, or
 * replaced pictures. It looks at what has been uncertain for long enough, and at each of these once.
 * One node does it for all; should two overlap, a file is only ever removed once.
 */
export class OrphanCollector {
  private isStopped = false;

  constructor(private readonly parts: OrphanCollectorParts) {}

  /** Ends a round under way early: the node goes down. */
  stop(): void {
    this.isStopped = true;
  }

  /** One round; answers how many files were removed. */
  async collectOrphans(): Promise<number> {
    const { media, clock, graceMs, logger } = this.parts;
    const before = new Date(clock.now() - graceMs);
    const uncertain = media
      .find({ uncertainSince: trusted({ $lt: before }) })
      .sort({ uncertainSince: 1 })
      .lean()
      .cursor({ batchSize: BATCH });
    let removed = 0;
    for await (const doc of uncertain) {
      if (this.isStopped) break;
      try {
        if (await this.settle(doc)) removed += 1;
      } catch (error) {
        // A store that is away for one file must not keep the others; the next round tries again.
        logger.warn({ err: error, fileId: doc._id }, 'an upload could not be looked after');
      }
    }
    return removed;
  }

  /** Removes a file, or sees that it is used; then it is certain until a message with it goes. */
  private async settle(doc: MediaDoc): Promise<boolean> {
    const { media, stored } = this.parts;
    if (await this.isOrphan(doc)) return stored.withdraw(doc);
    await stored.discardDirect(doc);
    await media.updateOne(
      { _id: doc._id, uncertainSince: doc.uncertainSince },
      { $unset: { uncertainSince: 1 } },
    );
    return false;
  }

  private async isOrphan(doc: MediaDoc): Promise<boolean> {
    if (doc.status !== 'ready') return true;
    const [id, ownerId] = [doc._id.toHexString(), doc.ownerId.toHexString()];
    if (doc.purpose === 'avatar') return !(await this.parts.users.hasPicture(ownerId, id));
    return !(await this.parts.uses.isUsed(id));
  }
}
