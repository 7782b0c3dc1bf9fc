import type { Connection } from 'mongoose';
import { Schema } from 'mongoose';
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
// Reads what is new, finds the newest number, and keeps two nodes from taking the same one.
schema.index({ n: 1 }, { unique: true });

/** Registers the collection of access changes on a connection. */
export const defineAccessChangeModels = (connection: Connection): void => {
  connection.model<StoredAccessChanges>('Notice', schema);
};
