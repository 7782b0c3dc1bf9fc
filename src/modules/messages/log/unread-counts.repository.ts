import type { Connection, Model, Types } from 'mongoose';
import type { StoredMessage } from '../message.model.js';

/** The messages of a chat among which a user's unread ones are counted. */
export interface UnreadSpan {
  chatId: Types.ObjectId;
  userId: Types.ObjectId;
  /** A number that has been given out, or 0. */
  afterSeq: number;
  /** The same; up to the newest when absent. */
  upToSeq?: number | undefined;
}

const UNCOUNTED = { uncounted: true };
/** The index over a chat's changes: nothing else can serve a look at the newest ones better. */
const CHANGES_INDEX = { chatId: 1, version: 1 };

/** What others have said and not deleted for everyone. */
const saidTo = ({ userId }: UnreadSpan) => ({ senderId: { $ne: userId }, uncounted: null });
const sentBy = ({ userId }: UnreadSpan) => ({ senderId: userId });
const mentionsOf = ({ userId }: UnreadSpan) => ({ mentions: userId });
/** Few, and the only ones that are read: all other conditions are counted from an index. */
const hiddenFrom = (span: UnreadSpan) => ({ ...saidTo(span), deletedFor: span.userId });

/**
 * Counts of stored messages, apart from the `MessagesRepository`: each is answered by an index of its
 * own. They go past Mongoose, which takes a condition on one's place in a list for the number of a user.
 */
export class UnreadCountsRepository {
  private readonly messages: Model<StoredMessage>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.messages = connection.model<StoredMessage>('Message');
  }

  /** The unread messages of a span, looked at one by one. */
  unread(span: UnreadSpan): Promise<number> {
    return this.count(span, { ...saidTo(span), deletedFor: { $ne: span.userId } });
  }

  /** Of the unread messages of a span, those that mention the user; looked at one by one. */
  unreadMentions(span: UnreadSpan): Promise<number> {
    return this.count(span, {
      ...mentionsOf(span),
      ...saidTo(span),
      deletedFor: { $ne: span.userId },
    });
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

  private count({ chatId, afterSeq, upToSeq }: UnreadSpan, filter: object): Promise<number> {
    return this.messages.collection.countDocuments({
      ...filter,
      chatId,
      seq: { $gt: afterSeq, ...(upToSeq !== undefined && { $lte: upToSeq }) },
    });
  }
}
