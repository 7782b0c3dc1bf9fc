import type { Connection, Model } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import type { Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';

/** How far the feed has come in a chat. */
export interface ChatPosition {
  /** The chat. */
  _id: Types.ObjectId;
  seq: number;
  version: number;
  /** Time of the newest change that was read. */
  at: Date;
}

/** How far the feed has come. */
export interface FeedPosition {
  _id: 'feed';
  /** Nothing that happened before this is told. */
  startedAt: Date;
  /** When the last complete round began. */
  readAt: Date;
  /** When the last wide round began, which looks further back. */
  widelyReadAt: Date;
  broadcastNumber: number;
}

const positionSchema = new Schema<ChatPosition>(
  { _id: Schema.Types.ObjectId, seq: Number, version: Number, at: Date },
  { collection: 'webhookpositions', versionKey: false },
);
const feedSchema = new Schema<FeedPosition>(
  { _id: String, startedAt: Date, readAt: Date, widelyReadAt: Date, broadcastNumber: Number },
  { collection: 'webhookfeeds', versionKey: false },
);

/** Registers the positions of the feed on a connection. */
export const defineFeedModels = (connection: Connection): void => {
  connection.model<ChatPosition>('WebhookPosition', positionSchema);
  connection.model<FeedPosition>('WebhookFeed', feedSchema);
};

/** How far the feed has come. */
export class FeedRepository {
  private readonly positions: Model<ChatPosition>;
  private readonly feeds: Model<FeedPosition>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.positions = connection.model<ChatPosition>('WebhookPosition');
    this.feeds = connection.model<FeedPosition>('WebhookFeed');
  }

  async find(): Promise<FeedPosition | null> {
    return this.feeds.findById('feed').lean();
  }

  async save(position: FeedPosition): Promise<void> {
    const { _id, ...rest } = position;
    await this.feeds.updateOne({ _id }, { $set: rest }, { upsert: true });
  }

  /** Forgets where it was: the next start is a new one. */
  async clear(): Promise<void> {
    await this.positions.deleteMany({});
    await this.feeds.deleteOne({ _id: 'feed' });
  }

  async positionsOf(chatIds: string[]): Promise<Map<string, ChatPosition>> {
    const found = await this.positions
      .find({ _id: trusted({ $in: chatIds.map(objectId) }) })
      .lean();
    return new Map(found.map((position) => [position._id.toHexString(), position]));
  }

  async savePosition({ _id, ...rest }: ChatPosition): Promise<void> {
    await this.positions.updateOne({ _id }, { $set: rest }, { upsert: true });
  }
}
