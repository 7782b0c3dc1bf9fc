import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { UserCard } from '../users/index.js';
import type { ChatSnapshot, MembershipDoc } from '../chats/index.js';
import type { MessageReader } from './message-reader.js';
import type { MessageLog } from './message-log.js';
import type { MessageDoc } from './message.model.js';
import { WITHOUT_PAST_TEXTS } from './message.model.js';
import type { MessageRecord } from './message.record.js';
import type { AttachmentClaims } from './send-message.types.js';
import { toRecord } from './message.record.js';
import type { Visible } from './visible-history.js';
import { boundaryBelow, countAbove, hasMoreBeyond, visibleOf } from './visible-history.js';

/** Where in a chat to read: a page from the newest, or a window next to a message number. */
export interface HistoryQuery {
  page: number;
  limit: number;
  /** Messages below this number, the nearest ones. */
  before?: number;
  /** Messages above this number, the nearest ones. */
  after?: number;
  /** Messages on both sides of this number, and itself. */
  around?: number;
}

/** How far a message has come: on the server, on every other member's device, read by all of them. */
export type MessageStatus = 'sent' | 'delivered' | 'read';

/** A message with what a presenter shows beside it. */
export interface MessageView {
  message: MessageRecord;
  sender: UserCard | undefined;
  status: MessageStatus;
}

/** A member's receipt positions. */
export interface ReceiptPosition {
  userId: string;
  lastReadSeq: number;
  lastDeliveredSeq: number;
}

/** How far a member has come. */
export interface MemberPosition extends ReceiptPosition {
  /** Up to where the member has deleted the history. */
  clearedSeq: number;
}

/** Messages of a page, among which they are, and how far the members are. */
interface Page {
  docs: MessageDoc[];
  visible: Visible;
  positions: MemberPosition[];
}

/** What history is built from. */
export interface HistoryParts {
  messages: Model<MessageDoc>;
  memberships: Model<MembershipDoc>;
  log: MessageLog;
  access: MessageReader;
  directory: { cards(userIds: Iterable<string>): Promise<Map<string, UserCard>> };
  attachments: Pick<AttachmentClaims, 'addressed'>;
}

/** What is read of a membership. */
type MemberRow = Pick<MembershipDoc, 'userId' | 'lastReadSeq' | 'lastDeliveredSeq' | 'clearedSeq'>;

/** Beyond this many members nobody follows single receipts; a message counts as sent. */
const RECEIPT_MEMBERS = 100;

/** Reads messages as a member may see them: never those deleted for the member, never cleared history. */
export class MessageHistory {
  constructor(private readonly parts: HistoryParts) {}

  /**
   * Messages of a chat, ascending by number.
   *
   * @throws {AppError} NOT_FOUND for non-members, except of a public room.
   */
  async list(
    actor: Actor,
    chatId: string,
    query: HistoryQuery,
  ): Promise<{ views: MessageView[]; pagination: Pagination }> {
    // Access comes first: a stranger's request must cost nothing more.
    const chat = await this.parts.access.reader(actor, chatId);
    const isNewestPage =
      query.page === 1 &&
      query.before === undefined &&
      query.after === undefined &&
      query.around === undefined;
    const { docs, visible, positions } = isNewestPage
      ? await this.newestPage(actor, chat, query.limit)
      : await this.pageOf(actor, chat, query);
    const views = await this.withSenders(docs.map(toRecord), positions);
    return {
      views,
      pagination: {
        ...paginate(query, countAbove(visible.floor, visible)),
        hasMore: hasMoreBeyond(docs, query, visible),
      },
    };
  }

  /** What clients ask for most. Its messages tell the chat's newest number, so all is read at once. */
  private async newestPage(actor: Actor, chat: ChatSnapshot, limit: number): Promise<Page> {
    const [{ floor, positions }, hidden, newest] = await Promise.all([
      this.standing(actor, chat),
      this.hiddenSeqs(actor.userId, chat.id),
      this.window(actor.userId, chat.id, { below: Infinity, above: 0 }, 'newest', limit),
    ]);
    const headSeq = Math.max(newest.at(-1)?.seq ?? 0, hidden[0] ?? 0);
    return {
      docs: newest.filter(({ seq }) => seq > floor),
      visible: visibleOf(headSeq, floor, hidden),
      positions,
    };
  }

  private async pageOf(actor: Actor, chat: ChatSnapshot, query: HistoryQuery): Promise<Page> {
    const [{ floor, positions }, headSeq, hidden] = await Promise.all([
      this.standing(actor, chat),
      this.parts.log.newestSeq(chat.id),
      this.hiddenSeqs(actor.userId, chat.id),
    ]);
    const visible = visibleOf(headSeq, floor, hidden);
    const window = (below: number, above: number, nearest: 'newest' | 'oldest', limit: number) =>
      this.window(actor.userId, chat.id, { below, above }, nearest, limit);
    let docs: MessageDoc[];
    if (query.around !== undefined) {
      const half = Math.floor(query.limit / 2);
      const [older, newer] = await Promise.all([
        window(query.around, floor, 'newest', half),
        window(Infinity, Math.max(floor, query.around - 1), 'oldest', query.limit - half),
      ]);
      docs = [...older, ...newer];
    } else if (query.after !== undefined) {
      docs = await window(Infinity, Math.max(floor, query.after), 'oldest', query.limit);
    } else {
      const below = query.before ?? boundaryBelow(visible, (query.page - 1) * query.limit) + 1;
      docs = await window(below, floor, 'newest', query.limit);
    }
    return { docs, visible, positions };
  }

  /** Above which number the actor may read, and how far the members are: one read where it can be. */
  private async standing(
    { userId }: Actor,
    { id: chatId, members }: ChatSnapshot,
  ): Promise<{ floor: number; positions: MemberPosition[] }> {
    const rows = members ? await this.memberRows(chatId) : [];
    const own = rows.find((row) => row.userId.equals(userId));
    // The actor's row is beyond the limit in a large chat, or not there for a reader of a room.
    const floor = own?.clearedSeq ?? (await this.parts.access.clearedSeq(userId, chatId));
    return { floor, positions: positionsOf(rows) };
  }

  /**
   * One message that the actor may see.
   *
   * @throws {AppError} NOT_FOUND when it does not exist, or is in somebody else's chat, or is deleted
   *   for the actor.
   */
  async one(actor: Actor, messageId: string): Promise<MessageView> {
    const { doc, chat } = await this.parts.access.seen(actor, messageId);
    const [view] = await this.views(chat.id, [toRecord(doc)]);
    return view!;
  }

  /** Adds senders and receipt states to messages of one chat, which may still be on their way. */
  async views(
    chatId: string,
    records: MessageRecord[] | Promise<MessageRecord[]>,
  ): Promise<MessageView[]> {
    const [found, positions] = await Promise.all([records, this.positions(chatId)]);
    return this.withSenders(found, positions);
  }

  /** How far all members have come; empty for a large chat. */
  async positions(chatId: string): Promise<MemberPosition[]> {
    return positionsOf(await this.memberRows(chatId));
  }

  private memberRows(chatId: string): Promise<MemberRow[]> {
    return this.parts.memberships.collection
      .find<MemberRow>(
        { chatId: objectId(chatId) },
        {
          projection: { userId: 1, lastReadSeq: 1, lastDeliveredSeq: 1, clearedSeq: 1, _id: 0 },
          limit: RECEIPT_MEMBERS + 1,
        },
      )
      .toArray();
  }

  private async withSenders(
    records: MessageRecord[],
    positions: MemberPosition[],
  ): Promise<MessageView[]> {
    const { directory, attachments } = this.parts;
    const cards = await directory.cards(new Set(records.map((record) => record.senderId)));
    return records.map((message) => ({
      message: { ...message, media: attachments.addressed(message.media) },
      sender: cards.get(message.senderId),
      status: statusOf(message, positions),
    }));
  }

  /** Numbers of the messages that the user has deleted for themselves, newest first. */
  private async hiddenSeqs(userId: string, chatId: string): Promise<number[]> {
    const rows = await this.parts.messages.collection
      .find(
        { deletedFor: objectId(userId), chatId: objectId(chatId) },
        { projection: { seq: 1, _id: 0 }, sort: { seq: -1 } },
      )
      .toArray();
    return rows.map((row) => row.seq);
  }

  private async window(
    userId: string,
    chatId: string,
    { below, above }: { below: number; above: number },
    nearest: 'newest' | 'oldest',
    limit: number,
  ): Promise<MessageDoc[]> {
    // To the database, none would mean all.
    if (limit === 0) return [];
    const docs = await this.parts.messages.collection
      .find<MessageDoc>(
        {
          chatId: objectId(chatId),
          seq: { $gt: above, ...(below !== Infinity && { $lt: below }) },
          deletedFor: { $ne: objectId(userId) },
        },
        {
          sort: { seq: nearest === 'newest' ? -1 : 1 },
          limit,
          projection: WITHOUT_PAST_TEXTS,
        },
      )
      .toArray();
    return nearest === 'newest' ? docs.reverse() : docs;
  }
}

const positionsOf = (rows: MemberRow[]): MemberPosition[] =>
  rows.length > RECEIPT_MEMBERS
    ? []
    : rows.map(({ userId, ...row }) => ({ ...row, userId: userId.toHexString() }));

/** How far a message has come among the members other than its sender. */
export const statusOf = (
  message: { seq: number; senderId: string },
  positions: ReceiptPosition[],
): MessageStatus => {
  const others = positions.filter(({ userId }) => userId !== message.senderId);
  if (others.length === 0) return 'sent';
  if (others.every(({ lastReadSeq }) => lastReadSeq >= message.seq)) return 'read';
  const hasArrived = (position: ReceiptPosition) =>
    Math.max(position.lastDeliveredSeq, position.lastReadSeq) >= message.seq;
  return others.every(hasArrived) ? 'delivered' : 'sent';
};
