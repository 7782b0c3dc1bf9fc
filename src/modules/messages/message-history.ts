import type { Actor } from '../../shared/actor.js';
import { isSystem } from '../../shared/actor.js';
import type { Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { UserCard } from '../users/index.js';
import type {
  ChatSnapshot,
  Contacts,
  MemberPositionRow,
  MemberPositionsRepository,
} from '../chats/index.js';
import { NO_BLOCKS } from '../chats/index.js';
import type { HeldMessages, HeldSpan } from './held-messages.js';
import type { MessageLog } from './log/index.js';
import type { MessageReader } from './message-reader.js';
import type { StoredMessage } from './message.model.js';
import type { MessageRecord, MessageStatus, ReceiptPosition } from './message.record.js';
import { positionsShown, statusOf, toRecord } from './message.record.js';
import type { MessageWindow, MessagesRepository } from './messages.repository.js';
import type { AttachmentClaims } from './messages.types.js';

/** The part of a chat to read: a page from the newest, or a window next to a message number. */
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

/** A message with what a presenter shows beside it. */
export interface MessageView {
  message: MessageRecord;
  sender: UserCard | undefined;
  status: MessageStatus;
}

/** A member's positions. */
export interface MemberPosition extends ReceiptPosition {
  /** Up to where the member has deleted the history. */
  clearedSeq: number;
}

/**
 * The messages of a chat that somebody can see. Numbers have no holes, so pages and totals need arithmetic
 * instead of a skip; only the hidden numbers have to be stepped over.
 */
interface Visible {
  /** Number of the newest message, visible or not. */
  newestSeq: number;
  /** Nothing is visible up to this number. */
  floor: number;
  /** Numbers above it that are hidden, newest first. */
  hidden: number[];
}

/** Messages of a page, the chat's visible messages, and the members' positions. */
interface Page {
  docs: StoredMessage[];
  visible: Visible;
  positions: MemberPosition[];
}

/** In chats with more members, receipts of single messages are not followed; a message counts as sent. */
const RECEIPT_MEMBERS = 100;

/** Reads messages as a member may see them: never those deleted for the member, never cleared history. */
export class MessageHistory {
  constructor(
    private readonly deps: {
      messages: MessagesRepository;
      positions: MemberPositionsRepository;
      log: Pick<MessageLog, 'newestSeq'>;
      reader: MessageReader;
      directory: { cards(userIds: Iterable<string>): Promise<Map<string, UserCard>> };
      attachments: Pick<AttachmentClaims, 'addressed'>;
      heldMessages: Pick<HeldMessages, 'one' | 'own'>;
      contacts: Pick<Contacts, 'blocksOf'>;
    },
  ) {}

  /**
   * Messages of a chat, ascending by number; the actor's held ones each behind the message that was the newest when
   * they were written, beside the page's limit.
   *
   * @throws {AppError} NOT_FOUND for non-members, except of a public room.
   */
  async list(
    actor: Actor,
    chatId: string,
    query: HistoryQuery,
  ): Promise<{ views: MessageView[]; pagination: Pagination }> {
    // Access comes first: a stranger's request must cost nothing more.
    const chat = await this.deps.reader.chat(actor, chatId);
    const { page, before, after, around } = query;
    const isFromAnEnd = page === 1 && after === undefined && around === undefined;
    const isNewestPage = isFromAnEnd && before === undefined;
    const { docs, visible, positions } = isFromAnEnd
      ? await this.newestPage(actor, chat, query)
      : await this.pageOf(actor, chat, query);
    const span = spanOf(docs, query, visible, isNewestPage);
    const held = await this.deps.heldMessages.own(actor.userId, chatId, span);
    const records = [...docs.map(toRecord), ...held];
    // Sorting is stable: a held message comes after the one whose number it has.
    if (held.length > 0) records.sort((a, b) => a.seq - b.seq);
    const views = await this.withSenders(actor, records, positions);
    return {
      views,
      pagination: {
        ...paginate(query, countAbove(visible.floor, visible)),
        hasMore: hasMoreBeyond(docs, query, visible),
      },
    };
  }

  /** The most frequent requests, the newest messages or those before a number: one command. */
  private async newestPage(
    { userId }: Actor,
    { id: chatId, members }: ChatSnapshot,
    { before, limit }: Pick<HistoryQuery, 'before' | 'limit'>,
  ): Promise<Page> {
    const stored = await this.deps.messages.newestPage(chatId, userId, {
      below: before,
      limit,
      positions: this.deps.positions.union(chatId, {
        of: members ? undefined : userId,
        limit: RECEIPT_MEMBERS + 1,
      }),
    });
    const rows = stored.positions;
    const own = rows.find((row) => row.userId.equals(userId));
    // Nothing is cleared for somebody who reads a room without being in it.
    const floor = own?.clearedSeq ?? (await this.clearedBeyond(rows, chatId, userId));
    return {
      docs: stored.docs.filter(({ seq }) => seq > floor),
      visible: visibleOf(stored.newestSeq, floor, stored.hidden),
      positions: members ? await this.positionsOf(rows) : [],
    };
  }

  /** Up to where a user who is not among some members has deleted the history: they may be beyond the limit. */
  private clearedBeyond(
    rows: MemberPositionRow[],
    chatId: string,
    userId: string,
  ): Promise<number> | number {
    return rows.length > RECEIPT_MEMBERS ? this.deps.positions.clearedSeq(chatId, userId) : 0;
  }

  private async pageOf(actor: Actor, chat: ChatSnapshot, query: HistoryQuery): Promise<Page> {
    const [{ floor, positions }, newestSeq, hidden] = await Promise.all([
      this.floorAndPositions(actor, chat),
      this.deps.log.newestSeq(chat.id),
      this.deps.messages.hiddenSeqs(chat.id, actor.userId),
    ]);
    const visible = visibleOf(newestSeq, floor, hidden);
    const window = (wanted: MessageWindow) =>
      this.deps.messages.window(chat.id, actor.userId, wanted);
    let docs: StoredMessage[];
    if (query.around !== undefined) {
      const half = Math.floor(query.limit / 2);
      const [older, newer] = await Promise.all([
        window({ above: floor, below: query.around, nearest: 'newest', limit: half }),
        window({
          above: Math.max(floor, query.around - 1),
          nearest: 'oldest',
          limit: query.limit - half,
        }),
      ]);
      docs = [...older, ...newer];
    } else if (query.after !== undefined) {
      docs = await window({
        above: Math.max(floor, query.after),
        nearest: 'oldest',
        limit: query.limit,
      });
    } else {
      const below = query.before ?? boundaryBelow(visible, (query.page - 1) * query.limit) + 1;
      docs = await window({ above: floor, below, nearest: 'newest', limit: query.limit });
    }
    return { docs, visible, positions };
  }

  /** The number above which the actor may read, and the members' positions: one query where possible. */
  private async floorAndPositions(
    { userId }: Actor,
    { id: chatId, members }: ChatSnapshot,
  ): Promise<{ floor: number; positions: MemberPosition[] }> {
    const rows = members ? await this.positionRows(chatId) : [];
    const own = rows.find((row) => row.userId.equals(userId));
    // The actor's row may be beyond the limit in a large chat, and is missing for a reader of a room.
    const floor = own?.clearedSeq ?? (await this.deps.positions.clearedSeq(chatId, userId));
    return { floor, positions: await this.positionsOf(rows) };
  }

  /**
   * One message that the actor may see.
   *
   * @throws {AppError} NOT_FOUND when it does not exist, or is in somebody else's chat, or is deleted
   *   for the actor.
   */
  async one(actor: Actor, messageId: string): Promise<MessageView> {
    const held = await this.deps.heldMessages.one(actor.userId, messageId);
    if (held) return (await this.withSenders(actor, [held], []))[0]!;
    const { doc, chat } = await this.deps.reader.visible(actor, messageId);
    const [view] = await this.views(actor, chat.id, [toRecord(doc)]);
    return view!;
  }

  /** Adds what the actor sees beside messages of one chat: senders and receipt states. */
  async views(
    actor: Actor,
    chatId: string,
    records: MessageRecord[] | Promise<MessageRecord[]>,
  ): Promise<MessageView[]> {
    const [found, positions] = await Promise.all([records, this.positions(chatId)]);
    return this.withSenders(actor, found, positions);
  }

  /** How far all members have come; empty for a large chat. */
  async positions(chatId: string): Promise<MemberPosition[]> {
    return this.positionsOf(await this.positionRows(chatId));
  }

  /** How far members have come whose rows have been read; empty for a large chat. */
  async positionsOf(rows: MemberPositionRow[]): Promise<MemberPosition[]> {
    if (rows.length > RECEIPT_MEMBERS) return [];
    const positions = rows.map(({ userId, ...row }) => ({ ...row, userId: userId.toHexString() }));
    const cards = await this.deps.directory.cards(positions.map(({ userId }) => userId));
    return positions.map((position) =>
      cards.get(position.userId)?.isDeactivated ? { ...position, isDeactivated: true } : position,
    );
  }

  private positionRows(chatId: string): Promise<MemberPositionRow[]> {
    return this.deps.positions.positionsIn(chatId, RECEIPT_MEMBERS + 1);
  }

  private async withSenders(
    actor: Actor,
    records: MessageRecord[],
    positions: MemberPosition[],
  ): Promise<MessageView[]> {
    const { attachments, contacts, directory } = this.deps;
    const [cards, blocks] = await Promise.all([
      directory.cards(new Set(records.map((record) => record.senderId))),
      isSystem(actor) || records.length === 0 ? NO_BLOCKS : contacts.blocksOf(actor.userId),
    ]);
    const shown = positionsShown(positions, blocks);
    return records.map((message) => ({
      message: {
        ...message,
        media: attachments.addressed(message.media),
        ...(blocks.byUser.has(message.senderId) && { isFromBlocked: true }),
      },
      sender: cards.get(message.senderId),
      status: statusOf(message, shown),
    }));
  }
}

/**
 * The visible part of a chat.
 *
 * @param hidden all hidden numbers, newest first.
 */
const visibleOf = (newestSeq: number, floor: number, hidden: number[]): Visible => ({
  newestSeq,
  floor,
  hidden: hidden.filter((seq) => seq > floor),
});

/** How many visible messages have a higher number; the floor and all below it count alike. */
const countAbove = (seq: number, { newestSeq, floor, hidden }: Visible): number => {
  const from = Math.max(seq, floor);
  return Math.max(0, newestSeq - from - hidden.filter((number) => number > from).length);
};

/** The largest number with exactly `offset` visible messages above it. */
const boundaryBelow = ({ newestSeq, hidden }: Visible, offset: number): number => {
  let boundary = newestSeq - offset;
  for (const seq of hidden) {
    if (seq <= boundary) break;
    boundary -= 1;
  }
  return Math.max(0, boundary);
};

/**
 * The numbers that a page stands for, so that a held message behind any of them is in one page: also behind one that
 * the actor has deleted for themselves. Who asks for what comes `after` a number has had that one, but perhaps not
 * what is held behind it.
 */
const spanOf = (
  docs: { seq: number }[],
  { before, after, around, page, limit }: HistoryQuery,
  visible: Visible,
  isNewestPage: boolean,
): HeldSpan => {
  const first = docs[0]?.seq ?? around ?? Infinity;
  const last = docs.at(-1)?.seq ?? around ?? 0;
  const isOldest = countAbove(0, visible) <= countAbove(first - 1, visible);
  const isNewest = isNewestPage || countAbove(last, visible) === 0;
  if (after !== undefined) return { from: after, to: isNewest ? Infinity : last };
  const to = before === undefined ? boundaryBelow(visible, (page - 1) * limit) : before - 1;
  const newest = around === undefined ? to : last;
  return { from: isOldest ? visible.floor : first, to: isNewest ? Infinity : newest };
};

/**
 * Whether there is more beyond some messages in the direction in which they were read: newer ones `after` a
 * number, on either side `around` one, else older ones.
 */
const hasMoreBeyond = (
  found: { seq: number }[],
  { after, around }: { after?: number; around?: number },
  visible: Visible,
): boolean => {
  const oldest = found[0]?.seq ?? around ?? 0;
  const newest = found.at(-1)?.seq ?? around ?? Infinity;
  const hasOlder = countAbove(0, visible) > countAbove(oldest - 1, visible);
  const hasNewer = countAbove(newest, visible) > 0;
  if (around !== undefined) return hasOlder || hasNewer;
  return after === undefined ? hasOlder : hasNewer;
};
