import type { Connection, Model } from 'mongoose';
import { Schema, Types, trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';

/** What a sanction takes away: `silence` writing, `ban` everything. */
export const SANCTION_KINDS = ['silence', 'ban'] as const;

/** What a sanction takes away. */
export type SanctionKind = (typeof SANCTION_KINDS)[number];

/** A sanction, as stored. */
export interface SanctionRecord {
  /** Made by the node: ids grow with the time, and sort the lists. */
  _id: Types.ObjectId;
  /** The chat in which it applies; null: on the whole server. */
  chatId: Types.ObjectId | null;
  userId: Types.ObjectId;
  kind: SanctionKind;
  reason: string;
  /** When it ends by itself; null: when somebody lifts it. */
  until: Date | null;
  actorId: Types.ObjectId;
  createdAt: Date;
  /** Absent once it is lifted, or replaced by a newer one of its kind. */
  isOpen?: true;
  liftedAt?: Date;
  liftedBy?: Types.ObjectId;
  /**
   * There while it is not certain that memberships and accounts are as this ban says: a node may stop between its
   * write and theirs.
   */
  isPending?: true;
  /** What the person has answered, once. */
  appeal?: { text: string; at: Date };
}

const sanctionSchema = new Schema<SanctionRecord>(
  {
    chatId: { type: Schema.Types.ObjectId, default: null },
    userId: { type: Schema.Types.ObjectId, required: true },
    kind: { type: String, enum: SANCTION_KINDS, required: true },
    reason: { type: String, required: true },
    until: { type: Date, default: null },
    actorId: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    isOpen: Boolean,
    liftedAt: Date,
    liftedBy: Schema.Types.ObjectId,
    isPending: Boolean,
    appeal: {
      type: new Schema({ text: String, at: Date }, { _id: false }),
      default: undefined,
    },
  },
  { collection: 'sanctions', versionKey: false },
);
// One open sanction of each kind; what applies to a user in a chat.
sanctionSchema.index(
  { chatId: 1, userId: 1, kind: 1 },
  { unique: true, partialFilterExpression: { isOpen: true } },
);
// The bans that a node may have left half carried out; there are hardly any.
sanctionSchema.index({ isPending: 1 }, { partialFilterExpression: { isPending: true } });
// A chat's, or the server's, newest first.
sanctionSchema.index({ chatId: 1, _id: -1 });
// A user's, newest first.
sanctionSchema.index({ userId: 1, _id: -1 });

/** Registers the sanctions on a connection. */
export const defineSanctionModel = (connection: Connection): void => {
  connection.model<SanctionRecord>('Sanction', sanctionSchema);
};

/** A sanction that is to apply. */
export interface NewSanction {
  /** Null: on the whole server. */
  chatId: string | null;
  userId: string;
  kind: SanctionKind;
  reason: string;
  until: Date | null;
  actorId: string;
  createdAt: Date;
}

/** Attempts to replace a sanction that others replace at the same time. */
const MAX_ATTEMPTS = 20;

/** The stored sanctions. */
export class SanctionsRepository {
  private readonly sanctions: Model<SanctionRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.sanctions = connection.model<SanctionRecord>('Sanction');
  }

  /** Stores a sanction in the place of the user's open one of the same kind and chat; a ban is pending. */
  async impose(sanction: NewSanction): Promise<SanctionRecord> {
    const { kind, createdAt } = sanction;
    const chatId = sanction.chatId === null ? null : objectId(sanction.chatId);
    const [userId, actorId] = [objectId(sanction.userId), objectId(sanction.actorId)];
    for (let attempt = 1; ; attempt += 1) {
      const row = { ...sanction, _id: new Types.ObjectId(), chatId, userId, actorId };
      // A node may stop between the two writes: what is lost then is a sanction that its moderator was about to
      // replace, and that was never told as lifted.
      await this.sanctions.updateOne(
        { chatId, userId, kind, isOpen: true },
        { $unset: { isOpen: 1 }, $set: { liftedAt: createdAt, liftedBy: actorId } },
      );
      try {
        const [stored] = await this.sanctions.create([
          { ...row, isOpen: true, ...(kind === 'ban' && { isPending: true }) },
        ]);
        return stored!.toObject();
      } catch (error) {
        if (!isDuplicateKey(error) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** Lifts an open sanction; null when it is not open (any more). A ban is pending again. */
  async lift(
    { _id, kind }: Pick<SanctionRecord, '_id' | 'kind'>,
    actorId: string,
    at: Date,
  ): Promise<SanctionRecord | null> {
    const lifted = { liftedAt: at, liftedBy: objectId(actorId) };
    return this.sanctions
      .findOneAndUpdate(
        { _id, isOpen: true },
        { $unset: { isOpen: 1 }, $set: { ...lifted, ...(kind === 'ban' && { isPending: true }) } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Some of the pending bans. */
  async pending(limit: number): Promise<SanctionRecord[]> {
    return this.sanctions.find({ isPending: true }).sort({ _id: 1 }).limit(limit).lean();
  }

  /** Stores that memberships and accounts are as a ban says. */
  async settle(id: Types.ObjectId): Promise<void> {
    await this.sanctions.updateOne({ _id: id }, { $unset: { isPending: 1 } });
  }

  /** One sanction. */
  async find(id: string): Promise<SanctionRecord | null> {
    return this.sanctions.findById(objectId(id)).lean();
  }

  /** Stores a user's appeal against their sanction; null when there is one already, or no such sanction. */
  async appeal(
    id: string,
    userId: string,
    appeal: { text: string; at: Date },
  ): Promise<SanctionRecord | null> {
    return this.sanctions
      .findOneAndUpdate(
        { _id: objectId(id), userId: objectId(userId), appeal: trusted({ $exists: false }) },
        { $set: { appeal } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** What applies at a time to some users in a chat; null: on the server. */
  async applying(chatId: string | null, userIds: string[], at: Date): Promise<SanctionRecord[]> {
    return this.sanctions
      .find({
        chatId: chatId === null ? null : objectId(chatId),
        userId: trusted({ $in: userIds.map(objectId) }),
        isOpen: true,
        ...notOver(at),
      })
      .lean();
  }

  /** The silences that apply on the server at a time. */
  async serverSilences(at: Date): Promise<SanctionRecord[]> {
    return this.sanctions
      .find({ chatId: null, kind: 'silence', isOpen: true, ...notOver(at) })
      .lean();
  }

  /** A page of what applies at a time in a chat (null: on the server), newest first. */
  async page(
    chatId: string | null,
    at: Date,
    { page, limit }: { page: number; limit: number },
  ): Promise<{ rows: SanctionRecord[]; total: number }> {
    const filter = {
      chatId: chatId === null ? null : objectId(chatId),
      isOpen: true as const,
      ...notOver(at),
    };
    const [rows, total] = await Promise.all([
      this.sanctions
        .find(filter)
        .sort({ _id: -1 })
        .skip((page - 1) * limit)
        .limit(limit)
        .lean(),
      this.sanctions.countDocuments(filter),
    ]);
    return { rows, total };
  }

  /** What applies to a user at a time, everywhere, newest first. */
  async ofUser(userId: string, at: Date, limit: number): Promise<SanctionRecord[]> {
    return this.sanctions
      .find({ userId: objectId(userId), isOpen: true, ...notOver(at) })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }
}

const notOver = (at: Date) => ({ $or: [{ until: null }, { until: trusted({ $gt: at }) }] });
