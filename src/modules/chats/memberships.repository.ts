import { trusted } from 'mongoose';
import type { Model, QueryFilter } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { MembershipDoc } from './membership.model.js';

/** Reads and writes memberships. */
export class MembershipsRepository {
  constructor(private readonly memberships: Model<MembershipDoc>) {}

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
  advanceRead(chatId: string, userId: string, seq: number): Promise<MembershipDoc | null> {
    return this.changePosition(
      { chatId: objectId(chatId), userId: objectId(userId), lastReadSeq: trusted({ $lt: seq }) },
      { lastReadSeq: seq, markedUnread: false },
    );
  }

  /** As {@link advanceRead}, for the position that only the reader may know: across a block. */
  advanceReadInPrivate(chatId: string, userId: string, seq: number): Promise<MembershipDoc | null> {
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
  advanceDelivered(chatId: string, userId: string, seq: number): Promise<MembershipDoc | null> {
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
  removeUnreadMark(chatId: string, userId: string): Promise<MembershipDoc | null> {
    return this.changePosition(
      { chatId: objectId(chatId), userId: objectId(userId) },
      { markedUnread: false },
    );
  }

  /** Changes the membership that matches; answers it as it was before. */
  private changePosition(
    filter: QueryFilter<MembershipDoc>,
    changes: Partial<MembershipDoc>,
  ): Promise<MembershipDoc | null> {
    return this.memberships
      .findOneAndUpdate(filter, { $set: changes }, { returnDocument: 'before' })
      .lean();
  }
}
