import type { Connection, Model, QueryFilter, Types } from 'mongoose';
import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { objectId } from '../../platform/object-id.js';
import type { Departure, MemberRole, MembershipRecord } from './membership.model.js';
import { NEW_MEMBERSHIP, membershipOf } from './membership.model.js';

/** Excludes owners: only `GroupOwnership` ends an owner's role or membership. */
const notOwner = () => ({ role: trusted({ $ne: 'owner' as const }) });

/** Members that {@link MemberRolesRepository.bySeniority} yields at a time. */
const PORTION = 100;

/** The membership of this id, unless it has had the loss of this number, or skipped it. */
const beforeLoss = (id: Types.ObjectId, lossNumber: number) => ({
  _id: id,
  lossNumber: trusted({ $not: { $gte: lossNumber } }),
});

/** The beginning and end of memberships, and the roles in between. */
export class MemberRolesRepository {
  private readonly memberships: Model<MembershipRecord>;
  private readonly departures: Model<Departure>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.memberships = connection.model<MembershipRecord>('Membership');
    this.departures = connection.model<Departure>('Departure');
  }

  /** The ids of a chat's owners, of closed accounts too. */
  async ownerIds(chatId: string): Promise<string[]> {
    const owners = await this.memberships
      .find({ chatId: objectId(chatId), role: 'owner' }, { userId: 1 })
      .lean();
    return owners.map(({ userId }) => userId.toHexString());
  }

  /** The ids of a chat's owners and of some of its admins, 200 at most, of closed accounts too. */
  async managerIds(chatId: string): Promise<string[]> {
    const admins = await this.memberships
      .find({ chatId: objectId(chatId), role: 'admin' }, { userId: 1 })
      .limit(200)
      .lean();
    return [...(await this.ownerIds(chatId)), ...admins.map(({ userId }) => userId.toHexString())];
  }

  /** The ids of the chats that a user owns. */
  async chatIdsOwnedBy(userId: string): Promise<string[]> {
    const owned = await this.memberships
      .find({ userId: objectId(userId), role: 'owner' }, { chatId: 1 })
      .lean();
    return owned.map(({ chatId }) => chatId.toHexString());
  }

  /** A user's membership of a chat as its owner; null for everybody else. */
  async findOwner(chatId: string, userId: string): Promise<MembershipRecord | null> {
    return this.memberships.findOne({ ...membershipOf(chatId, userId), role: 'owner' }).lean();
  }

  /** Those members of a chat who have this role, the longest-standing first, in portions. */
  async *bySeniority(
    chatId: string,
    role: MemberRole,
  ): AsyncGenerator<Pick<MembershipRecord, '_id' | 'userId'>[]> {
    const found = this.memberships
      .find({ chatId: objectId(chatId), role }, { userId: 1 })
      .sort({ joinedAt: 1, _id: 1 })
      .lean()
      .cursor({ batchSize: PORTION });
    let portion: Pick<MembershipRecord, '_id' | 'userId'>[] = [];
    for await (const membership of found) {
      portion.push(membership);
      if (portion.length < PORTION) continue;
      yield portion;
      portion = [];
    }
    if (portion.length > 0) yield portion;
  }

  /**
   * Makes a user a member, unless they are one.
   *
   * @param seq number of the chat's newest message: nothing before it is unread.
   * @param lastPostAt from when on slow mode makes them wait; absent: they need not.
   * @returns the id of the new membership; undefined when there was one.
   */
  async insert(
    chatId: string,
    userId: string,
    {
      role,
      seq,
      joinedAt,
      lastPostAt,
    }: { role: MemberRole; seq: number; joinedAt: Date; lastPostAt?: Date | undefined },
  ): Promise<Types.ObjectId | undefined> {
    try {
      const { upsertedId } = await this.memberships.updateOne(
        membershipOf(chatId, userId),
        {
          $setOnInsert: {
            ...NEW_MEMBERSHIP,
            role,
            lastReadSeq: seq,
            lastDeliveredSeq: seq,
            joinedAt,
            ...(lastPostAt && { lastPostAt }),
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

  /** Makes those of the users members who are none yet; their positions are at the chat's start. */
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
        // A concurrent call has made the same row.
        if (!isDuplicateKey(error)) throw error;
      });
  }

  /**
   * Gives a member a role; the role of owners changes only to owner, which changes nothing.
   *
   * @param among only a member who has one of these roles now; absent: any member.
   */
  async setRole(
    chatId: string,
    userId: string,
    role: MemberRole,
    among?: readonly MemberRole[],
  ): Promise<{ isMatched: boolean; isModified: boolean }> {
    const now = among ? { role: trusted({ $in: [...among] }) } : role !== 'owner' && notOwner();
    const { matchedCount, modifiedCount } = await this.memberships.updateOne(
      { ...membershipOf(chatId, userId), ...now },
      { $set: { role } },
    );
    return { isMatched: matchedCount === 1, isModified: modifiedCount === 1 };
  }

  /** Makes a member an owner; false when the membership has ended or is an owner's already. */
  async promote(id: Types.ObjectId): Promise<boolean> {
    const { modifiedCount } = await this.memberships.updateOne(
      { _id: id, ...notOwner() },
      { $set: { role: 'owner' } },
    );
    return modifiedCount === 1;
  }

  /** Ends an owner's role, once for each number of a loss; false when it was done before. */
  async demote(id: Types.ObjectId, role: MemberRole, lossNumber: number): Promise<boolean> {
    const { modifiedCount } = await this.memberships.updateOne(beforeLoss(id, lossNumber), {
      $set: { role, lossNumber },
    });
    return modifiedCount === 1;
  }

  /**
   * Ends a membership.
   *
   * @param canBeOwner whether an owner's membership ends, too.
   * @returns false when there was none that may end.
   */
  async remove(chatId: string, userId: string, canBeOwner: boolean): Promise<boolean> {
    const ending = { ...membershipOf(chatId, userId), ...(!canBeOwner && notOwner()) };
    await this.noteDepartures(ending);
    const { deletedCount } = await this.memberships.deleteOne(ending);
    return deletedCount === 1;
  }

  /** Ends an owner's membership by the loss of a number; false when it has ended, or the loss was skipped. */
  async removeById(id: Types.ObjectId, lossNumber: number): Promise<boolean> {
    await this.noteDepartures(beforeLoss(id, lossNumber));
    const { deletedCount } = await this.memberships.deleteOne(beforeLoss(id, lossNumber));
    return deletedCount === 1;
  }

  /** Marks the loss of a number as past without carrying it out. */
  async skipLoss(id: Types.ObjectId, lossNumber: number): Promise<void> {
    await this.memberships.updateOne({ _id: id }, { $max: { lossNumber } });
  }

  /** Up to `limit` memberships of a chat. */
  async some(chatId: string, limit: number): Promise<Pick<MembershipRecord, '_id' | 'userId'>[]> {
    return this.memberships
      .find({ chatId: objectId(chatId) }, { userId: 1 })
      .limit(limit)
      .lean();
  }

  /** Ends the memberships of these ids. */
  async removeByIds(ids: Types.ObjectId[]): Promise<void> {
    await this.noteDepartures({ _id: trusted({ $in: ids }) });
    await this.memberships.deleteMany({ _id: trusted({ $in: ids }) });
  }

  /** Before the memberships end: a crash in between leaves notes of memberships that go on, which say nothing. */
  private async noteDepartures(ending: QueryFilter<MembershipRecord>): Promise<void> {
    const rows = await this.memberships.find(ending, { chatId: 1, userId: 1 }).lean();
    if (rows.length === 0) return;
    await this.departures.bulkWrite(
      rows.map(({ _id, chatId, userId }) => ({
        updateOne: {
          filter: { _id },
          update: { $set: { chatId, userId }, $currentDate: { at: true } },
          upsert: true,
        },
      })),
    );
  }
}
