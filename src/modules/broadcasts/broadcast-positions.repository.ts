import type { Connection, Model, Types } from 'mongoose';
import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { StoredPosition } from './broadcast.model.js';

/** How far somebody has come. */
export type BroadcastPosition = Pick<StoredPosition, 'deliveredNumber' | 'readNumber'>;

/** Operators on user ids, such as `$in`. */
export type UserIdFilter = Record<string, Types.ObjectId | Types.ObjectId[]>;

/** Positions written in one command. */
const BATCH = 500;

/** How far people have come in the sequence of broadcasts; positions only move forward. */
export class BroadcastPositionsRepository {
  private readonly positions: Model<StoredPosition>;

  constructor(connection: Connection) {
    this.positions = connection.model<StoredPosition>('BroadcastPosition');
  }

  /** Somebody's position; the beginning, when none is stored. */
  async of(userId: string): Promise<BroadcastPosition> {
    const known = await this.positions.findOne({ userId: objectId(userId) }).lean();
    return { deliveredNumber: known?.deliveredNumber ?? 0, readNumber: known?.readNumber ?? 0 };
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
   * whether it did: of several nodes that ask at once, one is answered true.
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
