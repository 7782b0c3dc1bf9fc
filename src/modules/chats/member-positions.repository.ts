import type { Connection, Model, QueryFilter, UpdateQuery } from 'mongoose';
import { trusted } from 'mongoose';
import type { Metadata } from '../../shared/metadata.js';
import { objectId } from '../../platform/object-id.js';
import type { MembershipRecord } from './membership.model.js';
import { membershipOf } from './membership.model.js';

/** A member's own settings for a chat, as they are stored; absent fields do not change. */
export type StoredSettings = Partial<
  Pick<MembershipRecord, 'mutedUntil' | 'pinnedAt' | 'markedUnread' | 'archivedSeq' | 'archivedAt'>
> & { metadata?: Metadata | null };

/** How far a member has come in a chat; `clearedSeq` is the number up to which history is deleted. */
export type MemberPositionRow = Pick<
  MembershipRecord,
  'userId' | 'lastReadSeq' | 'lastDeliveredSeq' | 'clearedSeq'
>;

/** A {@link MemberPositionRow}, as an expression. */
const POSITION = {
  userId: '$userId',
  lastReadSeq: '$lastReadSeq',
  lastDeliveredSeq: '$lastDeliveredSeq',
  clearedSeq: '$clearedSeq',
};

/** Members' positions in a chat's history (read, delivered, deleted), and their own settings for the chat. */
export class MemberPositionsRepository {
  private readonly memberships: Model<MembershipRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.memberships = connection.model<MembershipRecord>('Membership');
  }

  /** Up to where history is deleted for a user; 0 for somebody who is not a member. */
  async clearedSeq(chatId: string, userId: string): Promise<number> {
    const membership = await this.memberships.collection.findOne(
      { chatId: objectId(chatId), userId: objectId(userId) },
      { projection: { clearedSeq: 1 } },
    );
    return membership?.clearedSeq ?? 0;
  }

  /**
   * Up to which message number the user has deleted the history, by chat id: of all chats that the user is
   * in, or of these. Chats that the user is not in are left out.
   */
  async clearedSeqs(userId: string, chatIds?: string[]): Promise<Map<string, number>> {
    const rows = await this.memberships.collection
      .find<Pick<MembershipRecord, 'chatId' | 'clearedSeq'>>(
        { userId: objectId(userId), ...(chatIds && { chatId: { $in: chatIds.map(objectId) } }) },
        { projection: { chatId: 1, clearedSeq: 1, _id: 0 } },
      )
      .toArray();
    return new Map(rows.map((row) => [row.chatId.toHexString(), row.clearedSeq]));
  }

  /**
   * The stage of a pipeline that adds how far some members of a chat have come, each as a document of its own: with
   * what is read of another collection, this costs no command.
   *
   * @param of only this user; absent: some members, at most `limit`.
   */
  union(chatId: string, { of, limit }: { of?: string | undefined; limit: number }) {
    return {
      $unionWith: {
        coll: this.memberships.collection.collectionName,
        pipeline: [
          {
            $match: { chatId: objectId(chatId), ...(of !== undefined && { userId: objectId(of) }) },
          },
          { $limit: limit },
          { $project: { _id: 0, position: POSITION } },
        ],
      },
    };
  }

  /** The same for a document's `chatId`, as the document's list `positions`. */
  lookup(limit: number) {
    return {
      $lookup: {
        from: this.memberships.collection.collectionName,
        localField: 'chatId',
        foreignField: 'chatId',
        pipeline: [{ $limit: limit }, { $replaceRoot: { newRoot: POSITION } }],
        as: 'positions',
      },
    };
  }

  /** How far some members of a chat have come. */
  async positionsIn(chatId: string, limit: number): Promise<MemberPositionRow[]> {
    return this.memberships.collection
      .find<MemberPositionRow>(
        { chatId: objectId(chatId) },
        {
          projection: { userId: 1, lastReadSeq: 1, lastDeliveredSeq: 1, clearedSeq: 1, _id: 0 },
          limit,
        },
      )
      .toArray();
  }

  /**
   * Moves a member's read position forward to `seq` and removes the unread mark.
   *
   * @returns the membership before; null when the position was there already, or there is no such member.
   */
  advanceRead(chatId: string, userId: string, seq: number): Promise<MembershipRecord | null> {
    return this.changePosition(
      { chatId: objectId(chatId), userId: objectId(userId), lastReadSeq: trusted({ $lt: seq }) },
      { lastReadSeq: seq, markedUnread: false },
      { $currentDate: { readAt: true } },
    );
  }

  /** As {@link advanceRead}, for the position that only the reader may know: across a block. */
  advanceReadInPrivate(
    chatId: string,
    userId: string,
    seq: number,
  ): Promise<MembershipRecord | null> {
    return this.changePosition(
      {
        chatId: objectId(chatId),
        userId: objectId(userId),
        lastReadSeq: trusted({ $lt: seq }),
        privateReadSeq: trusted({ $not: { $gte: seq } }),
      },
      { privateReadSeq: seq, markedUnread: false },
    );
  }

  /** As {@link advanceRead}, for the delivered position; the unread mark stays. */
  advanceDelivered(chatId: string, userId: string, seq: number): Promise<MembershipRecord | null> {
    return this.changePosition(
      {
        chatId: objectId(chatId),
        userId: objectId(userId),
        lastDeliveredSeq: trusted({ $lt: seq }),
      },
      { lastDeliveredSeq: seq },
    );
  }

  /** Moves the delivered positions of many members forward in one write; positions further on stay. */
  async advanceDeliveredOfMany(
    positions: { chatId: string; userId: string; seq: number }[],
  ): Promise<void> {
    await this.memberships.collection.bulkWrite(
      positions.map(({ chatId, userId, seq }) => ({
        updateOne: {
          filter: { chatId: objectId(chatId), userId: objectId(userId) },
          update: { $max: { lastDeliveredSeq: seq } },
        },
      })),
      { ordered: false },
    );
  }

  /** Removes a member's unread mark; answers the membership before, or null for somebody who is no member. */
  removeUnreadMark(chatId: string, userId: string): Promise<MembershipRecord | null> {
    return this.changePosition(
      { chatId: objectId(chatId), userId: objectId(userId) },
      { markedUnread: false },
    );
  }

  /** Changes the membership that matches; answers it as it was before. */
  private changePosition(
    filter: QueryFilter<MembershipRecord>,
    changes: Partial<MembershipRecord>,
    further: UpdateQuery<MembershipRecord> = {},
  ): Promise<MembershipRecord | null> {
    return this.memberships
      .findOneAndUpdate(filter, { $set: changes, ...further }, { returnDocument: 'before' })
      .lean();
  }

  /** Changes a member's own settings for a chat. */
  async changeSettings(chatId: string, userId: string, settings: StoredSettings): Promise<void> {
    const { metadata, ...rest } = settings;
    await this.memberships.updateOne(membershipOf(chatId, userId), {
      $set: { ...rest, ...(metadata && { metadata }) },
      ...(metadata === null && { $unset: { metadata: 1 } }),
    });
  }

  /**
   * Deletes a chat and its history up to a number for one member. Of two devices' positions, the higher one
   * stays.
   */
  async clear(chatId: string, userId: string, seq: number): Promise<void> {
    await this.memberships.updateOne(membershipOf(chatId, userId), {
      $max: { clearedSeq: seq, hiddenSeq: seq },
      $set: { archivedSeq: null, archivedAt: null, pinnedAt: null, markedUnread: false },
    });
  }
}
