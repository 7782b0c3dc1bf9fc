import type { Connection, Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { MembershipRecord } from './membership.model.js';
import type { ChatRecord } from './chats.repository.js';

/** A user's membership of a chat, and the chat. */
export interface JoinedChat {
  membership: MembershipRecord;
  chat: ChatRecord;
  /** Some members of the chat, the user perhaps not among them; absent unless asked for. */
  members?: MembershipRecord[];
}

/** A chat with messages behind what a user has read, as far as an unread count needs it. */
export type UnreadChat = Pick<
  MembershipRecord,
  | 'chatId'
  | 'lastReadSeq'
  | 'privateReadSeq'
  | 'clearedSeq'
  | 'hiddenSeq'
  | 'archivedSeq'
  | 'mutedUntil'
> & { chat: Pick<ChatRecord, '_id' | 'lastSeq'> };

/** Reads that join chats and their memberships: each command costs more than what it reads. */
export class ChatJoinsRepository {
  private readonly chats;
  private readonly memberships;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.chats = connection.model<ChatRecord>('Chat').collection;
    this.memberships = connection.model<MembershipRecord>('Membership').collection;
  }

  /**
   * A user's memberships, of all chats or of those named, with their chats, newest activity first.
   *
   * @param members how many members of each chat are read, too.
   */
  async ofUser(
    userId: string,
    { chatIds, members }: { chatIds?: Types.ObjectId[] | undefined; members?: number },
  ): Promise<JoinedChat[]> {
    const rows = await this.memberships
      .aggregate<{
        membership: MembershipRecord;
        chat: ChatRecord[];
        members?: MembershipRecord[];
      }>([
        { $match: { userId: objectId(userId), ...(chatIds && { chatId: { $in: chatIds } }) } },
        { $project: { _id: 0, chatId: 1, membership: '$$ROOT' } },
        {
          $lookup: {
            from: this.chats.collectionName,
            localField: 'chatId',
            foreignField: '_id',
            as: 'chat',
          },
        },
        ...(members === undefined ? [] : [this.lookupMembers('chatId', members)]),
      ])
      .toArray();
    return rows
      .flatMap(({ chat: [chat], ...row }) => (chat ? [{ ...row, chat }] : []))
      .sort((a, b) => byActivity(a.chat, b.chat));
  }

  /**
   * A page of a user's accepted chats that are neither archived nor deleted at a time, pinned ones first, then newest
   * activity first, with some members of each; and how many such chats there are. The rules are those of `isHidden` and
   * `isArchived`.
   */
  async activePage(
    userId: string,
    { at, skip, limit, members }: { at: Date; skip: number; limit: number; members: number },
  ): Promise<{ rows: JoinedChat[]; total: number }> {
    const found = await this.memberships
      .aggregate<{
        total?: number;
        membership?: MembershipRecord;
        chat: ChatRecord[];
        members: MembershipRecord[];
      }>([
        { $match: { userId: objectId(userId) } },
        { $project: { _id: 0, chatId: 1, membership: '$$ROOT' } },
        {
          $lookup: {
            from: this.chats.collectionName,
            localField: 'chatId',
            foreignField: '_id',
            pipeline: [
              { $match: { status: 'accepted' } },
              { $project: { lastSeq: 1, lastMessageAt: 1 } },
            ],
            as: 'state',
          },
        },
        { $unwind: '$state' },
        { $match: { $expr: isActiveAt(at) } },
        { $set: { pinRank: { $cond: [{ $gt: ['$membership.pinnedAt', null] }, 0, 1] } } },
        { $sort: { pinRank: 1, 'state.lastMessageAt': -1, chatId: -1 } },
        {
          $facet: {
            totals: [{ $count: 'count' }],
            page: [{ $skip: skip }, { $limit: limit }, { $project: { chatId: 1, membership: 1 } }],
          },
        },
        { $set: { total: { $arrayElemAt: ['$totals.count', 0] } } },
        // A page behind the end is empty, and the total is still answered.
        { $unwind: { path: '$page', preserveNullAndEmptyArrays: true } },
        { $project: { total: 1, chatId: '$page.chatId', membership: '$page.membership' } },
        {
          $lookup: {
            from: this.chats.collectionName,
            localField: 'chatId',
            foreignField: '_id',
            as: 'chat',
          },
        },
        this.lookupMembers('chatId', members),
      ])
      .toArray();
    return {
      total: found[0]?.total ?? 0,
      rows: found.flatMap(({ chat: [chat], membership, members: some }) =>
        chat && membership ? [{ chat, membership, members: some }] : [],
      ),
    };
  }

  /** The accepted chats of a user that have come further than the user has read, in no order. */
  async unreadOf(userId: string): Promise<UnreadChat[]> {
    return this.memberships
      .aggregate<UnreadChat>([
        { $match: { userId: objectId(userId) } },
        {
          $lookup: {
            from: this.chats.collectionName,
            localField: 'chatId',
            foreignField: '_id',
            pipeline: [{ $match: { status: 'accepted' } }, { $project: { lastSeq: 1 } }],
            as: 'chat',
          },
        },
        { $unwind: '$chat' },
        {
          $match: {
            $expr: {
              $gt: ['$chat.lastSeq', { $max: ['$lastReadSeq', '$privateReadSeq', '$clearedSeq'] }],
            },
          },
        },
        {
          $project: {
            _id: 0,
            chat: 1,
            chatId: 1,
            lastReadSeq: 1,
            privateReadSeq: 1,
            clearedSeq: 1,
            hiddenSeq: 1,
            archivedSeq: 1,
            mutedUntil: 1,
          },
        },
      ])
      .toArray();
  }

  /** The chats of these ids with some of their members, in no order. */
  async withMembers(
    chatIds: Types.ObjectId[],
    limit: number,
  ): Promise<{ chat: ChatRecord; members: MembershipRecord[] }[]> {
    if (chatIds.length === 0) return [];
    return this.chats
      .aggregate<{ chat: ChatRecord; members: MembershipRecord[] }>([
        { $match: { _id: { $in: chatIds } } },
        { $project: { chat: '$$ROOT' } },
        this.lookupMembers('_id', limit),
      ])
      .toArray();
  }

  /** The same, as far as it says who is in the chats. */
  async withRoles(
    chatIds: Types.ObjectId[],
    limit: number,
  ): Promise<{ chat: ChatRecord; members: Pick<MembershipRecord, 'userId' | 'role'>[] }[]> {
    return this.chats
      .aggregate<{ chat: ChatRecord; members: Pick<MembershipRecord, 'userId' | 'role'>[] }>([
        { $match: { _id: { $in: chatIds } } },
        { $project: { chat: '$$ROOT' } },
        this.lookupMembers('_id', limit, [{ $project: { _id: 0, userId: 1, role: 1 } }]),
      ])
      .toArray();
  }

  private lookupMembers(localField: string, limit: number, further: object[] = []) {
    return {
      $lookup: {
        from: this.memberships.collectionName,
        localField,
        foreignField: 'chatId',
        pipeline: [{ $limit: limit }, ...further],
        as: 'members',
      },
    };
  }
}

/** Whether a membership's chat is shown in the active list, as an expression; `state` is the chat. */
const isActiveAt = (at: Date) => {
  const isUnset = (field: string) => ({ $not: [{ $gt: [field, null] }] });
  return {
    $and: [
      {
        $or: [
          isUnset('$membership.hiddenSeq'),
          { $gt: ['$state.lastSeq', '$membership.hiddenSeq'] },
        ],
      },
      {
        $or: [
          isUnset('$membership.archivedSeq'),
          {
            $and: [
              { $not: [{ $gt: ['$membership.mutedUntil', at] }] },
              { $gt: ['$state.lastSeq', '$membership.archivedSeq'] },
            ],
          },
        ],
      },
    ],
  };
};

const byActivity = (a: ChatRecord, b: ChatRecord): number =>
  b.lastMessageAt.getTime() - a.lastMessageAt.getTime() ||
  b._id.toHexString().localeCompare(a._id.toHexString());
