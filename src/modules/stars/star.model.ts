import type { Connection, Model, Types } from 'mongoose';
import { Schema } from 'mongoose';

/** A star: a user has marked a message for themselves. */
export interface StarRecord {
  /** Made by the database, whichever node stores the star: ids grow with the time, and sort the list. */
  _id: Types.ObjectId;
  userId: Types.ObjectId;
  messageId: Types.ObjectId;
  /** The message's chat, and its number there: whoever leaves or clears a chat loses stars by them. */
  chatId: Types.ObjectId;
  seq: number;
  starredAt: Date;
}

const starSchema = new Schema<StarRecord>(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    messageId: { type: Schema.Types.ObjectId, required: true },
    chatId: { type: Schema.Types.ObjectId, required: true },
    seq: { type: Number, required: true },
    starredAt: { type: Date, required: true },
  },
  { collection: 'stars', versionKey: false },
);
// One star per message and user; all stars of a message that is deleted for everyone.
starSchema.index({ messageId: 1, userId: 1 }, { unique: true });
// A user's stars, newest first, and how many there are.
starSchema.index({ userId: 1, _id: -1 });

/** Registers the stars on a connection. */
export const defineStarModels = (connection: Connection): void => {
  connection.model<StarRecord>('Star', starSchema);
};

/** The stars that `defineStarModels` has registered. */
export const starModel = (connection: Connection): Model<StarRecord> =>
  connection.model<StarRecord>('Star');
