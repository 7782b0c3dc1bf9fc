import type { Connection, Model } from 'mongoose';
import { Schema, Types, trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';

/** What a sanction in a chat takes away: `silence` writing, `ban` everything. */
export const SANCTION_KINDS = ['silence', 'ban'] as const;

/** Those on the server; with `shadow` the person goes on writing, and nobody else sees it. */
export const SERVER_SANCTION_KINDS = ['silence', 'shadow', 'ban'] as const;

/** What a sanction takes away. */
export type SanctionKind = (typeof SERVER_SANCTION_KINDS)[number];

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
  /**
   * Absent once it is lifted, or replaced by a newer one of its kind. Of several open ones of a kind the last by
   * `rank`, then `_id`, counts: a node may stop between storing it and closing the others.
   */
  isOpen?: true;
  /** One more than that of the open one that it replaces: ids of different nodes are in no order within a second. */
  rank: number;
  /** There until the older ones of its kind are closed. */
  isReplacing?: true;
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
    kind: { type: String, enum: SERVER_SANCTION_KINDS, required: true },
    reason: { type: String, required: true },
    until: { type: Date, default: null },
    actorId: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    isOpen: Boolean,
    rank: { type: Number, required: true },
    liftedAt: Date,
    liftedBy: Schema.Types.ObjectId,
    isPending: Boolean,
    isReplacing: Boolean,
    appeal: {
      type: new Schema({ text: String, at: Date }, { _id: false }),
      default: undefined,
    },
  },
  { collection: 'sanctions', versionKey: false },
);
// What applies to a user in a chat.
sanctionSchema.index(
  { chatId: 1, userId: 1, kind: 1, rank: 1, _id: 1 },
  { partialFilterExpression: { isOpen: true } },
);
// Those that a node may have left beside the ones they replace.
sanctionSchema.index({ isReplacing: 1 }, { partialFilterExpression: { isReplacing: true } });
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

/** The stored sanctions. */
export class SanctionsRepository {
  private readonly sanctions: Model<SanctionRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.sanctions = connection.model<SanctionRecord>('Sanction');
  }

  /**
   * Stores a sanction in the place of the user's open ones of the same kind and chat; a ban is pending. It counts from
   * its own write on, so that the person has one of the two at every moment, wherever the node stops.
   */
  async impose(sanction: NewSanction): Promise<SanctionRecord> {
    const chatId = sanction.chatId === null ? null : objectId(sanction.chatId);
    const [userId, actorId] = [objectId(sanction.userId), objectId(sanction.actorId)];
    const current = await this.sanctions
      .findOne({ chatId, userId, kind: sanction.kind, isOpen: true })
      .sort({ rank: -1 })
      .lean();
    const rank = (current?.rank ?? 0) + 1;
    const row = { ...sanction, _id: new Types.ObjectId(), chatId, userId, actorId, rank };
    const marks = { isOpen: true, isReplacing: true } as const;
    const [stored] = await this.sanctions.create([
      { ...row, ...marks, ...(sanction.kind === 'ban' && { isPending: true }) },
    ]);
    await this.closeOlder(stored!.toObject());
    return stored!.toObject();
  }

  /** Closes the open sanctions that a newer one replaces. */
  async closeOlder(newer: SanctionRecord): Promise<void> {
    const { _id, chatId, userId, kind, rank, createdAt, actorId } = newer;
    const isOlder = [{ rank: trusted({ $lt: rank }) }, { rank, _id: trusted({ $lt: _id }) }];
    await this.sanctions.updateMany(
      { chatId, userId, kind, isOpen: true, $or: isOlder },
      { $unset: { isOpen: 1 }, $set: { liftedAt: createdAt, liftedBy: actorId } },
    );
    await this.sanctions.updateOne({ _id }, { $unset: { isReplacing: 1 } });
  }

  /** Some of those beside which older ones may still be open. */
  async replacing(limit: number): Promise<SanctionRecord[]> {
    return this.sanctions.find({ isReplacing: true }).sort({ _id: 1 }).limit(limit).lean();
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

  /** What applies at a time to some users in a chat; null: on the server. One of each kind and user. */
  async applying(chatId: string | null, userIds: string[], at: Date): Promise<SanctionRecord[]> {
    const open = await this.sanctions
      .find({
        chatId: chatId === null ? null : objectId(chatId),
        userId: trusted({ $in: userIds.map(objectId) }),
        isOpen: true,
      })
      .sort({ rank: 1, _id: 1 })
      .lean();
    const newest = new Map(open.map((row) => [`${row.userId.toHexString()} ${row.kind}`, row]));
    return [...newest.values()].filter(({ until }) => until === null || until > at);
  }

  /** The silences and shadows that apply on the server at a time, the newest last. */
  async serverSilences(at: Date): Promise<SanctionRecord[]> {
    return this.sanctions
      .find({
        chatId: null,
        kind: trusted({ $in: ['silence', 'shadow'] }),
        isOpen: true,
        ...notOver(at),
      })
      .sort({ rank: 1, _id: 1 })
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

  /** What applies to a user at a time, everywhere, newest first, but for what the user is not told. */
  async ofUser(userId: string, at: Date, limit: number): Promise<SanctionRecord[]> {
    return this.sanctions
      .find({
        userId: objectId(userId),
        kind: trusted({ $ne: 'shadow' }),
        isOpen: true,
        ...notOver(at),
      })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }
}

const notOver = (at: Date) => ({ $or: [{ until: null }, { until: trusted({ $gt: at }) }] });
