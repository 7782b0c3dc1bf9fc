import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { AppError } from '../../shared/errors.js';
import { groupBy } from '../../shared/group-by.js';
import type { ChatAccess, ChatDoc, MembershipDoc } from '../chats/index.js';
import type { MessageDoc, MessageHistory, MessageView } from '../messages/index.js';
import { WITHOUT_PAST_TEXTS, toRecord } from '../messages/index.js';
import type { Scan } from './block-scan.js';
import { newestFirst } from './block-scan.js';
import type { RecentChat, RowFinder } from './row-finder.js';
import type { SearchRow } from './search-block.js';
import type { SnippetPart } from './snippet.js';
import { snippetOf } from './snippet.js';
import type { SearchTerms } from './tokenizer.js';
import { fold, matcherOf, queryTerms, wordsOf } from './tokenizer.js';

/** What to search for, and among what. */
export interface SearchQuery {
  q: string;
  from?: string | undefined;
  type?: string | undefined;
  before?: Date | undefined;
  after?: Date | undefined;
  hasMedia?: boolean | undefined;
  limit: number;
  page: number;
}

/** One message found. */
export interface SearchHit extends MessageView {
  snippet: SnippetPart[];
  score: number;
}

/** A page of what was found. */
export interface SearchResult {
  hits: SearchHit[];
  /** Hits in all, as far as they are ranked: the newest {@link MAX_RANKED}. */
  total: number;
}

/** What searching is built from. */
export interface SearchParts {
  messages: Model<MessageDoc>;
  chats: Model<ChatDoc>;
  memberships: Model<MembershipDoc>;
  access: ChatAccess;
  history: MessageHistory;
  rows: RowFinder;
}

/** The newest hits, which are ranked; older ones are found by narrowing the search. */
export const MAX_RANKED = 200;
/** Chats that a search over everything looks into, the most recently active ones. */
const MAX_CHATS = 1000;

/** Finds messages by their words. */
export class Search {
  constructor(private readonly parts: SearchParts) {}

  /**
   * Searches one chat.
   *
   * @throws {AppError} NOT_FOUND for non-members, VALIDATION for a query without a word.
   */
  async inChat(actor: Actor, chatId: string, query: SearchQuery): Promise<SearchResult> {
    const terms = termsOf(query);
    await this.parts.access.member(actor.userId, chatId);
    const [cleared, text] = await Promise.all([
      this.clearedSeqs(actor.userId, chatId),
      this.parts.rows.text(chatId),
    ]);
    // Without one, the membership has ended since it was checked.
    const clearedSeq = cleared.get(chatId) ?? Infinity;
    const scan = scanOf(actor, terms, query);
    const found = await this.parts.rows.inText({ chatId, clearedSeq }, text, scan);
    return this.page(actor, found, terms, query);
  }

  /**
   * Searches all chats that the actor is in.
   *
   * @throws {AppError} VALIDATION for a query without a word.
   */
  async everywhere(actor: Actor, query: SearchQuery): Promise<SearchResult> {
    const terms = termsOf(query);
    const scan = scanOf(actor, terms, query);
    const chats = await this.recentChats(await this.clearedSeqs(actor.userId));
    const rows = await this.parts.rows.inChats(chats, scan);
    return this.page(actor, rows, terms, query);
  }

  /** The chats with the newest messages, those first. */
  private async recentChats(cleared: Map<string, number>): Promise<RecentChat[]> {
    const chats = await this.parts.chats.collection
      .find<Pick<ChatDoc, '_id' | 'lastSeq' | 'lastMessageAt'>>(
        { _id: { $in: [...cleared.keys()].map(objectId) } },
        { projection: { lastSeq: 1, lastMessageAt: 1 } },
      )
      .toArray();
    return chats
      .map(({ _id, lastSeq, lastMessageAt }) => ({
        chatId: _id.toHexString(),
        clearedSeq: cleared.get(_id.toHexString())!,
        lastMessageAt: lastMessageAt?.getTime() ?? 0,
        lastSeq,
      }))
      .sort((a, b) => b.lastMessageAt - a.lastMessageAt)
      .slice(0, MAX_CHATS);
  }

  private async page(
    actor: Actor,
    found: SearchRow[],
    terms: SearchTerms,
    query: SearchQuery,
  ): Promise<SearchResult> {
    const ranked = found
      .sort(newestFirst)
      .slice(0, MAX_RANKED)
      .map((row) => ({ row, score: scoreOf(row, terms, query.q) }))
      .sort((a, b) => b.score - a.score || newestFirst(a.row, b.row));
    const start = (query.page - 1) * query.limit;
    const page = ranked.slice(start, start + query.limit);
    return { hits: await this.hits(actor, page, terms), total: ranked.length };
  }

  /** The messages of a page, with what is shown beside them. */
  private async hits(
    actor: Actor,
    page: { row: SearchRow; score: number }[],
    terms: SearchTerms,
  ): Promise<SearchHit[]> {
    const byChat = [...groupBy(page, ({ row }) => row.chatId)];
    const views = await Promise.all(
      byChat.map(async ([chatId, found]) => {
        const seqs = found.map(({ row }) => row.seq);
        return this.parts.history.views(chatId, this.visible(actor, chatId, seqs));
      }),
    );
    const byPlace = new Map(
      views.flat().map((view) => [placeOf(view.message.chatId, view.message.seq), view]),
    );
    return page.flatMap(({ row, score }) => {
      const view = byPlace.get(placeOf(row.chatId, row.seq));
      return view ? [{ ...view, snippet: snippetOf(view.message.content, terms), score }] : [];
    });
  }

  /** Messages by their numbers, without what has been deleted since they were found. */
  private async visible(actor: Actor, chatId: string, seqs: number[]) {
    const messages = await this.parts.messages.collection
      .find<MessageDoc>(
        {
          chatId: objectId(chatId),
          seq: { $in: seqs },
          deletedFor: { $ne: objectId(actor.userId) },
        },
        { projection: WITHOUT_PAST_TEXTS },
      )
      .toArray();
    return messages.filter(({ deletedAt }) => deletedAt == null).map(toRecord);
  }

  /** The actor's chats, or one of them, and up to which message each is cleared. */
  private async clearedSeqs(userId: string, chatId?: string): Promise<Map<string, number>> {
    const rows = await this.parts.memberships.collection
      .find<Pick<MembershipDoc, 'chatId' | 'clearedSeq'>>(
        { userId: objectId(userId), ...(chatId !== undefined && { chatId: objectId(chatId) }) },
        { projection: { chatId: 1, clearedSeq: 1, _id: 0 } },
      )
      .toArray();
    return new Map(rows.map((row) => [row.chatId.toHexString(), row.clearedSeq]));
  }
}

const termsOf = ({ q }: SearchQuery): SearchTerms => {
  const terms = queryTerms(q);
  if (terms.words.length > 0 || terms.beginning !== undefined) return terms;
  throw new AppError('VALIDATION', 'Search for at least one word', {
    errors: [{ path: 'q', message: 'must contain a letter or a digit' }],
  });
};

const placeOf = (chatId: string, seq: number): string => `${chatId} ${seq}`;

const scanOf = (actor: Actor, terms: SearchTerms, query: SearchQuery): Scan => ({
  terms,
  matcher: matcherOf(terms),
  isWanted: rowFilter(actor, query),
  limit: MAX_RANKED,
});

const rowFilter =
  ({ userId }: Actor, { from, type, before, after, hasMedia }: SearchQuery) =>
  (row: SearchRow): boolean =>
    !row.hiddenFor.includes(userId) &&
    (from === undefined || row.senderId === from) &&
    (type === undefined || row.messageType === type) &&
    (hasMedia === undefined || row.hasMedia === hasMedia) &&
    (after === undefined || row.createdAt > after.getTime()) &&
    (before === undefined || row.createdAt < before.getTime());

/**
 * How well a message fits: the words as they were typed, one after the other, count most; then whole
 * words over beginnings; then a message that says little else. Equal ones are shown newest first.
 */
const scoreOf = ({ text }: SearchRow, { words, beginning }: SearchTerms, query: string): number => {
  const inText = new Set(wordsOf(text));
  const phrase = text.includes(fold(query).trim()) ? 10 : 0;
  const wanted = [...words, ...(beginning === undefined ? [] : [beginning])];
  const whole = wanted.filter((word) => inText.has(word)).length;
  return phrase + 2 * whole + 1 / Math.sqrt(inText.size);
};
