import type { Connection, Model, Types, mongo } from 'mongoose';
import { trusted } from 'mongoose';
import { metadataCondition } from '../../platform/metadata-indexes.js';
import { objectId } from '../../platform/object-id.js';
import type { MetadataFilter } from '../../shared/metadata.js';
import type { MemberPositionRow, MemberPositionsRepository } from '../chats/index.js';
import type { StoredMessage, PastContent } from './message.model.js';
import { CHAT_FILES_BY_TYPE_INDEX, CHAT_FILES_INDEX } from './message.model.js';
import type { MessageRecord } from './message.record.js';
import { toRecord } from './message.record.js';

/**
 * The projection of every read of whole messages that bypasses Mongoose, whose schema leaves past texts out
 * by itself: they may be many times as long as the message.
 */
export const WITHOUT_PAST_TEXTS = { edits: 0 } as const;

type UnionStage = ReturnType<MemberPositionsRepository['union']> | { $unionWith: mongo.Document };
type LookupStage = ReturnType<MemberPositionsRepository['lookup']>;

/** What a page of messages is made of. */
export interface StoredPage {
  /** Ascending by number. */
  docs: StoredMessage[];
  /** Numbers of all messages that the user has deleted for themselves, newest first. */
  hidden: number[];
  /** Number of the chat's newest message; 0 for none. */
  newestSeq: number;
  positions: MemberPositionRow[];
}

/** What a page's command answers beside messages: one of these. */
interface PageRow {
  hidden?: number;
  newest?: number;
  position?: MemberPositionRow;
}

/** The numbers of a chat's newest message and newest change; 0 where there is none. */
export interface NewestNumbers {
  seq: number;
  version: number;
}

/** Messages on one side of a number: above `above` and below `below`, the newest or the oldest of them. */
export interface MessageWindow {
  above: number;
  /** Absent for no bound. */
  below?: number | undefined;
  nearest: 'newest' | 'oldest';
  limit: number;
}

/** Messages with files, of one chat, that one user may see. */
export interface FilesQuery {
  userId: string;
  chatId: string;
  /** Only messages with a higher number. */
  above: number;
  /** Only messages of this type; absent: with files of any kind. */
  type?: 'image' | 'video' | 'audio' | 'file' | undefined;
}

/** A message as it is after a change, and the users who have deleted it for themselves. */
export interface ChangedMessage {
  message: MessageRecord;
  hiddenFor: string[];
}

/**
 * Reads of the stored messages, for this module and the others. No past texts are read unless a method says
 * so. Only the log writes messages, by its `LogRepository`.
 */
export class MessagesRepository {
  private readonly messages: Model<StoredMessage>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.messages = connection.model<StoredMessage>('Message');
  }

  /** A message by its id, whatever its chat. */
  async byId(id: Types.ObjectId): Promise<StoredMessage | undefined> {
    return (await this.messages.findById(id).lean()) ?? undefined;
  }

  /** Whether the user has ever written in the chat; decided from an index. */
  async hasWritten(chatId: string, userId: string): Promise<boolean> {
    const from = { chatId: objectId(chatId), senderId: objectId(userId) };
    const options = { projection: { _id: 0, seq: 1 } };
    return (await this.messages.collection.findOne(from, options)) !== null;
  }

  /** The messages of these ids, whatever their chats, in no order. */
  async byIds(ids: Types.ObjectId[]): Promise<StoredMessage[]> {
    return this.messages.find({ _id: trusted({ $in: ids }) }).lean();
  }

  /** Numbers of the messages of a chat that the user has deleted for themselves, newest first. */
  async hiddenSeqs(chatId: string, userId: string): Promise<number[]> {
    const rows = await this.messages.collection
      .find(
        { deletedFor: objectId(userId), chatId: objectId(chatId) },
        { projection: { seq: 1, _id: 0 }, sort: { seq: -1 } },
      )
      .toArray();
    return rows.map((row) => row.seq);
  }

  /** Messages of a chat that the user has not deleted for themselves, ascending by number. */
  async window(
    chatId: string,
    userId: string,
    { above, below, nearest, limit }: MessageWindow,
  ): Promise<StoredMessage[]> {
    // To the database, none would mean all.
    if (limit === 0) return [];
    const docs = await this.messages.collection
      .find<StoredMessage>(
        {
          chatId: objectId(chatId),
          seq: { $gt: above, ...(below !== undefined && { $lt: below }) },
          deletedFor: { $ne: objectId(userId) },
        },
        { sort: { seq: nearest === 'newest' ? -1 : 1 }, limit, projection: WITHOUT_PAST_TEXTS },
      )
      .toArray();
    return nearest === 'newest' ? docs.reverse() : docs;
  }

  /**
   * The newest messages of a chat below a number that the user has not deleted for themselves, ascending by number,
   * with what the page needs besides: one command for all of it.
   *
   * @param positions adds documents `{ position }`, which are answered as they are.
   */
  async newestPage(
    chatId: string,
    userId: string,
    {
      below,
      limit,
      positions,
    }: { below: number | undefined; limit: number; positions: UnionStage },
  ): Promise<StoredPage> {
    const { collection } = this.messages;
    const [chat, user] = [objectId(chatId), objectId(userId)];
    const union = (pipeline: mongo.Document[]): UnionStage => ({
      $unionWith: { coll: collection.collectionName, pipeline },
    });
    const rows = await collection
      .aggregate<StoredMessage | PageRow>([
        {
          $match: {
            chatId: chat,
            seq: { $gt: 0, ...(below !== undefined && { $lt: below }) },
            deletedFor: { $ne: user },
          },
        },
        { $sort: { seq: -1 } },
        { $limit: limit },
        { $project: WITHOUT_PAST_TEXTS },
        union([
          { $match: { deletedFor: user, chatId: chat } },
          { $sort: { seq: -1 } },
          { $project: { _id: 0, hidden: '$seq' } },
        ]),
        union([
          { $match: { chatId: chat } },
          { $sort: { seq: -1 } },
          { $limit: 1 },
          { $project: { _id: 0, newest: '$seq' } },
        ]),
        positions,
      ])
      .toArray();
    const page: StoredPage = { docs: [], hidden: [], newestSeq: 0, positions: [] };
    for (const row of rows) {
      if ('_id' in row) page.docs.push(row);
      else if (row.hidden !== undefined) page.hidden.push(row.hidden);
      else if (row.newest !== undefined) page.newestSeq = row.newest;
      else if (row.position) page.positions.push(row.position);
    }
    page.docs.reverse();
    return page;
  }

  /** A message by its id, whatever its chat, with what a stage adds to it as `positions`. */
  async withPositions(
    id: Types.ObjectId,
    lookup: LookupStage,
  ): Promise<{ doc: StoredMessage; positions: MemberPositionRow[] } | undefined> {
    const [found] = await this.messages.collection
      .aggregate<StoredMessage & { positions: MemberPositionRow[] }>([
        { $match: { _id: id } },
        { $project: WITHOUT_PAST_TEXTS },
        lookup,
      ])
      .toArray();
    if (!found) return undefined;
    const { positions, ...doc } = found;
    return { doc, positions };
  }

  /** The newest message above a number that the user has not deleted for themselves. */
  async newestVisible(
    chatId: string,
    userId: string,
    above: number,
  ): Promise<StoredMessage | undefined> {
    const message = await this.messages
      .findOne({
        chatId: objectId(chatId),
        seq: trusted({ $gt: above }),
        deletedFor: trusted({ $ne: objectId(userId) }),
      })
      .sort({ seq: -1 })
      .lean();
    return message ?? undefined;
  }

  /** Answers to a message that the user has not deleted for themselves, ascending by number. */
  replies(
    messageId: Types.ObjectId,
    userId: string,
    { above, limit }: { above: number; limit: number },
  ): Promise<StoredMessage[]> {
    return this.messages
      .find({
        'replyTo.id': messageId,
        seq: trusted({ $gt: above }),
        deletedFor: trusted({ $ne: objectId(userId) }),
      })
      .sort({ seq: 1 })
      .limit(limit)
      .lean();
  }

  /** Pinned messages of a chat that the user has not deleted for themselves, last pinned first. */
  pinned(
    chatId: string,
    userId: string,
    { above, limit }: { above: number; limit: number },
  ): Promise<StoredMessage[]> {
    return this.messages
      .find({
        chatId: objectId(chatId),
        pinnedAt: trusted({ $exists: true }),
        seq: trusted({ $gt: above }),
        deletedFor: trusted({ $ne: objectId(userId) }),
      })
      .sort({ pinnedAt: -1 })
      .limit(limit)
      .lean();
  }

  /** The texts that a message had before, oldest first. */
  async pastTexts(messageId: Types.ObjectId): Promise<PastContent[]> {
    const stored = await this.messages.collection.findOne<Pick<StoredMessage, 'edits'>>(
      { _id: messageId },
      { projection: { edits: 1, _id: 0 } },
    );
    return stored?.edits ?? [];
  }

  /** Chat and number of a message; undefined when there is none. */
  async positionOf(messageId: string): Promise<{ chatId: string; seq: number } | undefined> {
    const message = await this.messages.findById(objectId(messageId), { chatId: 1, seq: 1 }).lean();
    return message ? { chatId: message.chatId.toHexString(), seq: message.seq } : undefined;
  }

  /** Number of the newest of these messages; undefined when none of them is in the chat. */
  async newestSeqAmong(chatId: string, messageIds: string[]): Promise<number | undefined> {
    const newest = await this.messages
      .findOne(
        { chatId: objectId(chatId), _id: trusted({ $in: messageIds.map(objectId) }) },
        { seq: 1 },
      )
      .sort({ seq: -1 })
      .lean();
    return newest?.seq;
  }

  /** Messages after `after` up to `upTo` that others than `userId` have sent; the newest `limit`, newest first. */
  async othersBetween(
    chatId: string,
    userId: string,
    { after, upTo, limit }: { after: number; upTo: number; limit: number },
  ): Promise<{ id: string; senderId: string }[]> {
    const messages = await this.messages
      .find(
        {
          chatId: objectId(chatId),
          seq: trusted({ $gt: after, $lte: upTo }),
          senderId: trusted({ $ne: objectId(userId) }),
        },
        { senderId: 1 },
      )
      .sort({ seq: -1 })
      .limit(limit)
      .lean();
    return messages.map(({ _id, senderId }) => ({
      id: _id.toHexString(),
      senderId: senderId.toHexString(),
    }));
  }

  /**
   * Whether a message (of the chat, when one is given) has the file attached. It is queried each time: a
   * counter would be wrong after a crash between the message's write and its own.
   */
  async isFileUsed(fileId: string, chatId?: Types.ObjectId): Promise<boolean> {
    // The schema keeps attachments as plain objects, so Mongoose does not know the path.
    const message = await this.messages.collection.findOne(
      { 'media.fileId': fileId, ...(chatId && { chatId }) },
      { projection: { _id: 1 } },
    );
    return message !== null;
  }

  /** The newest messages with files, or those below the number `below`; newest first. */
  async withFiles(
    query: FilesQuery,
    below: number | undefined,
    limit: number,
  ): Promise<MessageRecord[]> {
    const docs = await this.filesOf(query, below).limit(limit).toArray();
    return docs.map(toRecord);
  }

  /** Number of the last of the first `count` messages of {@link withFiles}; undefined when there are fewer. */
  async seqAfterFiles(
    query: FilesQuery,
    below: number | undefined,
    count: number,
  ): Promise<number | undefined> {
    const passed = await this.filesOf(query, below)
      .project<Pick<StoredMessage, 'seq'>>({ seq: 1, _id: 0 })
      .limit(count)
      .toArray();
    return passed[count - 1]?.seq;
  }

  /** The attachments of each message with files, newest first; read as they are asked for. */
  async *attachments(query: FilesQuery): AsyncGenerator<StoredMessage['media']> {
    const rows = this.filesOf(query, undefined).project<Pick<StoredMessage, 'media'>>({
      media: 1,
      _id: 0,
    });
    for await (const { media } of rows) yield media;
  }

  /**
   * How many messages with files there are. An index alone tells how many the chat has; the few that the user
   * has deleted for themselves are counted separately.
   */
  async countFiles(query: FilesQuery): Promise<number> {
    const { collection } = this.messages;
    const { filter, hint } = filesFilter(query);
    const [all, hidden] = await Promise.all([
      collection.countDocuments(filter, { hint }),
      collection.countDocuments({ ...filter, deletedFor: objectId(query.userId) }),
    ]);
    return all - hidden;
  }

  /** Bypasses Mongoose, whose schema does not define the parts of attachments. */
  private filesOf(query: FilesQuery, below: number | undefined) {
    const { filter, hint } = filesFilter(query);
    const seq = { ...filter.seq, ...(below !== undefined && { $lt: below }) };
    return this.messages.collection
      .find<StoredMessage>({ ...filter, seq, deletedFor: { $ne: objectId(query.userId) } })
      .project<StoredMessage>(WITHOUT_PAST_TEXTS)
      .sort({ seq: -1 })
      .hint(hint);
  }

  /**
   * The newest messages of a chat up to a number that the user has not deleted for themselves, ascending
   * by number.
   */
  async newestUpTo(
    chatId: string,
    userId: string,
    { above, upTo, limit }: { above: number; upTo: number; limit: number },
  ): Promise<StoredMessage[]> {
    const docs = await this.messages
      .find({
        chatId: objectId(chatId),
        seq: trusted({ $gt: above, $lte: upTo }),
        deletedFor: trusted({ $ne: objectId(userId) }),
      })
      .sort({ seq: -1 })
      .limit(limit)
      .lean();
    return docs.reverse();
  }

  /**
   * The versions of messages at or above one version per chat (`versions`, by chat id), in no order, at
   * most `limit`; only what no failover can take back.
   */
  async versionsFrom(
    versions: Map<string, number>,
    limit: number,
  ): Promise<{ chatId: string; version: number }[]> {
    const rows = await this.messages.collection
      .find<Pick<StoredMessage, 'chatId' | 'version'>>(
        {
          $or: [...versions].map(([chatId, version]) => ({
            chatId: objectId(chatId),
            version: { $gte: version },
          })),
        },
        {
          projection: { chatId: 1, version: 1, _id: 0 },
          limit,
          readConcern: { level: 'majority' },
        },
      )
      .toArray();
    return rows.map(({ chatId, version }) => ({ chatId: chatId.toHexString(), version }));
  }

  /** The newest numbers, by chat id, among the messages that were last changed after a time, up to another. */
  async newestNumbersSince(since: Date, until?: Date): Promise<Map<string, NewestNumbers>> {
    const changed = await this.messages.aggregate<NewestNumbers & { _id: Types.ObjectId }>([
      { $match: { updatedAt: { $gt: since, ...(until && { $lte: until }) } } },
      { $group: { _id: '$chatId', seq: { $max: '$seq' }, version: { $max: '$version' } } },
    ]);
    return new Map(changed.map(({ _id, seq, version }) => [_id.toHexString(), { seq, version }]));
  }

  /** The messages of a chat above a version, by version; only what no failover can take back. */
  async changedAbove(
    chatId: Types.ObjectId,
    version: number,
    limit: number,
  ): Promise<StoredMessage[]> {
    return this.messages.collection
      .find<StoredMessage>(
        { chatId, version: { $gt: version } },
        {
          sort: { version: 1 },
          limit,
          readPreference: 'primary',
          readConcern: 'majority',
          projection: WITHOUT_PAST_TEXTS,
        },
      )
      .toArray();
  }

  /** Everything that was changed since a time, oldest change first; read as it is asked for. */
  changedSince(since: Date): AsyncIterable<StoredMessage> {
    return this.messages.collection
      .find<StoredMessage>({ updatedAt: { $gte: since } }, { projection: WITHOUT_PAST_TEXTS })
      .sort({ updatedAt: 1 });
  }

  /** The numbers of a chat's newest message before a time, and of its newest change before it. */
  async newestBefore(chatId: string, time: Date): Promise<NewestNumbers> {
    const id = objectId(chatId);
    const [message, change] = await Promise.all([
      this.messages
        .findOne({ chatId: id, createdAt: trusted({ $lt: time }) }, { seq: 1 })
        .sort({ seq: -1 })
        .lean(),
      this.messages
        .findOne({ chatId: id, updatedAt: trusted({ $lt: time }) }, { version: 1 })
        .sort({ version: -1 })
        .lean(),
    ]);
    return { seq: message?.seq ?? 0, version: change?.version ?? 0 };
  }

  /**
   * Messages whose version is above one version per chat (`versions`, by chat id), at most `limit`; those
   * of a single chat by version, those of several in no order. Only what no failover can take back.
   */
  async changesAbove(versions: Map<string, number>, limit: number): Promise<ChangedMessage[]> {
    const above = [...versions].map(([chatId, version]) => ({
      chatId: objectId(chatId),
      version: { $gt: version },
    }));
    if (above.length === 0) return [];
    const found = this.messages.collection
      .find<StoredMessage>(above.length === 1 ? above[0]! : { $or: above }, {
        readPreference: 'primary',
        readConcern: 'majority',
        projection: WITHOUT_PAST_TEXTS,
      })
      .limit(limit);
    if (above.length === 1) found.sort({ version: 1 });
    return (await found.toArray()).map(toChangedMessage);
  }

  /** The messages of some runs of numbers, as {@link changesAbove} shows them, in no order. */
  async inRuns(runs: { chatId: string; from: number; to: number }[]): Promise<ChangedMessage[]> {
    if (runs.length === 0) return [];
    const found = await this.messages.collection
      .find<StoredMessage>(
        {
          $or: runs.map(({ chatId, from, to }) => ({
            chatId: objectId(chatId),
            seq: { $gte: from, $lte: to },
          })),
        },
        {
          readPreference: 'primary',
          readConcern: 'majority',
          projection: WITHOUT_PAST_TEXTS,
        },
      )
      .toArray();
    return found.map(toChangedMessage);
  }

  /** The messages under some numbers of a chat, without what is deleted for the user or for everyone. */
  async visibleAt(chatId: string, userId: string, seqs: number[]): Promise<MessageRecord[]> {
    const docs = await this.messages.collection
      .find<StoredMessage>(
        {
          chatId: objectId(chatId),
          seq: { $in: seqs },
          deletedFor: { $ne: objectId(userId) },
        },
        { projection: WITHOUT_PAST_TEXTS },
      )
      .toArray();
    return docs.filter(({ deletedAt }) => deletedAt == null).map(toRecord);
  }

  /** The newest messages with this metadata. Messages that are deleted for everyone have none. */
  async byMetadata({ filter, userId, chatIds, limit }: MetadataQuery): Promise<StoredMessage[]> {
    return this.messages.collection
      .find<StoredMessage>(
        {
          ...metadataCondition(filter),
          ...(chatIds && { chatId: { $in: chatIds.map(objectId) } }),
          ...(userId !== undefined && { deletedFor: { $ne: objectId(userId) } }),
        },
        { projection: WITHOUT_PAST_TEXTS, sort: { _id: -1 }, limit },
      )
      .toArray();
  }
}

/** Messages found by the exact values of their metadata. */
export interface MetadataQuery {
  filter: MetadataFilter;
  /** Whose deletions for themselves count; absent: nobody's. */
  userId?: string;
  /** Absent: all chats. */
  chatIds?: string[];
  limit: number;
}

const toChangedMessage = (doc: StoredMessage): ChangedMessage => ({
  message: toRecord(doc),
  hiddenFor: (doc.deletedFor ?? []).map((id) => id.toHexString()),
});

/** The filter for messages with files, and the index that has these and no others. */
const filesFilter = ({ chatId, type, above }: FilesQuery) => ({
  // Messages deleted for everyone have no files any more.
  filter: {
    chatId: objectId(chatId),
    'media.type': { $exists: true },
    ...(type && { messageType: type }),
    seq: { $gt: above },
  },
  hint: type ? CHAT_FILES_BY_TYPE_INDEX : CHAT_FILES_INDEX,
});
