import type { Model } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { BroadcastPositionDoc } from './broadcast.model.js';

/** How far somebody has come. */
export type BroadcastPosition = Pick<BroadcastPositionDoc, 'deliveredNumber' | 'readNumber'>;

/** Positions written in one command. */
const BATCH = 500;

/** How far people have come in the sequence of broadcasts; positions only move forward. */
export class BroadcastPositions {
  constructor(private readonly positions: Model<BroadcastPositionDoc>) {}

  /** Where somebody is; at the beginning, when nothing is known of them. */
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
   * Takes it upon the caller to show somebody what came after one number, up to another. Answers whether
   * it may: of several nodes that ask, one does.
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

  /** Notes that a broadcast has come to these people. */
  async noteDelivered(userIds: string[], number: number): Promise<void> {
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
}
