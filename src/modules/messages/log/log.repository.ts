import type { Connection, Model, Types, UpdateQuery } from 'mongoose';
import { trusted } from 'mongoose';
import { objectId } from '../../../platform/object-id.js';
import { equalText } from '../../../platform/typed-index.js';
import type { StoredMessage } from '../message.model.js';
import type { NewestNumbers } from '../messages.repository.js';
import { WITHOUT_PAST_TEXTS } from '../messages.repository.js';

/** Chats whose newest numbers one command reads. */
const CHATS_AT_ONCE = 50;

/** A message number in a chat. */
export interface SeqInChat {
  chatId: Types.ObjectId;
  seq: number;
}

/**
 * The log's part of the stored messages: all writes, and the reads that serve them. Separate from the
 * `MessagesRepository`, so that only the log can write messages.
 */
export class LogRepository {
  private readonly messages: Model<StoredMessage>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.messages = connection.model<StoredMessage>('Message');
  }

  /**
   * Inserts messages in their order and stops at the first that fails.
   *
   * @throws {MongoBulkWriteError} which says where it stopped; all before that is written.
   */
  async insertInOrder(docs: StoredMessage[]): Promise<void> {
    await this.messages.collection.insertMany(docs, { ordered: true });
  }

  /**
   * Changes a message that is still at the version given; answers it as it is afterwards, undefined when
   * another change came first.
   *
   * @throws a duplicate-key error when the update takes a version that another message of the chat has.
   */
  async changeAt(
    { _id, version }: Pick<StoredMessage, '_id' | 'version'>,
    update: UpdateQuery<StoredMessage>,
  ): Promise<StoredMessage | undefined> {
    const message = await this.messages
      .findOneAndUpdate({ _id, version }, update, { returnDocument: 'after' })
      .lean();
    return message ?? undefined;
  }

  /** Removes up to `limit` messages of a chat; answers how many, after `beforeRemoval` has had them. */
  async removeSome(
    chatId: string,
    limit: number,
    beforeRemoval: (messages: Pick<StoredMessage, '_id' | 'media'>[]) => Promise<void>,
  ): Promise<number> {
    const found = await this.messages
      .find({ chatId: objectId(chatId) }, { media: 1 })
      .limit(limit)
      .lean();
    await beforeRemoval(found);
    await this.messages.deleteMany({ _id: trusted({ $in: found.map(({ _id }) => _id) }) });
    return found.length;
  }

  /** A message by its id, whatever its chat. */
  async byId(id: Types.ObjectId): Promise<StoredMessage | undefined> {
    return (await this.messages.findById(id).lean()) ?? undefined;
  }

  /** A message by its id, when it is in the chat. */
  async inChat(chatId: string, messageId: string): Promise<StoredMessage | undefined> {
    const filter = { _id: objectId(messageId), chatId: objectId(chatId) };
    return (await this.messages.findOne(filter).lean().exec()) ?? undefined;
  }

  /** The message that a sender has written under a client id. */
  async byClientId(
    chatId: Types.ObjectId,
    senderId: Types.ObjectId,
    clientMessageId: string,
  ): Promise<StoredMessage | undefined> {
    const message = await this.messages
      .findOne({ chatId, senderId, clientMessageId: equalText(clientMessageId) })
      .lean();
    return message ?? undefined;
  }

  /**
   * The chat's newest number of one kind, as it is now or (`majority`) such that no failover can take it
   * back.
   */
  async newest(
    field: keyof NewestNumbers,
    chatId: string,
    level: 'local' | 'majority',
  ): Promise<number> {
    const message = await this.messages.collection.findOne<NewestNumbers>(
      { chatId: objectId(chatId) },
      { projection: { [field]: 1, _id: 0 }, sort: { [field]: -1 }, readConcern: { level } },
    );
    return message?.[field] ?? 0;
  }

  /** The newest numbers of some chats as they are now, of all of them by one command; by chat id. */
  async newestOf(chatIds: string[]): Promise<Map<string, NewestNumbers>> {
    const { collection } = this.messages;
    const newest = new Map(chatIds.map((chatId) => [chatId, { seq: 0, version: 0 }]));
    const last = (chatId: string, field: keyof NewestNumbers) => [
      { $match: { chatId: objectId(chatId) } },
      { $sort: { [field]: -1 as const } },
      { $limit: 1 },
      { $project: { _id: 0, chatId: 1, [field]: 1 } },
    ];
    for (let i = 0; i < chatIds.length; i += CHATS_AT_ONCE) {
      const [first = [], ...others] = chatIds
        .slice(i, i + CHATS_AT_ONCE)
        .flatMap((chatId) => [last(chatId, 'seq'), last(chatId, 'version')]);
      const rows = await collection
        .aggregate<{ chatId: Types.ObjectId } & Partial<NewestNumbers>>([
          ...first,
          ...others.map((pipeline) => ({
            $unionWith: { coll: collection.collectionName, pipeline },
          })),
        ])
        .toArray();
      for (const { chatId, ...numbers } of rows) {
        Object.assign(newest.get(chatId.toHexString())!, numbers);
      }
    }
    return newest;
  }

  /** Messages of a chat whose version is higher, by version; only what no failover can take back. */
  changedSince(chatId: string, version: number, limit: number): Promise<StoredMessage[]> {
    return this.messages
      .find({ chatId: objectId(chatId), version: trusted({ $gt: version }) })
      .sort({ version: 1 })
      .limit(limit)
      .read('primary')
      .readConcern('majority')
      .lean();
  }

  /** The messages under the numbers given, one or more; in no order. */
  at(numbers: SeqInChat[]): Promise<StoredMessage[]> {
    return this.messages.collection
      .find<StoredMessage>({ $or: numbers }, { projection: WITHOUT_PAST_TEXTS })
      .toArray();
  }

  /** When a message of any chat was last changed; undefined when there are no messages. */
  async lastChangedAt(): Promise<Date | undefined> {
    const newest = await this.messages.findOne({}, { updatedAt: 1 }).sort({ updatedAt: -1 }).lean();
    return newest?.updatedAt;
  }

  /** Messages of all chats that were changed at or after a time, last changed first. */
  changedAfter(since: Date, limit: number): AsyncIterable<StoredMessage> {
    return this.messages
      .find({ updatedAt: trusted({ $gte: since }) })
      .sort({ updatedAt: -1 })
      .limit(limit)
      .lean()
      .cursor({ batchSize: 1000 });
  }
}

/** The messages of a chat among which a user's unread ones are counted. */
export interface UnreadSpan {
  chatId: Types.ObjectId;
  userId: Types.ObjectId;
  /** An assigned number, or 0. */
  afterSeq: number;
  /** The same; up to the newest when absent. */
  upToSeq?: number | undefined;
}

const UNCOUNTED = { uncounted: true };
/** The index over a chat's changes: the best one for a query of the newest ones. */
const CHANGES_INDEX = { chatId: 1, version: 1 };

/** Messages of others that are not deleted for everyone. */
const saidTo = ({ userId }: UnreadSpan) => ({ senderId: { $ne: userId }, uncounted: null });
const unreadBy = (span: UnreadSpan) => ({ ...saidTo(span), deletedFor: { $ne: span.userId } });
const sentBy = ({ userId }: UnreadSpan) => ({ senderId: userId });
const mentionsOf = ({ userId }: UnreadSpan) => ({ mentions: userId });
/** There are few of these, and only they are read: all others are counted from an index. */
const hiddenFrom = (span: UnreadSpan) => ({ ...saidTo(span), deletedFor: span.userId });

/**
 * Counts of stored messages, separate from the `MessagesRepository`: an index of its own answers each. They
 * use the driver, which sends the filters as they are.
 */
export class UnreadCountsRepository {
  private readonly messages: Model<StoredMessage>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.messages = connection.model<StoredMessage>('Message');
  }

  /** The unread messages of a span, read one by one. */
  unread(span: UnreadSpan): Promise<number> {
    return this.count(span, unreadBy(span));
  }

  /** The same for spans of several chats, in one query; by chat id, without those that have none. */
  unreadByChat(spans: UnreadSpan[]): Promise<Map<string, number>> {
    return this.countByChat(spans, unreadBy);
  }

  /** Of the unread messages of a span, those that mention the user; read one by one. */
  unreadMentions(span: UnreadSpan): Promise<number> {
    return this.count(span, { ...mentionsOf(span), ...unreadBy(span) });
  }

  /** The same for spans of several chats, in one query; by chat id, without those that have none. */
  unreadMentionsByChat(spans: UnreadSpan[]): Promise<Map<string, number>> {
    return this.countByChat(spans, (span) => ({ ...mentionsOf(span), ...unreadBy(span) }));
  }

  /** The messages of a span that are not unread for the user, by why they are not. */
  async notUnread(
    span: UnreadSpan,
  ): Promise<{ own: number; uncounted: number; ownUncounted: number; hidden: number }> {
    const [own, uncounted, ownUncounted, hidden] = await Promise.all([
      this.count(span, sentBy(span)),
      this.count(span, UNCOUNTED),
      this.count(span, { ...sentBy(span), ...UNCOUNTED }),
      this.count(span, hiddenFrom(span)),
    ]);
    return { own, uncounted, ownUncounted, hidden };
  }

  /** The messages of a span that mention the user, and how many of them are not unread, by why. */
  async mentions(span: UnreadSpan): Promise<{ all: number; own: number; hidden: number }> {
    const count = (filter: object) => this.count(span, { ...mentionsOf(span), ...filter });
    const [all, own, hidden] = await Promise.all([
      count({}),
      count(sentBy(span)),
      count(hiddenFrom(span)),
    ]);
    return { all, own, hidden };
  }

  /** The version of a chat's newest change; 0 for none. */
  async newestVersion(chatId: Types.ObjectId): Promise<number> {
    const newest = await this.messages.collection.findOne<Pick<StoredMessage, 'version'>>(
      { chatId },
      { projection: { version: 1, _id: 0 }, sort: { version: -1 }, hint: CHANGES_INDEX },
    );
    return newest?.version ?? 0;
  }

  /** Whether a message that the user has sent, or has deleted for themselves, changed after a version. */
  async hasOwnChange({ chatId, userId }: UnreadSpan, version: number): Promise<boolean> {
    const changed = await this.messages.collection.findOne(
      {
        chatId,
        version: { $gt: version },
        $or: [{ senderId: userId }, { deletedFor: userId }],
      },
      { projection: { _id: 1 }, hint: CHANGES_INDEX },
    );
    return changed !== null;
  }

  private count(span: UnreadSpan, filter: object): Promise<number> {
    return this.messages.collection.countDocuments({ ...filter, ...within(span) });
  }

  /** Each branch of the query stands alone, so that a range of an index answers it. */
  private async countByChat(
    spans: UnreadSpan[],
    filterOf: (span: UnreadSpan) => object,
  ): Promise<Map<string, number>> {
    const rows = await this.messages.collection
      .aggregate<{ _id: Types.ObjectId; count: number }>([
        { $match: { $or: spans.map((span) => ({ ...within(span), ...filterOf(span) })) } },
        { $group: { _id: '$chatId', count: { $sum: 1 } } },
      ])
      .toArray();
    return new Map(rows.map(({ _id, count }) => [_id.toHexString(), count]));
  }
}

const within = ({ chatId, afterSeq, upToSeq }: UnreadSpan) => ({
  chatId,
  seq: { $gt: afterSeq, ...(upToSeq !== undefined && { $lte: upToSeq }) },
});
