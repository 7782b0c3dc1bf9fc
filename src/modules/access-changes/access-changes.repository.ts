import type { Connection, Model } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import type { AccessChange } from './access-changes.events.js';

/** Access changes that were posted together. */
export interface StoredAccessChanges {
  /** Counts 1, 2, 3 … without a hole, so that a reader who knows one number misses none after it. */
  n: number;
  /** The changes; the field keeps the name that nodes of earlier versions read and write. */
  notices: AccessChange[];
  at: Date;
}

const schema = new Schema<StoredAccessChanges>(
  {
    n: { type: Number, required: true },
    notices: {
      type: [
        new Schema<AccessChange>({ kind: String, userId: String, chatId: String }, { _id: false }),
      ],
      required: true,
    },
    at: { type: Date, required: true },
  },
  { collection: 'notices', versionKey: false },
);
// Finds new entries and the newest number; unique, so that no two nodes take the same one.
schema.index({ n: 1 }, { unique: true });

/** Registers the collection of access changes on a connection. */
export const defineAccessChangeModels = (connection: Connection): void => {
  connection.model<StoredAccessChanges>('Notice', schema);
};

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
   * Entries after a number, oldest first. Only entries that no failover can take back: otherwise a reader's
   * cursor could be ahead of the feed.
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
