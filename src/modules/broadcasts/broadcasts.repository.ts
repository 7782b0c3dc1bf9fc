import type { Connection, Model, QueryFilter } from 'mongoose';
import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import { IS_NUMBER, equalText } from '../../platform/typed-index.js';
import type { PageQuery } from '../../shared/pagination.js';
import type { StoredBroadcast } from './broadcast.model.js';
import type { Recipient } from './broadcasts.policy.js';

/** Numbers of broadcasts: more than `after`, and at most `upTo` or less than `before`. */
export interface NumberRange {
  after?: number | undefined;
  upTo?: number | undefined;
  before?: number | undefined;
}

/** A broadcast that has been sent, and so has a number. */
export type SentBroadcast = StoredBroadcast & { number: number };

/** The sent broadcasts that are for somebody: `isFor` in the database's words. */
const addressedTo = (
  { userId, role, since }: Recipient,
  { after = 0, upTo, before }: NumberRange = {},
): QueryFilter<StoredBroadcast> => ({
  number: trusted({
    $gt: after,
    ...IS_NUMBER,
    ...(upTo !== undefined && { $lte: upTo }),
    ...(before !== undefined && { $lt: before }),
  }),
  sentAt: trusted({ $gte: new Date(since) }),
  $or: [
    { 'audience.kind': 'all' },
    { 'audience.kind': 'role', 'audience.role': role },
    { 'audience.kind': 'list', 'audience.userIds': objectId(userId) },
  ],
});

/** The stored broadcasts. */
export class BroadcastsRepository {
  private readonly broadcasts: Model<StoredBroadcast>;

  constructor(connection: Connection) {
    this.broadcasts = connection.model<StoredBroadcast>('Broadcast');
  }

  /** Stores a broadcast; answers whether its `clientMessageId` was new. */
  async insert(doc: StoredBroadcast): Promise<boolean> {
    try {
      await this.broadcasts.create(doc);
      return true;
    } catch (error) {
      if (!isDuplicateKey(error) || doc.clientMessageId === undefined) throw error;
      return false;
    }
  }

  async one(broadcastId: string): Promise<StoredBroadcast | null> {
    return this.broadcasts.findById(objectId(broadcastId)).lean();
  }

  /** The broadcast that somebody has made with this `clientMessageId`. */
  async ofClientMessage(
    senderId: string,
    clientMessageId: string,
  ): Promise<StoredBroadcast | null> {
    return this.broadcasts
      .findOne({ senderId: objectId(senderId), clientMessageId: equalText(clientMessageId) })
      .lean();
  }

  /** A page of all broadcasts, newest first. */
  async page({ page, limit }: PageQuery): Promise<StoredBroadcast[]> {
    return this.broadcasts
      .find()
      .sort({ _id: -1 })
      .skip((page - 1) * limit)
      .limit(limit)
      .lean();
  }

  /** About how many there are. */
  async total(): Promise<number> {
    return this.broadcasts.estimatedDocumentCount();
  }

  /** The ids of the scheduled broadcasts whose time has come, the longest due first. */
  async dueIds(now: Date): Promise<string[]> {
    const due = await this.broadcasts
      .find({ status: 'scheduled', scheduledAt: trusted({ $lte: now }) }, { _id: 1 })
      .sort({ scheduledAt: 1 })
      .lean();
    return due.map(({ _id }) => _id.toHexString());
  }

  /**
   * Sends a scheduled broadcast under a number; answers whether it was still scheduled. Rejects with a
   * duplicate key when the number is taken.
   */
  async send(broadcastId: string, number: number, sentAt: Date): Promise<boolean> {
    const { modifiedCount } = await this.broadcasts.updateOne(
      { _id: objectId(broadcastId), status: 'scheduled' },
      { $set: { status: 'sent', number, sentAt } },
    );
    return modifiedCount === 1;
  }

  /** Cancels a scheduled broadcast, and answers it; null when it is not scheduled any more. */
  async cancel(broadcastId: string): Promise<StoredBroadcast | null> {
    return this.broadcasts
      .findOneAndUpdate(
        { _id: objectId(broadcastId), status: 'scheduled' },
        { $set: { status: 'cancelled' } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** The newest number; 0 when nothing has been sent. */
  async newestNumber(): Promise<number> {
    const newest = await this.broadcasts
      .findOne({ number: trusted({ $gt: 0, ...IS_NUMBER }) }, { number: 1 })
      .sort({ number: -1 })
      .lean();
    return newest?.number ?? 0;
  }

  /** What was sent after a number, oldest first. */
  async sentAfter(number: number, limit: number): Promise<SentBroadcast[]> {
    return this.broadcasts
      .find({ number: trusted({ $gt: number, ...IS_NUMBER }) })
      .sort({ number: 1 })
      .limit(limit)
      .lean<SentBroadcast[]>();
  }

  /** The newest broadcasts of a range that are for somebody, newest first. */
  async newestFor(
    recipient: Recipient,
    range: NumberRange,
    limit: number,
  ): Promise<SentBroadcast[]> {
    return this.broadcasts
      .find(addressedTo(recipient, range))
      .sort({ number: -1 })
      .limit(limit)
      .lean<SentBroadcast[]>();
  }

  /** How many broadcasts of a range are for somebody. */
  async countFor(recipient: Recipient, range: NumberRange): Promise<number> {
    return this.broadcasts.countDocuments(addressedTo(recipient, range));
  }

  /** The number of a broadcast; undefined when there is none for this recipient. */
  async numberFor(recipient: Recipient, broadcastId: string): Promise<number | undefined> {
    const found = await this.broadcasts
      .findOne({ ...addressedTo(recipient), _id: objectId(broadcastId) }, { number: 1 })
      .lean();
    return found?.number;
  }
}
