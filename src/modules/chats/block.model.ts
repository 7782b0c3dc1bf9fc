import type { Connection, Types } from 'mongoose';
import { Schema } from 'mongoose';

/** One user wants nothing to do with another. */
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
