import type { Connection, Model, Types } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';

/** One user has blocked another. */
export interface StoredBlock {
  _id: Types.ObjectId;
  blockerId: Types.ObjectId;
  blockedId: Types.ObjectId;
  createdAt: Date;
}

const blockSchema = new Schema<StoredBlock>(
  {
    blockerId: { type: Schema.Types.ObjectId, required: true },
    blockedId: { type: Schema.Types.ObjectId, required: true },
  },
  { collection: 'blocks', timestamps: { createdAt: true, updatedAt: false } },
);
// Whom a user has blocked, and whether there is a block between two.
blockSchema.index({ blockerId: 1, blockedId: 1 }, { unique: true });
// Who has blocked a user.
blockSchema.index({ blockedId: 1 });

/** The collection of blocks on a connection. */
export const defineBlockModel = (connection: Connection): void => {
  connection.model<StoredBlock>('Block', blockSchema);
};

/** One user who has blocked another. */
export interface BlockRecord {
  blockerId: string;
  blockedId: string;
  createdAt: Date;
}

const toRecord = ({ blockerId, blockedId, createdAt }: StoredBlock): BlockRecord => ({
  blockerId: blockerId.toHexString(),
  blockedId: blockedId.toHexString(),
  createdAt,
});

/** The stored blocks. */
export class BlocksRepository {
  private readonly blocks: Model<StoredBlock>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.blocks = connection.model<StoredBlock>('Block');
  }

  /** Whether either of two users has blocked the other. */
  async existsBetween(a: string, b: string): Promise<boolean> {
    const found = await this.blocks.exists({
      $or: [
        { blockerId: objectId(a), blockedId: objectId(b) },
        { blockerId: objectId(b), blockedId: objectId(a) },
      ],
    });
    return found !== null;
  }

  /** The blocks between the two of each pair, whoever has set them. */
  async between(pairs: { a: string; b: string }[]): Promise<BlockRecord[]> {
    if (pairs.length === 0) return [];
    const rows = await this.blocks
      .find({
        $or: pairs.flatMap(({ a, b }) => [
          { blockerId: objectId(a), blockedId: objectId(b) },
          { blockerId: objectId(b), blockedId: objectId(a) },
        ]),
      })
      .lean();
    return rows.map(toRecord);
  }

  /** The blocks that a user has set, newest first. */
  async setBy(userId: string): Promise<BlockRecord[]> {
    const rows = await this.blocks
      .find({ blockerId: objectId(userId) })
      .sort({ createdAt: -1 })
      .lean();
    return rows.map(toRecord);
  }

  /** The blocks that some users have set, and those that others have set against them. */
  async involvingAny(userIds: string[]): Promise<BlockRecord[]> {
    const ids = trusted({ $in: userIds.map(objectId) });
    const rows = await this.blocks.find({ $or: [{ blockerId: ids }, { blockedId: ids }] }).lean();
    return rows.map(toRecord);
  }

  /** @returns false when the block was there already. */
  async insert(blockerId: string, blockedId: string): Promise<boolean> {
    try {
      await this.blocks.create({ blockerId: objectId(blockerId), blockedId: objectId(blockedId) });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** @returns false when there was no such block. */
  async remove(blockerId: string, blockedId: string): Promise<boolean> {
    const pair = { blockerId: objectId(blockerId), blockedId: objectId(blockedId) };
    const { deletedCount } = await this.blocks.deleteOne(pair);
    return deletedCount > 0;
  }
}
