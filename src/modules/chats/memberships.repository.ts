import type { Connection, Model, Types, QueryFilter } from 'mongoose';
import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { MemberRole, MembershipRecord } from './membership.model.js';

export type { MembershipRecord } from './membership.model.js';

/** Who is in which chat. */
export type MembershipPair = Pick<MembershipRecord, 'chatId' | 'userId'>;

/** A member's own settings for a chat, as they are stored; what is left out stays. */
export type StoredSettings = Partial<
  Pick<MembershipRecord, 'mutedUntil' | 'pinnedAt' | 'markedUnread' | 'archivedSeq' | 'archivedAt'>
>;

/** What a membership starts with. */
export const NEW_MEMBERSHIP = {
  role: 'member' as const,
  lastReadSeq: 0,
  lastDeliveredSeq: 0,
  clearedSeq: 0,
  hiddenSeq: null,
  archivedSeq: null,
  archivedAt: null,
  mutedUntil: null,
  pinnedAt: null,
  markedUnread: false,
};

/** Excludes owners: their role and membership are taken by the guard of owners alone. */
const notOwner = () => ({ role: trusted({ $ne: 'owner' as const }) });

/** How far a member has come in a chat; `clearedSeq` is the number up to which history is deleted. */
export type MemberPositionRow = Pick<
  MembershipRecord,
  'userId' | 'lastReadSeq' | 'lastDeliveredSeq' | 'clearedSeq'
>;

/** The stored memberships: who is in which chat, in which role, with which positions and settings. */
export class MembershipsRepository {
  private readonly memberships: Model<MembershipRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.memberships = connection.model<MembershipRecord>('Membership');
  }

  /** One user's membership of one chat. */
  async find(chatId: string, userId: string): Promise<MembershipRecord | null> {
    return this.memberships.findOne(keyOf(chatId, userId)).lean();
  }

  /** Whether a user is in a chat. */
  async exists(chatId: string, userId: string): Promise<boolean> {
    return (await this.memberships.exists(keyOf(chatId, userId))) !== null;
  }

  /** A user's role in a chat; undefined for somebody who is not in it. */
  async roleOf(chatId: string, userId: string): Promise<MemberRole | undefined> {
    const membership = await this.memberships.findOne(keyOf(chatId, userId), { role: 1 }).lean();
    return membership?.role;
  }

  /** Some members of a chat and their roles. */
  async rolesIn(
    chatId: string,
    limit: number,
  ): Promise<Pick<MembershipRecord, 'userId' | 'role'>[]> {
    return this.memberships
      .find({ chatId: objectId(chatId) }, { userId: 1, role: 1 })
      .limit(limit)
      .lean();
  }

  /** Some memberships of a chat. */
  async inChat(chatId: Types.ObjectId, limit: number): Promise<MembershipRecord[]> {
    return this.memberships.find({ chatId }).limit(limit).lean();
  }

  /** All memberships of several chats: for chats known to be small. */
  async inChats(chatIds: Types.ObjectId[]): Promise<MembershipRecord[]> {
    return this.memberships.find({ chatId: trusted({ $in: chatIds }) }).lean();
  }

  /** Ids of some members of a chat. */
  async userIdsIn(chatId: string, limit: number): Promise<string[]> {
    const rows = await this.memberships
      .find({ chatId: objectId(chatId) }, { userId: 1, _id: 0 })
      .limit(limit)
      .lean();
    return rows.map(({ userId }) => userId.toHexString());
  }

  /** How many are in a chat. */
  async count(chatId: Types.ObjectId | string): Promise<number> {
    return this.memberships.countDocuments({
      chatId: typeof chatId === 'string' ? objectId(chatId) : chatId,
    });
  }

  /** A user's memberships, of all chats or of those named. */
  async ofUser(userId: string, chatIds?: Types.ObjectId[]): Promise<MembershipRecord[]> {
    return this.memberships
      .find({ userId: objectId(userId), ...(chatIds && { chatId: trusted({ $in: chatIds }) }) })
      .lean();
  }

  /** Ids of the chats that a user is in. */
  async chatIdsOf(userId: string): Promise<Types.ObjectId[]> {
    const rows = await this.memberships.find({ userId: objectId(userId) }, { chatId: 1 }).lean();
    return rows.map(({ chatId }) => chatId);
  }

  /** Ids of those of the chats that a user is in. */
  async chatIdsAmong(userId: string, chatIds: Types.ObjectId[]): Promise<Types.ObjectId[]> {
    const rows = await this.memberships
      .find({ chatId: trusted({ $in: chatIds }), userId: objectId(userId) }, { chatId: 1, _id: 0 })
      .lean();
    return rows.map(({ chatId }) => chatId);
  }

  /**
   * Who is in which chat, for all chats of some users or all members of some chats.
   *
   * Read by the driver: every connection asks this, and hydrating by Mongoose would cost more than the query.
   */
  async pairsBy(key: keyof MembershipPair, ids: string[]): Promise<MembershipPair[]> {
    return this.memberships.collection
      .find<MembershipPair>(
        { [key]: { $in: ids.map(objectId) } },
        { projection: { chatId: 1, userId: 1, _id: 0 } },
      )
      .toArray();
  }

  /** Memberships of a chat by ascending user id, after one of them. */
  async pageOf(
    chatId: string,
    after: Types.ObjectId | undefined,
    limit: number,
  ): Promise<MembershipRecord[]> {
    return this.byUserId(chatId, after, limit).toArray();
  }

  /** The user id that ends a stretch of `count` memberships of a chat; undefined when there are fewer. */
  async userIdAfter(
    chatId: string,
    after: Types.ObjectId | undefined,
    count: number,
  ): Promise<Types.ObjectId | undefined> {
    const passed = this.byUserId(chatId, after, count).project<Pick<MembershipRecord, 'userId'>>({
      userId: 1,
      _id: 0,
    });
    return (await passed.toArray())[count - 1]?.userId;
  }

  /**
   * Makes a member of somebody who is none.
   *
   * @param seq number of the chat's newest message: nothing before it is unread.
   * @returns the id of the new membership; undefined when there was one.
   */
  async insert(
    chatId: string,
    userId: string,
    { role, seq, joinedAt }: { role: MemberRole; seq: number; joinedAt: Date },
  ): Promise<Types.ObjectId | undefined> {
    try {
      const { upsertedId } = await this.memberships.updateOne(
        keyOf(chatId, userId),
        {
          $setOnInsert: {
            ...NEW_MEMBERSHIP,
            role,
            lastReadSeq: seq,
            lastDeliveredSeq: seq,
            joinedAt,
          },
        },
        { upsert: true },
      );
      return upsertedId ?? undefined;
    } catch (error) {
      // The same user was added twice at the same moment; the other call has made the membership.
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
  }

  /** Makes members of those of the users who are none; their positions are at the chat's start. */
  async ensureAll(
    chatId: Types.ObjectId,
    userIds: Types.ObjectId[],
    joinedAt: Date,
  ): Promise<void> {
    await this.memberships
      .bulkWrite(
        userIds.map((userId) => ({
          updateOne: {
            filter: { chatId, userId },
            update: { $setOnInsert: { ...NEW_MEMBERSHIP, joinedAt } },
            upsert: true,
          },
        })),
        { ordered: false },
      )
      .catch((error: unknown) => {
        // Somebody else has just made the same row.
        if (!isDuplicateKey(error)) throw error;
      });
  }

  /**
   * Ends a membership.
   *
   * @param canBeOwner whether an owner's membership ends, too.
   * @returns false when there was none that may end.
   */
  async remove(chatId: string, userId: string, canBeOwner: boolean): Promise<boolean> {
    const { deletedCount } = await this.memberships.deleteOne({
      ...keyOf(chatId, userId),
      ...(!canBeOwner && notOwner()),
    });
    return deletedCount === 1;
  }

  /** Ends the membership of this id; false when it has ended already. */
  async removeById(id: Types.ObjectId): Promise<boolean> {
    const { deletedCount } = await this.memberships.deleteOne({ _id: id });
    return deletedCount === 1;
  }

  /** Ends the memberships of these ids. */
  async removeByIds(ids: Types.ObjectId[]): Promise<void> {
    await this.memberships.deleteMany({ _id: trusted({ $in: ids }) });
  }

  /** Gives a member a role; the role of owners changes only to owner, which changes nothing. */
  async setRole(
    chatId: string,
    userId: string,
    role: MemberRole,
  ): Promise<{ isMatched: boolean; isModified: boolean }> {
    const { matchedCount, modifiedCount } = await this.memberships.updateOne(
      { ...keyOf(chatId, userId), ...(role !== 'owner' && notOwner()) },
      { $set: { role } },
    );
    return { isMatched: matchedCount === 1, isModified: modifiedCount === 1 };
  }

  /** Whether a chat has an owner. */
  async hasOwner(chatId: string): Promise<boolean> {
    return (await this.memberships.exists({ chatId: objectId(chatId), role: 'owner' })) !== null;
  }

  /** Whether anybody else is in the owner's chat. */
  async hasOthers({ chatId, userId }: MembershipPair): Promise<boolean> {
    return (await this.memberships.exists({ chatId, userId: trusted({ $ne: userId }) })) !== null;
  }

  /** Which of these users are members of which of these chats. */
  async among(userIds: string[], chatIds: string[]): Promise<{ userId: string; chatId: string }[]> {
    const rows = await this.memberships.collection
      .find<MembershipPair>(
        { userId: { $in: userIds.map(objectId) }, chatId: { $in: chatIds.map(objectId) } },
        { projection: { userId: 1, chatId: 1, _id: 0 } },
      )
      .toArray();
    return rows.map(({ userId, chatId }) => ({
      userId: userId.toHexString(),
      chatId: chatId.toHexString(),
    }));
  }

  /** Whether the owner's chat has another owner. */
  async hasOtherOwner({ chatId, userId }: MembershipPair): Promise<boolean> {
    const others = { chatId, userId: trusted({ $ne: userId }) };
    return (await this.memberships.exists({ ...others, role: 'owner' })) !== null;
  }

  /** A user's membership of a chat as its owner; null for everybody else. */
  async findOwner(chatId: string, userId: string): Promise<MembershipRecord | null> {
    return this.memberships.findOne({ ...keyOf(chatId, userId), role: 'owner' }).lean();
  }

  /** Who has been in a chat for longest, of its admins or else of all; null for an empty chat. */
  async longestStanding(chatId: string): Promise<MembershipRecord | null> {
    const ofChat = { chatId: objectId(chatId) };
    const first = { joinedAt: 1, _id: 1 } as const;
    const admin = await this.memberships
      .findOne({ ...ofChat, role: 'admin' })
      .sort(first)
      .lean();
    return admin ?? this.memberships.findOne(ofChat).sort(first).lean();
  }

  /** Makes an owner of a member who is none; false when the membership has ended or is an owner's. */
  async promote(id: Types.ObjectId): Promise<boolean> {
    const { modifiedCount } = await this.memberships.updateOne(
      { _id: id, ...notOwner() },
      { $set: { role: 'owner' } },
    );
    return modifiedCount === 1;
  }

  /** Takes an owner's role, once for each number of a loss; false when it was done before. */
  async demote(id: Types.ObjectId, role: MemberRole, lossNumber: number): Promise<boolean> {
    const { modifiedCount } = await this.memberships.updateOne(
      { _id: id, lossNumber: trusted({ $not: { $gte: lossNumber } }) },
      { $set: { role, lossNumber } },
    );
    return modifiedCount === 1;
  }

  /** Changes a member's own settings for a chat. */
  async changeSettings(chatId: string, userId: string, settings: StoredSettings): Promise<void> {
    await this.memberships.updateOne(keyOf(chatId, userId), { $set: settings });
  }

  /** Deletes a chat and its history up to a number for one member. Of two devices the later position holds. */
  async clear(chatId: string, userId: string, seq: number): Promise<void> {
    await this.memberships.updateOne(keyOf(chatId, userId), {
      $max: { clearedSeq: seq, hiddenSeq: seq },
      $set: { archivedSeq: null, archivedAt: null, pinnedAt: null, markedUnread: false },
    });
  }

  private byUserId(chatId: string, after: Types.ObjectId | undefined, limit: number) {
    return this.memberships.collection
      .find<MembershipRecord>({
        chatId: objectId(chatId),
        ...(after && { userId: { $gt: after } }),
      })
      .sort({ userId: 1 })
      .limit(limit);
  }

  /** Whether the user is a member of at least one of these chats. */
  async isInAny(userId: string, chatIds: string[]): Promise<boolean> {
    const membership = await this.memberships.exists({
      userId: objectId(userId),
      chatId: trusted({ $in: chatIds.map(objectId) }),
    });
    return membership !== null;
  }

  /** User ids of at most `limit` members of these chats; who is in several of them comes several times. */
  async userIdsInAny(chatIds: string[], limit: number): Promise<string[]> {
    const members = await this.memberships
      .find({ chatId: trusted({ $in: chatIds.map(objectId) }) }, { userId: 1, _id: 0 })
      .limit(limit)
      .lean();
    return members.map(({ userId }) => userId.toHexString());
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

  /** Moves the delivered positions of many members forward in one write; those further on stay. */
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
  ): Promise<MembershipRecord | null> {
    return this.memberships
      .findOneAndUpdate(filter, { $set: changes }, { returnDocument: 'before' })
      .lean();
  }

  /**
   * Up to which message number the user has deleted the history, by chat id: of all chats that the user is
   * in, or of one. Chats that the user is not in are left out.
   */
  async clearedSeqs(userId: string, chatId?: string): Promise<Map<string, number>> {
    const rows = await this.memberships.collection
      .find<Pick<MembershipRecord, 'chatId' | 'clearedSeq'>>(
        { userId: objectId(userId), ...(chatId !== undefined && { chatId: objectId(chatId) }) },
        { projection: { chatId: 1, clearedSeq: 1, _id: 0 } },
      )
      .toArray();
    return new Map(rows.map((row) => [row.chatId.toHexString(), row.clearedSeq]));
  }

  /** Up to where history is deleted for a user; 0 for somebody who is not a member. */
  async clearedSeq(chatId: string, userId: string): Promise<number> {
    const membership = await this.memberships.collection.findOne(
      { chatId: objectId(chatId), userId: objectId(userId) },
      { projection: { clearedSeq: 1 } },
    );
    return membership?.clearedSeq ?? 0;
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
}

const keyOf = (chatId: string, userId: string) => ({
  chatId: objectId(chatId),
  userId: objectId(userId),
});
