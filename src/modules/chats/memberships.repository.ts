import type { Connection, Model, Types } from 'mongoose';
import { trusted } from 'mongoose';
import { firstIdOf, objectId } from '../../platform/object-id.js';
import type { Departure, MemberRole, MembershipRecord } from './membership.model.js';
import { membershipOf } from './membership.model.js';

export { NEW_MEMBERSHIP } from './membership.model.js';
export type { Departure, MembershipRecord } from './membership.model.js';

/** Who is in which chat. */
export type MembershipPair = Pick<MembershipRecord, 'chatId' | 'userId'>;

/** Who is in which chat. */
export class MembershipsRepository {
  private readonly memberships: Model<MembershipRecord>;
  private readonly departures: Model<Departure>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.memberships = connection.model<MembershipRecord>('Membership');
    this.departures = connection.model<Departure>('Departure');
  }

  /** One user's membership of one chat. */
  async find(chatId: string, userId: string): Promise<MembershipRecord | null> {
    return this.memberships.findOne(membershipOf(chatId, userId)).lean();
  }

  /** Whether a user is in a chat. */
  async exists(chatId: string, userId: string): Promise<boolean> {
    return (await this.memberships.exists(membershipOf(chatId, userId))) !== null;
  }

  /** A user's role in a chat; undefined for somebody who is not in it. */
  async roleOf(chatId: string, userId: string): Promise<MemberRole | undefined> {
    const membership = await this.memberships
      .findOne(membershipOf(chatId, userId), { role: 1 })
      .lean();
    return membership?.role;
  }

  /**
   * Stores that a member posts at a time, unless they have posted after `since`.
   *
   * @returns when they had posted before (null: never); undefined when they have to wait.
   */
  async takePost(
    chatId: string,
    userId: string,
    at: Date,
    since: Date,
  ): Promise<Date | null | undefined> {
    const before = await this.memberships
      .findOneAndUpdate(
        { ...membershipOf(chatId, userId), lastPostAt: trusted({ $not: { $gt: since } }) },
        { $set: { lastPostAt: at } },
        { returnDocument: 'before', projection: { lastPostAt: 1 } },
      )
      .lean();
    return before === null ? undefined : (before.lastPostAt ?? null);
  }

  /** When a member has last posted in slow mode. */
  async lastPostAt(chatId: string, userId: string): Promise<Date | undefined> {
    const membership = await this.memberships
      .findOne(membershipOf(chatId, userId), { lastPostAt: 1 })
      .lean();
    return membership?.lastPostAt;
  }

  /** Takes back what {@link takePost} has stored, unless the member has posted since. */
  async giveBackPost(chatId: string, userId: string, at: Date, before: Date | null): Promise<void> {
    await this.memberships.updateOne(
      { ...membershipOf(chatId, userId), lastPostAt: at },
      before === null ? { $unset: { lastPostAt: 1 } } : { $set: { lastPostAt: before } },
    );
  }

  /** Some memberships of a chat. */
  async inChat(chatId: Types.ObjectId, limit: number): Promise<MembershipRecord[]> {
    return this.memberships.find({ chatId }).limit(limit).lean();
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
   * Read with the driver: every new connection needs this, and hydrating by Mongoose would cost more than the
   * query.
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

  /** Whether the user is a member of at least one of these chats. */
  async isInAny(userId: string, chatIds: string[]): Promise<boolean> {
    const membership = await this.memberships.exists({
      userId: objectId(userId),
      chatId: trusted({ $in: chatIds.map(objectId) }),
    });
    return membership !== null;
  }

  /**
   * Those of the users who are in at least one of these chats; a user in several of them is listed several
   * times.
   */
  async userIdsAmong(chatIds: Types.ObjectId[], userIds: string[]): Promise<string[]> {
    const members = await this.memberships
      .find(
        { chatId: trusted({ $in: chatIds }), userId: trusted({ $in: userIds.map(objectId) }) },
        { userId: 1, _id: 0 },
      )
      .lean();
    return members.map(({ userId }) => userId.toHexString());
  }

  /** User ids of at most `limit` members of these chats; who is in several of them comes several times. */
  async userIdsInAny(chatIds: string[], limit: number): Promise<string[]> {
    const members = await this.memberships
      .find({ chatId: trusted({ $in: chatIds.map(objectId) }) }, { userId: 1, _id: 0 })
      .limit(limit)
      .lean();
    return members.map(({ userId }) => userId.toHexString());
  }

  /** The memberships that began since a time; read as they are asked for. */
  createdSince(since: Date): AsyncIterable<MembershipRecord> {
    return this.memberships.collection.find<MembershipRecord>({ _id: { $gte: firstIdOf(since) } });
  }

  /** The memberships whose read position has moved since a time, in that order. */
  readSince(since: Date): AsyncIterable<MembershipRecord> {
    return this.memberships.collection
      .find<MembershipRecord>({ readAt: { $gte: since } })
      .sort({ readAt: 1 });
  }

  /** The notes of memberships that were about to end since a time. */
  departuresSince(since: Date): AsyncIterable<Departure> {
    return this.departures.collection.find<Departure>({ at: { $gte: since } }).sort({ at: 1 });
  }

  /** Those of these memberships that have not ended. */
  async existing(ids: Types.ObjectId[]): Promise<Types.ObjectId[]> {
    const rows = await this.memberships.find({ _id: trusted({ $in: ids }) }, { _id: 1 }).lean();
    return rows.map(({ _id }) => _id);
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
}
