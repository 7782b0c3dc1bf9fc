import type { Connection, Model, Types, UpdateQuery, mongo } from 'mongoose';
import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { firstIdOf, objectId } from '../../platform/object-id.js';
import { SYSTEM_USER_ID } from '../../shared/actor.js';
import { metadataCondition } from '../../platform/metadata-indexes.js';
import type { Metadata, MetadataFilter } from '../../shared/metadata.js';
import type { PageQuery } from '../../shared/pagination.js';
import { equalText } from '../../platform/typed-index.js';
import type {
  ChatRecord,
  ChatKind,
  ChatStatus,
  JoinMode,
  OwnerLoss,
  LastMessage,
} from './chat.model.js';

export type { ChatRecord } from './chat.model.js';

/** A group or room to be stored. */
export interface NewNamedChat {
  kind: 'group' | 'room';
  /** Stored as the initiator; undefined when no user has made the chat. */
  initiator: string | undefined;
  name: string;
  slug?: string;
  /** The name that a room answers to; null: another one answers to its name. */
  nameKey?: string | null;
  description?: string;
  picture?: string;
  metadata?: Metadata;
  externalId?: string;
  joinMode?: JoinMode;
  /** Made by the client; the first members are listed beside it until all of them are in. */
  clientChatId?: string;
  memberIds: string[];
  /** Those who are invited instead of added. */
  inviteIds?: string[];
  createdAt: Date;
}

/** Name, description, picture and modes of a group or room; absent fields do not change. */
export interface Appearance {
  name?: string;
  description?: string;
  picture?: string | null;
  /** null takes away what there is. */
  metadata?: Metadata | null;
  slowModeSeconds?: number;
  onlyModeratorsPost?: boolean;
  joinMode?: JoinMode;
}

const newestFirst = { lastMessageAt: -1, _id: -1 } as const;

const directKey = (a: string, b: string): string => [a, b].sort().join(':');

/** A direct chat, as far as it says who has agreed to it. */
export type DirectChatRecord = Pick<ChatRecord, '_id' | 'initiator' | 'isAnswered'> & {
  participants: Types.ObjectId[];
};

const ANSWER_FIELDS = { initiator: 1, participants: 1, isAnswered: 1 } as const;

/** How far a chat has come, as far as its list knows; the log may have come further. */
export interface ChatActivity {
  chatId: string;
  lastSeq: number;
  /** Time of the newest message in milliseconds; 0 for a chat without one. */
  lastMessageAt: number;
}

/** What a chat's lists should show. */
export interface NewestMessage {
  chatId: Types.ObjectId;
  lastMessage: LastMessage;
  /** Whether the message has changed since it was sent, so that lists may show an earlier state of it. */
  isChanged: boolean;
}

/** The conditions of a list of chats; absent ones do not apply. */
export interface ChatFilter {
  kind?: ChatKind | undefined;
  externalId?: string | undefined;
  metadata?: MetadataFilter | undefined;
}

/** Chats that a list counts at most; nobody pages so far. */
const MAX_COUNTED = 10_000;

/** The stored chats of all kinds. */
export class ChatsRepository {
  private readonly chats: Model<ChatRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.chats = connection.model<ChatRecord>('Chat');
  }

  /** The chat of this id. */
  async find(chatId: Types.ObjectId | string): Promise<ChatRecord | null> {
    return this.chats.findById(typeof chatId === 'string' ? objectId(chatId) : chatId).lean();
  }

  /**
   * The chats of these ids, newest activity first; `status` leaves out those with another one, and `metadata` those
   * without these values.
   */
  async byActivity(
    chatIds: Types.ObjectId[],
    { status, metadata }: { status?: ChatStatus; metadata?: MetadataFilter | undefined } = {},
  ): Promise<ChatRecord[]> {
    return this.chats
      .find({
        _id: trusted({ $in: chatIds }),
        ...(status && { status }),
        ...(metadata && metadataCondition(metadata)),
      })
      .sort(newestFirst)
      .lean();
  }

  /** Pending direct chats that a user has opened or has received a request for, newest first. */
  async requestsOf(
    userId: string,
    direction: 'incoming' | 'outgoing',
    limit: number,
  ): Promise<ChatRecord[]> {
    const me = objectId(userId);
    const initiator = direction === 'outgoing' ? me : trusted({ $ne: me });
    return this.chats
      .find({ participants: me, status: 'pending', initiator })
      .sort({ lastMessageAt: -1 })
      .limit(limit)
      .lean();
  }

  /** Ids of the accepted chats of some kinds among those named. */
  async openAmong(chatIds: Types.ObjectId[], kinds: ChatKind[]): Promise<Types.ObjectId[]> {
    const chats = await this.chats.find(openChats(chatIds, kinds), { _id: 1 }).lean();
    return chats.map(({ _id }) => _id);
  }

  /** Whether there is an accepted chat of some kinds among those named. */
  async isAnyOpen(chatIds: Types.ObjectId[], kinds: ChatKind[]): Promise<boolean> {
    return (await this.chats.exists(openChats(chatIds, kinds))) !== null;
  }

  /** The direct chat between two users. */
  async byPair(a: string, b: string): Promise<ChatRecord | null> {
    return this.chats.findOne({ directKey: equalText(directKey(a, b)) }).lean();
  }

  /**
   * Stores the direct chat of a pair unless there is one: one atomic upsert on the pair's unique key. The
   * loser of a race finds the winner's chat.
   *
   * @returns null when the chat has been deleted meanwhile.
   */
  async ensureDirect(
    initiator: string,
    otherId: string,
    { status, createdAt }: { status: ChatStatus; createdAt: Date },
  ): Promise<{ chat: ChatRecord; created: boolean } | null> {
    try {
      const result = await this.chats.findOneAndUpdate(
        { directKey: equalText(directKey(initiator, otherId)) },
        {
          $setOnInsert: {
            kind: 'direct',
            status,
            initiator: objectId(initiator),
            participants: [initiator, otherId].sort().map(objectId),
            isAnswered: false,
            lastSeq: 0,
            lastMessage: null,
            lastMessageAt: createdAt,
          },
        },
        { upsert: true, returnDocument: 'after', lean: true, includeResultMetadata: true },
      );
      if (!result.value) return null;
      return {
        chat: result.value as ChatRecord,
        created: result.lastErrorObject?.updatedExisting === false,
      };
    } catch (error) {
      const winner = isDuplicateKey(error) ? await this.byPair(initiator, otherId) : null;
      if (!winner) throw error;
      return { chat: winner, created: false };
    }
  }

  /**
   * Answers a request, unless it is rejected after having been accepted: decided by the write, because
   * another device, on another node, may just have given the other answer.
   *
   * @returns the chat as it was before; null when nothing was written.
   */
  async answer(chatId: string, answer: 'accepted' | 'rejected'): Promise<ChatRecord | null> {
    return this.chats
      .findOneAndUpdate(
        {
          _id: objectId(chatId),
          ...(answer === 'rejected' && { status: trusted({ $ne: 'accepted' as const }) }),
        },
        {
          $set: { status: answer, ...(answer === 'accepted' && { isAnswered: true }) },
          ...NOTING_CHANGE,
        },
        { returnDocument: 'before' },
      )
      .lean();
  }

  /** Accepts a chat, whoever the recipient is; answers it as it is now. */
  async accept(chatId: Types.ObjectId): Promise<ChatRecord | null> {
    return this.chats
      .findOneAndUpdate(
        { _id: chatId },
        { $set: { status: 'accepted' }, ...NOTING_CHANGE },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Stores whether the recipient of a chat request has answered; never back to false. */
  async setAnswered(chatId: string, isAnswered: boolean): Promise<void> {
    await this.chats.updateOne(
      { _id: objectId(chatId), isAnswered: trusted({ $ne: true }) },
      { $set: { isAnswered } },
    );
  }

  /** The accepted direct chats between a user and some others. */
  async openPairs(userId: string, otherIds: string[]): Promise<DirectChatRecord[]> {
    const keys = otherIds.map((otherId) => directKey(userId, otherId));
    return this.chats
      .find({ directKey: trusted({ $in: keys }), status: 'accepted' }, ANSWER_FIELDS)
      .lean<DirectChatRecord[]>();
  }

  /** The accepted direct chats among those named. */
  async openDirect(chatIds: string[]): Promise<DirectChatRecord[]> {
    return this.chats
      .find(openChats(chatIds.map(objectId), ['direct']), ANSWER_FIELDS)
      .lean<DirectChatRecord[]>();
  }

  /** The room of this slug. */
  async bySlug(slug: string): Promise<ChatRecord | undefined> {
    return (await this.chats.findOne({ slug: equalText(slug) }).lean()) ?? undefined;
  }

  /** The room that is found by a name. */
  async byNameKey(nameKey: string): Promise<ChatRecord | undefined> {
    return (await this.chats.findOne({ nameKey: equalText(nameKey) }).lean()) ?? undefined;
  }

  /** Those of the slugs that rooms have, or answer to as their name. */
  async takenSlugs(slugs: string[]): Promise<Set<string>> {
    const among = trusted({ $in: slugs, $type: 'string' as const });
    const [addressed, named] = await Promise.all([
      this.chats.find({ slug: among }, { slug: 1 }).lean(),
      this.chats.find({ nameKey: among }, { nameKey: 1 }).lean(),
    ]);
    return new Set([
      ...addressed.flatMap(({ slug }) => slug ?? []),
      ...named.flatMap(({ nameKey }) => nameKey ?? []),
    ]);
  }

  /** Up to `limit` rooms from before names were stored in the form in which they are compared. */
  async olderRooms(limit: number): Promise<Pick<ChatRecord, '_id' | 'slug'>[]> {
    return this.chats
      .find({ kind: 'room', nameKey: trusted({ $exists: false }) }, { slug: 1 })
      .limit(limit)
      .lean();
  }

  /** Gives such a room the name to which it answers; none when another room answers to it. */
  async nameOlderRoom(chatId: Types.ObjectId, nameKey: string | null): Promise<void> {
    const write = (key: string | null) =>
      this.chats.updateOne(
        // It may have been renamed meanwhile.
        { _id: chatId, nameKey: trusted({ $exists: false }) },
        { $set: { nameKey: key } },
        { timestamps: false },
      );
    try {
      await write(nameKey);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      await write(null);
    }
  }

  /** Rooms, the ones with the newest messages first. */
  async rooms(limit: number): Promise<ChatRecord[]> {
    return this.chats.find({ kind: 'room' }).sort({ lastMessageAt: -1 }).limit(limit).lean();
  }

  /** What a maker has made under an id of the client's. */
  async byClientId(initiator: string, clientChatId: string): Promise<ChatRecord | null> {
    return this.chats
      .findOne({ initiator: objectId(initiator), clientChatId: equalText(clientChatId) })
      .lean();
  }

  /**
   * Stores a group or room.
   *
   * @returns undefined when its slug or the name that it should be found by is taken, or the maker has used
   *   the client's id before.
   */
  async insert(chat: NewNamedChat): Promise<ChatRecord | undefined> {
    const {
      clientChatId,
      createdAt,
      initiator = SYSTEM_USER_ID,
      memberIds,
      inviteIds,
      ...rest
    } = chat;
    try {
      const created = await this.chats.create({
        ...rest,
        status: 'accepted',
        initiator: objectId(initiator),
        ...(clientChatId !== undefined && {
          clientChatId,
          making: {
            memberIds: memberIds.map(objectId),
            ...(inviteIds?.length && { inviteIds: inviteIds.map(objectId) }),
            attempts: 1,
            isDone: false,
          },
        }),
        lastMessageAt: createdAt,
      });
      return created.toObject();
    } catch (error) {
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
  }

  /** The chat with this id of the product that has made it. */
  async byExternalId(externalId: string): Promise<ChatRecord | null> {
    return this.chats.findOne({ externalId }).lean();
  }

  /** The chats' ids by their external ids; those that no chat has are left out. */
  async idsByExternalIds(externalIds: string[]): Promise<Map<string, string>> {
    const found = await this.chats
      .find({ externalId: trusted({ $in: externalIds }) }, { externalId: 1 })
      .lean();
    return new Map(found.map(({ _id, externalId = '' }) => [externalId, _id.toHexString()]));
  }

  /**
   * Gives a chat an external id, metadata, or both.
   *
   * @returns the chat as it is then; undefined when another chat has the id.
   */
  async describe(
    chatId: Types.ObjectId,
    fields: Partial<Pick<ChatRecord, 'externalId' | 'metadata'>>,
  ): Promise<ChatRecord | undefined> {
    try {
      const chat = await this.chats
        .findOneAndUpdate({ _id: chatId }, { $set: fields }, { returnDocument: 'after' })
        .lean();
      return chat ?? undefined;
    } catch (error) {
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
  }

  /** A page of the chats of these conditions, last made first, and how many there are up to {@link MAX_COUNTED}. */
  async page(
    { kind, metadata, externalId }: ChatFilter,
    { page, limit }: PageQuery,
  ): Promise<{ chats: ChatRecord[]; total: number }> {
    const filter = {
      ...(kind && { kind }),
      ...(externalId !== undefined && { externalId }),
      ...(metadata && metadataCondition(metadata)),
    };
    const [chats, total] = await Promise.all([
      this.chats
        .find(filter)
        .sort({ _id: -1 })
        .skip((page - 1) * limit)
        .limit(limit)
        .lean(),
      this.chats.countDocuments(filter, { limit: MAX_COUNTED }),
    ]);
    return { chats, total };
  }

  /** Removes a chat that nobody is in any more; answers whether there was one. */
  async remove(chatId: string): Promise<boolean> {
    return (await this.chats.deleteOne({ _id: objectId(chatId) })).deletedCount === 1;
  }

  /**
   * Changes name, description, picture or metadata of a chat; answers it as it is now.
   *
   * @param nameKey the name to which a room answers from now on, unless another one does; null: to none.
   */
  async changeAppearance(
    chatId: string,
    { metadata, ...changes }: Appearance,
    nameKey?: string | null,
  ): Promise<ChatRecord | null> {
    const data = metadata && { metadata };
    const removal = metadata === null && { $unset: { metadata: 1 as const } };
    const write = (update: UpdateQuery<ChatRecord>) =>
      this.chats
        .findOneAndUpdate({ _id: objectId(chatId) }, update, { returnDocument: 'after' })
        .lean();
    const more = { ...removal, ...NOTING_CHANGE };
    if (nameKey === undefined) return write({ $set: { ...changes, ...data }, ...more });
    try {
      return await write({ $set: { ...changes, ...data, nameKey }, ...more });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return write({ $set: { ...changes, ...data, nameKey: null }, ...more });
    }
  }

  /** Stores that a chat has had a sanction. */
  async markSanctioned(chatId: string): Promise<void> {
    await this.chats.updateOne({ _id: objectId(chatId) }, { $set: { hasSanctions: true } });
  }

  /**
   * Counts another attempt to finish making a chat.
   *
   * @returns the chat as it is now; null when nothing is left to do, or the maker has left.
   */
  async resumeMaking(chatId: Types.ObjectId, makerId: string): Promise<ChatRecord | null> {
    return this.chats
      .findOneAndUpdate(
        { _id: chatId, 'making.isDone': false, 'making.memberIds': objectId(makerId) },
        { $inc: { 'making.attempts': 1 } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Who is still to be added to a new chat; undefined when there is no list any more. */
  async makingMembers(chatId: Types.ObjectId): Promise<Set<string> | undefined> {
    const chat = await this.chats.findById(chatId, { making: 1 }).lean();
    return chat?.making && new Set(chat.making.memberIds.map((id) => id.toHexString()));
  }

  /** Lists those who were to be invited to a new chat, and can be brought in now. */
  async addToMaking(chatId: Types.ObjectId, userIds: string[]): Promise<void> {
    const ids = userIds.map(objectId);
    await this.chats.updateOne(
      { _id: chatId, 'making.inviteIds': trusted({ $in: ids }) },
      { $addToSet: { 'making.memberIds': { $each: ids } } },
    );
  }

  /** Takes somebody off the list of those who are brought into a new chat. */
  async withdrawFromMaking(chatId: string, userId: string): Promise<void> {
    const memberId = objectId(userId);
    await this.chats.updateOne(
      {
        _id: objectId(chatId),
        $or: [{ 'making.memberIds': memberId }, { 'making.inviteIds': memberId }],
      },
      { $pull: { 'making.memberIds': memberId, 'making.inviteIds': memberId } },
    );
  }

  /** Ends an attempt that has added everybody. The last running attempt removes the list. */
  async concludeMaking(chatId: Types.ObjectId): Promise<void> {
    const forget = (attempts: number) =>
      this.chats.updateOne({ _id: chatId, 'making.attempts': attempts }, { $unset: { making: 1 } });
    if ((await forget(1)).matchedCount === 1) return;
    await this.chats.updateOne(
      { _id: chatId, making: trusted({ $exists: true }) },
      { $set: { 'making.isDone': true }, $inc: { 'making.attempts': -1 } },
    );
    await forget(0);
  }

  /** How far a chat's owners have lost their role, and the loss that is decided. */
  async ownerLoss(chatId: string): Promise<OwnerLoss> {
    const chat = await this.chats.findById(objectId(chatId), { ownerLoss: 1 }).lean();
    return chat?.ownerLoss ?? { revision: 0, pending: null };
  }

  /**
   * Decides the next loss of an owner's role.
   *
   * @param revision the number of the last one, 0 for none.
   * @returns false when another loss has been decided since.
   */
  async decideOwnerLoss(chatId: string, revision: number, next: OwnerLoss): Promise<boolean> {
    const { modifiedCount } = await this.chats.updateOne(
      {
        _id: objectId(chatId),
        'ownerLoss.revision': revision === 0 ? null : revision,
        'ownerLoss.pending': null,
      },
      { $set: { ownerLoss: next } },
    );
    return modifiedCount > 0;
  }

  /** Ends the loss of this number: the next one may be decided. */
  async settleOwnerLoss(chatId: string, revision: number): Promise<void> {
    await this.chats.updateOne(
      { _id: objectId(chatId), 'ownerLoss.revision': revision },
      { $set: { 'ownerLoss.pending': null } },
    );
  }

  /** Of these chats, the ids of the public rooms. */
  async roomsAmong(chatIds: string[]): Promise<string[]> {
    const rooms = await this.chats
      .find({ _id: trusted({ $in: chatIds.map(objectId) }), kind: 'room' }, { _id: 1 })
      .lean();
    return rooms.map(({ _id }) => _id.toHexString());
  }

  /** How far some chats have come, in no order. */
  async activityOf(chatIds: string[]): Promise<ChatActivity[]> {
    const chats = await this.chats.collection
      .find<Pick<ChatRecord, '_id' | 'lastSeq' | 'lastMessageAt'>>(
        { _id: { $in: chatIds.map(objectId) } },
        { projection: { lastSeq: 1, lastMessageAt: 1 } },
      )
      .toArray();
    return chats.map(({ _id, lastSeq, lastMessageAt }) => ({
      chatId: _id.toHexString(),
      lastSeq,
      lastMessageAt: lastMessageAt?.getTime() ?? 0,
    }));
  }

  /** The newest message number that lists know, of each chat. */
  async lastSeqs(chatIds: string[]): Promise<Pick<ChatRecord, '_id' | 'lastSeq'>[]> {
    return this.chats.collection
      .find<Pick<ChatRecord, '_id' | 'lastSeq'>>(
        { _id: { $in: chatIds.map(objectId) } },
        { projection: { lastSeq: 1 } },
      )
      .toArray();
  }

  /** The chats that were made since a time; read as they are asked for. */
  createdSince(since: Date): AsyncIterable<ChatRecord> {
    return this.chats
      .find({ _id: trusted({ $gte: firstIdOf(since) }) })
      .lean()
      .cursor();
  }

  /** The chats of which something that others see has changed since a time, in that order. */
  changedSince(since: Date): AsyncIterable<ChatRecord> {
    return this.chats
      .find({ changedAt: trusted({ $gte: since }) })
      .sort({ changedAt: 1 })
      .lean()
      .cursor();
  }

  /**
   * Moves chats forward to newer messages, and refreshes the previews of those that they already show; never
   * back. It bypasses Mongoose, whose casting would cost more than the write.
   */
  async showNewest(newest: NewestMessage[]): Promise<void> {
    await this.chats.collection.bulkWrite(newest.flatMap(newestUpdates), { ordered: false });
  }
}

/** Part of each write that changes what others see of a chat; a crash cannot come between. */
const NOTING_CHANGE = { $currentDate: { changedAt: true } } as const;

const openChats = (chatIds: Types.ObjectId[], kinds: ChatKind[]) => ({
  _id: trusted({ $in: chatIds }),
  kind: trusted({ $in: kinds }),
  status: 'accepted' as const,
});

const newestUpdates = ({
  chatId,
  lastMessage,
  isChanged,
}: NewestMessage): mongo.AnyBulkWriteOperation[] => {
  const { id, seq, version, createdAt } = lastMessage;
  const forward = {
    filter: { _id: chatId, lastSeq: { $lt: seq } },
    update: { $set: { lastSeq: seq, lastMessage, lastMessageAt: createdAt } },
  };
  if (!isChanged) return [{ updateOne: forward }];
  const refresh = {
    filter: { _id: chatId, 'lastMessage.id': id, 'lastMessage.version': { $lt: version } },
    update: { $set: { lastMessage } },
  };
  return [{ updateOne: forward }, { updateOne: refresh }];
};
