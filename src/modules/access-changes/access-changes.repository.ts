import type { Connection, Model } from 'mongoose';
import { trusted } from 'mongoose';
import type { StoredAccessChanges } from './access-change.model.js';
import type { AccessChange } from './access-changes.events.js';

/** Access changes that were posted together, under one number. */
export interface AccessChangeEntry {
  n: number;
  accessChanges: AccessChange[];
}

/** The collection of access changes. */
export class AccessChangesRepository {
  private readonly entries: Model<StoredAccessChanges>;

  constructor(connection: Connection) {
    this.entries = connection.model<StoredAccessChanges>('Notice');
  }

  /** The newest number; 0 when nothing has been posted. */
  async newestNumber(): Promise<number> {
    const newest = await this.entries.findOne({}, { n: 1 }).sort({ n: -1 }).lean();
    return newest?.n ?? 0;
  }

  /** Stores changes under a number; rejects with a duplicate key when the number is taken. */
  async insert({ n, accessChanges }: AccessChangeEntry, at: Date): Promise<void> {
    await this.entries.create({ n, notices: accessChanges, at });
  }

  /**
   * Entries after a number, oldest first. Only what no failover can take back: a reader's cursor must not
   * run ahead of what is left.
   */
  async after(n: number, limit: number): Promise<AccessChangeEntry[]> {
    const docs = await this.entries
      .find({ n: trusted({ $gt: n }) })
      .sort({ n: 1 })
      .limit(limit)
      .read('primary')
      .readConcern('majority')
      .lean();
    return docs.map((doc) => ({ n: doc.n, accessChanges: doc.notices }));
  }

  /** Removes the entries up to a number. */
  async deleteUpTo(n: number): Promise<void> {
    await this.entries.collection.deleteMany({ n: { $lte: n } });
  }
}
