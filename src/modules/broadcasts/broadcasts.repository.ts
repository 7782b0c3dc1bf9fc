import type { Connection, Model, QueryFilter, Types } from 'mongoose';
import { trusted } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import { IS_NUMBER, equalText } from '../../platform/typed-index.js';
import type { UserRole } from '../../shared/actor.js';
import type { PageQuery } from '../../shared/pagination.js';
import type { StoredBroadcast, StoredPosition } from './broadcast.model.js';

/** Somebody to whom a broadcast may be addressed. */
export interface Recipient {
  userId: string;
  role: UserRole;
  /** When the account was made, in milliseconds; earlier broadcasts are not for its user. */
  since: number;
}

/** Whether a sent broadcast is for somebody. */
export const isFor = (
  { audience, sentAt }: Pick<StoredBroadcast, 'audience' | 'sentAt'>,
  { userId, role, since }: Recipient,
): boolean => {
  if (sentAt === null || sentAt.getTime() < since) return false;
  if (audience.kind === 'all') return true;
  if (audience.kind === 'role') return audience.role === role;
  return audience.userIds.some((id) => id.equals(userId));
};

/** Numbers of broadcasts: more than `after`, and at most `upTo` or less than `before`. */
export interface NumberRange {
  after?: number | undefined;
  upTo?: number | undefined;
  before?: number | undefined;
}

/** A broadcast that has been sent, and so has a number. */
export type SentBroadcast = StoredBroadcast & { number: number };

/** The sent broadcasts that are for somebody: the query equal to `isFor`. */
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

/** How far somebody has come. */
export type BroadcastPosition = Pick<StoredPosition, 'deliveredNumber' | 'readNumber'>;

/** Operators on user ids, such as `$in`. */
export type UserIdFilter = Record<string, Types.ObjectId | Types.ObjectId[]>;

/** Positions written in one command. */
const BATCH = 500;

/** How far people have come in the sequence of broadcasts; positions only move forward. */
export class BroadcastPositionsRepository {
  private readonly positions: Model<StoredPosition>;
  private readonly loader = createBatchLoader((userIds) => this.ofMany(userIds));

  constructor(connection: Connection) {
    this.positions = connection.model<StoredPosition>('BroadcastPosition');
  }

  /** Somebody's position; 0 everywhere when none is stored. */
  async of(userId: string): Promise<BroadcastPosition> {
    return (await this.loader.load(userId)) ?? { deliveredNumber: 0, readNumber: 0 };
  }

  private async ofMany(userIds: string[]): Promise<Map<string, BroadcastPosition>> {
    const found = await this.positions
      .find({ userId: trusted({ $in: userIds.map(objectId) }) })
      .lean();
    return new Map(
      found.map(({ userId, deliveredNumber, readNumber }) => [
        userId.toHexString(),
        { deliveredNumber, readNumber },
      ]),
    );
  }

  /** Moves somebody forward to these numbers. */
  async advance(
    userId: string,
    to: { deliveredNumber: number; readNumber?: number },
  ): Promise<void> {
    await this.positions.updateOne(
      { userId: objectId(userId) },
      { $max: to, ...(to.readNumber === undefined && { $setOnInsert: { readNumber: 0 } }) },
      { upsert: true, setDefaultsOnInsert: false },
    );
  }

  /**
   * Moves somebody from one number to another, for the caller who shows them what lies between. Answers
   * whether it did: of several nodes that call it at once, one gets true.
   */
  async claim(userId: string, from: number, to: number): Promise<boolean> {
    try {
      const { modifiedCount, upsertedCount } = await this.positions.updateOne(
        { userId: objectId(userId), deliveredNumber: from },
        { $set: { deliveredNumber: to }, $setOnInsert: { readNumber: 0 } },
        { upsert: from === 0, setDefaultsOnInsert: false },
      );
      return modifiedCount + upsertedCount === 1;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** Records that a broadcast has reached these people. */
  async recordDelivered(userIds: string[], number: number): Promise<void> {
    for (let i = 0; i < userIds.length; i += BATCH) {
      await this.positions.bulkWrite(
        userIds.slice(i, i + BATCH).map((userId) => ({
          updateOne: {
            filter: { userId: objectId(userId) },
            update: { $max: { deliveredNumber: number }, $setOnInsert: { readNumber: 0 } },
            upsert: true,
          },
        })),
        { ordered: false },
      );
    }
  }

  /** How many of these users have come at least as far as a number. */
  async countReached(
    field: keyof BroadcastPosition,
    number: number,
    userIds: UserIdFilter,
  ): Promise<number> {
    return this.positions.countDocuments({
      userId: trusted(userIds),
      [field]: trusted({ $gte: number }),
    });
  }
}
