import type { Model, Types } from 'mongoose';
import { trusted } from 'mongoose';
import type { Clock } from '../../shared/clock.js';
import type { MediaDoc } from './media.model.js';
import type { MediaUploads } from './media-uploads.service.js';
import type { MediaUses } from './media-uses.js';

/** What the collector is built from. */
export interface OrphanCollectorParts {
  media: Model<MediaDoc>;
  uploads: MediaUploads;
  uses: MediaUses;
  clock: Clock;
  /** How old an upload without a use must be, in milliseconds. */
  graceMs: number;
}

/** Rows looked at in one query. */
const BATCH = 200;

/**
 * Removes uploads that nothing uses: never sent, of deleted messages, half stored before a crash, or
 * replaced pictures. One node does it for all; should two overlap, a file is only ever removed once.
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
    const { media, clock, graceMs } = this.parts;
    const before = new Date(clock.now() - graceMs);
    let removed = 0;
    // By the id, of which no two are equal: files of the same millisecond must not be stepped over.
    let last: Types.ObjectId | undefined;
    for (;;) {
      const docs = await media
        .find({
          ...(last && { _id: trusted({ $gt: last }) }),
          createdAt: trusted({ $lt: before }),
        })
        .sort({ _id: 1 })
        .hint({ _id: 1 })
        .limit(BATCH)
        .lean();
      for (const doc of docs) {
        if (this.isStopped) return removed;
        if (await this.isOrphan(doc, before)) {
          await this.parts.uploads.discard(doc);
          removed += 1;
        } else {
          await this.parts.uploads.discardDirect(doc);
        }
      }
      const end = docs.at(-1);
      if (docs.length < BATCH || !end) return removed;
      last = end._id;
    }
  }

  private async isOrphan(doc: MediaDoc, before: Date): Promise<boolean> {
    if (doc.status !== 'ready') return true;
    if (doc.purpose === 'avatar') return doc.replacedAt !== undefined;
    if (doc.claimedAt && doc.claimedAt > before) return false;
    return !(await this.parts.uses.isUsed(doc._id.toHexString()));
  }
}
