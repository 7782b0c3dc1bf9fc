import type { Connection, Model } from 'mongoose';
import { Schema } from 'mongoose';

/**
 * Word that somebody's standing is about to change: a login of theirs (`login`: ended, account closed,
 * another role), their place in a chat (`member`), or a block between them and somebody (`block`).
 * It does not say how: who reads it looks.
 */
export interface AccessChange {
  kind: 'login' | 'member' | 'block';
  userId: string;
  /** The chat, for `member`. */
  chatId?: string;
}

/** Notices that were posted together. */
export interface AccessChangeDoc {
  /** Counts 1, 2, 3 … without a hole, so that a reader who knows one number misses none after it. */
  n: number;
  accessChanges: AccessChange[];
  at: Date;
}

const schema = new Schema<AccessChangeDoc>(
  {
    n: { type: Number, required: true },
    accessChanges: {
      type: [
        new Schema<AccessChange>({ kind: String, userId: String, chatId: String }, { _id: false }),
      ],
      required: true,
    },
    at: { type: Date, required: true },
  },
  { collection: 'notices', versionKey: false },
);
schema.index({ n: 1 }, { unique: true });

/** The collection of notices on a connection. */
export const defineAccessChangeModel = (connection: Connection): Model<AccessChangeDoc> =>
  connection.model<AccessChangeDoc>('Notice', schema);
