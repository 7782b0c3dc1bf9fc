import type { Connection, Model } from 'mongoose';
import { Schema } from 'mongoose';

/**
 * Word that somebody's standing is about to change: a login of theirs (`login`: ended, account closed,
 * another role), their place in a chat (`member`), or a block between them and somebody (`block`).
 * It does not say how: who reads it looks.
 */
export interface Notice {
  kind: 'login' | 'member' | 'block';
  userId: string;
  /** The chat, for `member`. */
  chatId?: string;
}

/** Notices that were posted together. */
export interface NoticeDoc {
  /** Counts 1, 2, 3 … without a hole, so that a reader who knows one number misses none after it. */
  n: number;
  notices: Notice[];
  at: Date;
}

const schema = new Schema<NoticeDoc>(
  {
    n: { type: Number, required: true },
    notices: {
      type: [new Schema<Notice>({ kind: String, userId: String, chatId: String }, { _id: false })],
      required: true,
    },
    at: { type: Date, required: true },
  },
  { collection: 'notices', versionKey: false },
);
schema.index({ n: 1 }, { unique: true });

/** The collection of notices on a connection. */
export const defineNoticeModel = (connection: Connection): Model<NoticeDoc> =>
  connection.model<NoticeDoc>('Notice', schema);
