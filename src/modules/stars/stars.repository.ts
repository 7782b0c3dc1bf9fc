import type { Connection, Model } from 'mongoose';
import { Schema, Types, trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import { writeOrFind } from '../../platform/write-or-find.js';

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

/** A star before it is stored. */
export type NewStar = Omit<StarRecord, '_id'>;

/** The stored stars. */
export class StarsRepository {
  private readonly stars: Model<StarRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.stars = connection.model<StarRecord>('Star');
  }

  /** The user's star on a message; null when there is none. */
  async find(userId: string, messageId: string): Promise<StarRecord | null> {
    return this.stars.findOne(keyOf(userId, messageId)).lean();
  }

  /** How many stars a user has; no more than `limit` are counted. */
  async count(userId: string, limit: number): Promise<number> {
    return this.stars.countDocuments({ userId: objectId(userId) }).limit(limit);
  }

  /**
   * Stores a star, unless the user has starred the message already, on whichever device or node: then it
   * answers that star, else null. The unique index decides among those that come at once.
   */
  async insert({ userId, messageId, ...rest }: NewStar): Promise<StarRecord | null> {
    const write = () =>
      this.stars
        .findOneAndUpdate(
          { messageId, userId },
          // Stars are listed by id. Ids that the database makes are in no order within a second.
          { $setOnInsert: { ...rest, _id: new Types.ObjectId() } },
          { upsert: true, returnDocument: 'before' },
        )
        .lean();
    // Another request may store it at the same moment: the next time it is found.
    return writeOrFind(write, () => Promise.resolve(undefined));
  }

  /** Removes a user's star; answers it, or null when there was none. */
  async remove(userId: string, messageId: string, chatId?: string): Promise<StarRecord | null> {
    return this.stars
      .findOneAndDelete({
        ...keyOf(userId, messageId),
        ...(chatId !== undefined && { chatId: objectId(chatId) }),
      })
      .lean();
  }

  /** A user's stars, newest first; only those before the star `before`, when it is given. */
  async newest(userId: string, before: string | undefined, limit: number): Promise<StarRecord[]> {
    return this.stars
      .find({
        userId: objectId(userId),
        ...(before !== undefined && { _id: trusted({ $lt: objectId(before) }) }),
      })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }

  /** Removes everybody's star on a message. */
  async removeOfMessage(messageId: string): Promise<void> {
    await this.stars.deleteMany({ messageId: objectId(messageId) });
  }

  /** Removes a user's stars on some messages. */
  async removeOfUser(userId: string, messageIds: string[]): Promise<void> {
    await this.stars.deleteMany({
      userId: objectId(userId),
      messageId: trusted({ $in: messageIds.map(objectId) }),
    });
  }

  /** Removes the stars of some users in a chat; up to the message number `upTo`, when it is given. */
  async removeOfChat(chatId: string, userIds: string[], upTo?: number): Promise<void> {
    await this.stars.deleteMany({
      userId: trusted({ $in: userIds.map(objectId) }),
      chatId: objectId(chatId),
      ...(upTo !== undefined && { seq: trusted({ $lte: upTo }) }),
    });
  }
}

const keyOf = (userId: string, messageId: string) => ({
  messageId: objectId(messageId),
  userId: objectId(userId),
});
