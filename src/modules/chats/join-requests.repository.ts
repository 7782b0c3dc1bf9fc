import type { Connection, Model } from 'mongoose';
import { Schema, Types, trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import { writeOrFind } from '../../platform/write-or-find.js';

/** Somebody's wish to be let into a room that is closed. There is none of those who were let in or withdrew it. */
export interface JoinRequestRecord {
  /** Made by the node: ids grow with the time, and sort the lists. */
  _id: Types.ObjectId;
  chatId: Types.ObjectId;
  userId: Types.ObjectId;
  createdAt: Date;
  /** When it was rejected; kept for a while, so that the same person does not ask at once again. */
  rejectedAt?: Date;
  /** When the database removes it. */
  expiresAt: Date;
}

const joinRequestSchema = new Schema<JoinRequestRecord>(
  {
    chatId: { type: Schema.Types.ObjectId, required: true },
    userId: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    rejectedAt: Date,
    expiresAt: { type: Date, required: true },
  },
  { collection: 'joinrequests', versionKey: false },
);
// One of each user to a chat.
joinRequestSchema.index({ chatId: 1, userId: 1 }, { unique: true });
// Those to a chat, oldest first; those of a user, newest first; how many there are.
joinRequestSchema.index({ chatId: 1, _id: 1 });
joinRequestSchema.index({ userId: 1, _id: -1 });
joinRequestSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** Registers the requests to join on a connection. */
export const defineJoinRequestModel = (connection: Connection): void => {
  connection.model<JoinRequestRecord>('JoinRequest', joinRequestSchema);
};

/** A request before it is stored. */
export interface NewJoinRequest {
  chatId: string;
  userId: string;
  createdAt: Date;
  expiresAt: Date;
}

/** The stored requests to join. */
export class JoinRequestsRepository {
  private readonly requests: Model<JoinRequestRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.requests = connection.model<JoinRequestRecord>('JoinRequest');
  }

  /** A user's request to a chat, open or rejected; null when there is none at a time. */
  async find(chatId: string, userId: string, at: Date): Promise<JoinRequestRecord | null> {
    return this.requests.findOne({ ...keyOf(chatId, userId), ...notOver(at) }).lean();
  }

  /** Stores a request, unless there is one, on whichever node; answers whether it is new. */
  async insert({ chatId, userId, ...rest }: NewJoinRequest): Promise<boolean> {
    const key = keyOf(chatId, userId);
    // The database removes what has expired some time later.
    await this.requests.deleteOne({ ...key, expiresAt: trusted({ $lte: rest.createdAt }) });
    const write = () =>
      this.requests
        .findOneAndUpdate(
          key,
          { $setOnInsert: { ...rest, _id: new Types.ObjectId() } },
          { upsert: true, returnDocument: 'before' },
        )
        .lean();
    return !(await writeOrFind(write, () => Promise.resolve(undefined)));
  }

  /** Rejects an open request, which is kept until a time; answers whether there was one. */
  async reject(
    chatId: string,
    userId: string,
    rejectedAt: Date,
    expiresAt: Date,
  ): Promise<boolean> {
    const { modifiedCount } = await this.requests.updateOne(
      { ...keyOf(chatId, userId), ...isOpen(rejectedAt) },
      { $set: { rejectedAt, expiresAt } },
    );
    return modifiedCount > 0;
  }

  /** Removes an open request; answers whether there was one. */
  async remove(chatId: string, userId: string, at: Date): Promise<boolean> {
    const filter = { ...keyOf(chatId, userId), ...isOpen(at) };
    return (await this.requests.deleteOne(filter)).deletedCount > 0;
  }

  /** The open requests to a chat, oldest first. */
  async ofChat(chatId: string, at: Date, limit: number): Promise<JoinRequestRecord[]> {
    const filter = { chatId: objectId(chatId), ...isOpen(at) };
    return this.requests.find(filter).sort({ _id: 1 }).limit(limit).lean();
  }

  /** The open requests of a user, newest first. */
  async ofUser(userId: string, at: Date, limit: number): Promise<JoinRequestRecord[]> {
    const filter = { userId: objectId(userId), ...isOpen(at) };
    return this.requests.find(filter).sort({ _id: -1 }).limit(limit).lean();
  }

  /** How many open requests there are to a chat, and of a user; no more than `limit` are counted of each. */
  async count(
    { chatId, userId }: { chatId: string; userId: string },
    at: Date,
    limit: { ofChat: number; ofUser: number },
  ): Promise<{ ofChat: number; ofUser: number }> {
    const [ofChat, ofUser] = await Promise.all([
      this.requests.countDocuments({ chatId: objectId(chatId), ...isOpen(at) }).limit(limit.ofChat),
      this.requests.countDocuments({ userId: objectId(userId), ...isOpen(at) }).limit(limit.ofUser),
    ]);
    return { ofChat, ofUser };
  }
}

const keyOf = (chatId: string, userId: string) => ({
  chatId: objectId(chatId),
  userId: objectId(userId),
});

const notOver = (at: Date) => ({ expiresAt: trusted({ $gt: at }) });

const isOpen = (at: Date) => ({ ...notOver(at), rejectedAt: trusted({ $exists: false }) });
