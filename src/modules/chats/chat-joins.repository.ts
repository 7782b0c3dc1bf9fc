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

const byActivity = (a: ChatRecord, b: ChatRecord): number =>
  b.lastMessageAt.getTime() - a.lastMessageAt.getTime() ||
  b._id.toHexString().localeCompare(a._id.toHexString());
