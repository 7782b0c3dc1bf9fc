import type { Actor } from '../../shared/actor.js';
import { invalidInput } from '../../shared/errors.js';
import { fold, wordsOf } from '../../shared/fold.js';
import { groupBy } from '../../shared/group-by.js';
import { cutText, graphemeEnd, graphemeStart } from '../../shared/text.js';
import type { ChatAccess, ChatsRepository, MemberPositionsRepository } from '../chats/index.js';
import type { MessageHistory, MessagesRepository, MessageView } from '../messages/index.js';
import type { RecentChat, RowFinder, Scan } from './row-finder.js';
import { newestFirst } from './row-finder.js';
import type { SearchRow } from './search-block.js';
import type { SearchTerms } from './tokenizer.js';
import { matcherOf, queryTerms, writtenWordsOf } from './tokenizer.js';

/** The words to search for, and the messages to search in. */
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

/** A stretch of text, and whether it is a hit. */
export interface SnippetPart {
  text: string;
  hit: boolean;
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

/** The newest hits, which are ranked; older ones are found by narrowing the search. */
export const MAX_RANKED = 200;
/** Chats that a search over all chats covers, the most recently active ones. */
const MAX_CHATS = 1000;

/** Characters of text around the first hit. */
const SNIPPET_LENGTH = 160;
const BEFORE_HIT = 40;

/** Finds messages by their words. */
export class Search {
  constructor(
    private readonly deps: {
      access: Pick<ChatAccess, 'member'>;
      chats: Pick<ChatsRepository, 'activityOf'>;
      positions: Pick<MemberPositionsRepository, 'clearedSeqs'>;
      messages: Pick<MessagesRepository, 'visibleAt'>;
      history: Pick<MessageHistory, 'views'>;
      rows: RowFinder;
    },
  ) {}

  /**
   * Searches one chat.
   *
   * @throws {AppError} NOT_FOUND for non-members, VALIDATION for a query without a word.
   */
  async inChat(actor: Actor, chatId: string, query: SearchQuery): Promise<SearchResult> {
    const terms = termsOf(query);
    await this.deps.access.member(actor.userId, chatId);
    const [cleared, text] = await Promise.all([
      this.deps.positions.clearedSeqs(actor.userId, [chatId]),
      this.deps.rows.text(chatId),
    ]);
    // Undefined when the membership has ended since it was checked.
    const clearedSeq = cleared.get(chatId) ?? Infinity;
    const scan = scanOf(actor, terms, query);
    const found = await this.deps.rows.inText({ chatId, clearedSeq }, text, scan);
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
    const chats = await this.recentChats(await this.deps.positions.clearedSeqs(actor.userId));
    const rows = await this.deps.rows.inChats(chats, scan);
    return this.page(actor, rows, terms, query);
  }

  /** The chats with the newest messages, those first. */
  private async recentChats(cleared: Map<string, number>): Promise<RecentChat[]> {
    const chats = await this.deps.chats.activityOf([...cleared.keys()]);
    return chats
      .map((chat) => ({ ...chat, clearedSeq: cleared.get(chat.chatId)! }))
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

  /** The hits of a page, with their messages and snippets. */
  private async hits(
    actor: Actor,
    page: { row: SearchRow; score: number }[],
    terms: SearchTerms,
  ): Promise<SearchHit[]> {
    const byChat = [...groupBy(page, ({ row }) => row.chatId)];
    const views = await Promise.all(
      byChat.map(async ([chatId, found]) => {
        const seqs = found.map(({ row }) => row.seq);
        const { history, messages } = this.deps;
        // Without messages that were deleted since they were found.
        return history.views(actor, chatId, messages.visibleAt(chatId, actor.userId, seqs));
      }),
    );
    const byKey = new Map(
      views.flat().map((view) => [keyOf(view.message.chatId, view.message.seq), view]),
    );
    return page.flatMap(({ row, score }) => {
      const view = byKey.get(keyOf(row.chatId, row.seq));
      return view ? [{ ...view, snippet: snippetOf(view.message.content, terms), score }] : [];
    });
  }
}

/** The words of a query, which must have one. */
export const termsOf = ({ q }: Pick<SearchQuery, 'q'>): SearchTerms => {
  const terms = queryTerms(q);
  if (terms.words.length > 0 || terms.beginning !== undefined) return terms;
  throw invalidInput('q', 'at least one letter, digit or emoji');
};

const keyOf = (chatId: string, seq: number): string => `${chatId} ${seq}`;

const scanOf = (actor: Actor, terms: SearchTerms, query: SearchQuery): Scan => ({
  terms,
  matcher: matcherOf(terms),
  isWanted: rowFilter(actor, query),
  limit: MAX_RANKED,
});

/** The conditions of a query on rows beside its words. */
export const rowFilter =
  ({ userId }: Actor, { from, type, before, after, hasMedia }: Omit<SearchQuery, 'q'>) =>
  (row: SearchRow): boolean =>
    !row.hiddenFor.includes(userId) &&
    (from === undefined || row.senderId === from) &&
    (type === undefined || row.messageType === type) &&
    (hasMedia === undefined || row.hasMedia === hasMedia) &&
    (after === undefined || row.createdAt > after.getTime()) &&
    (before === undefined || row.createdAt < before.getTime());

/**
 * How well a message fits: the words as they were typed, one after the other, count most; then whole words
 * over beginnings; then messages with little other text. Equal ones are shown newest first.
 */
const scoreOf = ({ text }: SearchRow, { words, beginning }: SearchTerms, query: string): number => {
  const inText = new Set(wordsOf(text));
  const phrase = text.includes(fold(query).trim()) ? 10 : 0;
  const wanted = [...words, ...(beginning === undefined ? [] : [beginning])];
  const whole = wanted.filter((word) => inText.has(word)).length;
  return phrase + 2 * whole + 1 / Math.sqrt(inText.size);
};

/**
 * The part of a text around the first hit, cut into stretches, so that clients mark the hits without parsing
 * markup. No visible character is cut.
 */
export const snippetOf = (text: string, { words, beginning }: SearchTerms): SnippetPart[] => {
  const terms = [...words, ...(beginning === undefined ? [] : [beginning])];
  const hits = hitsOf(text, terms);
  const start = graphemeStart(text, Math.max(0, (hits[0]?.start ?? 0) - BEFORE_HIT));
  const end = start + cutText(text.slice(start), SNIPPET_LENGTH).length;
  const parts: SnippetPart[] = [];
  let at = start;
  for (const hit of hits) {
    if (hit.start < at || hit.start >= end) continue;
    if (hit.start > at) parts.push({ text: text.slice(at, hit.start), hit: false });
    at = Math.min(hit.end, end);
    parts.push({ text: text.slice(hit.start, at), hit: true });
  }
  if (at < end) parts.push({ text: text.slice(at, end), hit: false });
  return parts;
};

/** The places of the terms in the original text: folding may change lengths, so words are compared. */
const hitsOf = (text: string, terms: string[]): { start: number; end: number }[] => {
  const hits: { start: number; end: number }[] = [];
  for (const { word: written, start } of writtenWordsOf(text)) {
    const word = fold(written);
    if (!terms.some((term) => word.includes(term))) continue;
    const isWhole = terms.some((term) => word.startsWith(term));
    const inner = isWhole ? undefined : innerHit(written, word, terms);
    hits.push(
      inner
        ? {
            start: graphemeStart(text, start + inner.start),
            end: graphemeEnd(text, start + inner.start + inner.length),
          }
        : { start, end: start + written.length },
    );
  }
  return hits;
};

/** A hit inside a longer run, as unspaced scripts have it. */
const innerHit = (
  run: string,
  folded: string,
  terms: string[],
): { start: number; length: number } | undefined => {
  // An inner position is known only where folding kept every character in its place.
  if (folded.length !== run.length) return undefined;
  const found = terms
    .map((term) => ({ start: folded.indexOf(term), length: term.length }))
    .filter(({ start }) => start >= 0)
    .sort((a, b) => a.start - b.start);
  return found[0];
};
