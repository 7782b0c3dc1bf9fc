import { groupBy } from '../../shared/group-by.js';
import type { ChatText, ChatTexts } from './chat-texts.js';
import type { SearchRow } from './search-block.js';
import { blockNumberOf, newestRows, rowsOf } from './search-block.js';
import type { SearchIndex } from './search-index.js';
import type { SearchBlock, SearchRepository } from './search.repository.js';
import type { Matcher, SearchTerms } from './tokenizer.js';
import { OPEN_TERM, requiredTerms } from './tokenizer.js';

/** A chat that is searched. */
export interface SearchedChat {
  chatId: string;
  /** Messages up to this number are not shown to the searcher. */
  clearedSeq: number;
}

/** One of many chats that are searched. */
export interface RecentChat extends SearchedChat {
  /** Milliseconds; nothing in the chat is newer. */
  lastMessageAt: number;
  /** Number of the chat's newest message. */
  lastSeq: number;
}

/** A query for rows. */
export interface Scan {
  terms: SearchTerms;
  matcher: Matcher;
  /** A further condition on rows. */
  isWanted: (row: SearchRow) => boolean;
  /** How many rows to find, the newest. */
  limit: number;
}

/** Of many chats, the first ones are searched in memory, like a chat that is searched alone. */
const MAX_TEXTS = 8;
/** Chats in one query, and blocks read before each of them gets a query of its own. */
const CHATS_AT_ONCE = 50;
const BLOCKS_AT_ONCE = 64;
/** Blocks of the first read in a chat; the next reads take {@link BLOCKS_AT_ONCE}. */
const FIRST_BLOCKS = 16;

/** Finds the newest messages that fit a search, in memory and in the search index. */
export class RowFinder {
  private readonly blocks: BlockScan;

  constructor(
    repository: SearchRepository,
    private readonly texts: ChatTexts,
    private readonly index: SearchIndex,
  ) {
    this.blocks = new BlockScan(repository);
  }

  /** The newest text of a chat, for {@link inText}; it does not depend on the searcher. */
  text(chatId: string): Promise<ChatText> {
    return this.texts.current(chatId);
  }

  /** Hits in one chat: in its newest text and then in its older blocks. */
  async inText(chat: SearchedChat, text: ChatText, scan: Scan): Promise<SearchRow[]> {
    const found = rowsOfText(text, scan);
    if (text.lowest > 0 && found.length < scan.limit) {
      const older = await this.blocks.inChat(chat, scan, text.lowest);
      found.push(...older.filter(({ seq }) => !text.changed.has(seq)));
    }
    return found.filter(({ seq }) => seq > chat.clearedSeq);
  }

  /** Hits in many chats, which are ordered by latest activity. */
  async inChats(chats: RecentChat[], scan: Scan): Promise<SearchRow[]> {
    const [foremost, others] = [chats.slice(0, MAX_TEXTS), chats.slice(MAX_TEXTS)];
    const found = await Promise.all(
      foremost.map(async (chat) => this.inText(chat, await this.text(chat.chatId), scan)),
    );
    const rows = found.flat().sort(newestFirst);
    const oldest = rows[scan.limit - 1]?.createdAt ?? -Infinity;
    if (others[0] && others[0].lastMessageAt >= oldest) {
      rows.push(...(await this.inBlocks(others, scan)));
    }
    return rows;
  }

  /** Hits in chats whose blocks the database searches. */
  private async inBlocks(chats: RecentChat[], scan: Scan): Promise<SearchRow[]> {
    const unindexed = await this.index.unindexed(await this.index.behind(chats));
    // A row of a block may be an older state of a message that is also among the changed ones.
    const limit = scan.limit + unindexed.length;
    const found = await this.blocks.find(chats, { ...scan, limit });
    const cleared = new Map(chats.map(({ chatId, clearedSeq }) => [chatId, clearedSeq]));
    return newestStates([...found, ...unindexed]).filter(
      (row) =>
        row.seq > cleared.get(row.chatId)! && scan.matcher.fits(row.text) && scan.isWanted(row),
    );
  }
}

/** The newest state of each message: the log may be ahead of the blocks, or the blocks ahead of the log. */
const newestStates = (rows: SearchRow[]): SearchRow[] =>
  [...groupBy(rows, ({ chatId }) => chatId).values()].flatMap((ofChat) => [
    ...newestRows(ofChat).values(),
  ]);

/** The rows of a chat's text that fit, the newest and maybe some more. */
const rowsOfText = ({ blocks, changed }: ChatText, { matcher, isWanted, limit }: Scan) => {
  const found = [...changed.values()].filter((row) => matcher.fits(row.text) && isWanted(row));
  const enough = found.length + limit;
  for (const block of blocks) {
    if (found.length >= enough) break;
    const rows = rowsOf(block, matcher);
    found.push(...rows.filter((row) => !changed.has(row.seq) && isWanted(row)));
  }
  return found;
};

/** Finds rows in the blocks of the search index, newest first, reading no more blocks than it needs. */
export class BlockScan {
  constructor(private readonly repository: SearchRepository) {}

  /** The newest rows of some chats that fit; the chats are ordered by latest activity. */
  async find(chats: RecentChat[], scan: Scan): Promise<SearchRow[]> {
    let found: SearchRow[] = [];
    for (let start = 0; start < chats.length; start += CHATS_AT_ONCE) {
      const some = chats.slice(start, start + CHATS_AT_ONCE);
      const oldest = found[scan.limit - 1]?.createdAt ?? -Infinity;
      if (some[0]!.lastMessageAt < oldest) break;
      const more = await this.inChats(some, scan);
      found = [...found, ...more].sort(newestFirst).slice(0, scan.limit);
    }
    return found;
  }

  private async inChats(chats: RecentChat[], scan: Scan): Promise<SearchRow[]> {
    const chatIds = chats.map(({ chatId }) => chatId);
    const byId = new Map(chats.map((chat) => [chat.chatId, chat]));
    const found: SearchRow[] = [];
    for (const terms of termsToRead(scan.terms)) {
      const blocks = await this.repository.blocksOfChats(chatIds, terms, BLOCKS_AT_ONCE);
      if (blocks.length === BLOCKS_AT_ONCE) return this.oneByOne(chats, scan);
      for (const block of blocks) {
        found.push(...rowsIn(block, byId.get(block.chatId.toHexString())!, scan));
      }
    }
    return found;
  }

  /** Reads each chat alone, for terms that many blocks have: no more than its newest blocks are read. */
  private async oneByOne(chats: RecentChat[], scan: Scan): Promise<SearchRow[]> {
    let found: SearchRow[] = [];
    for (const chat of chats) {
      const oldest = found[scan.limit - 1]?.createdAt ?? -Infinity;
      if (chat.lastMessageAt < oldest) break;
      found = [...found, ...(await this.inChat(chat, scan))].sort(newestFirst);
      found.length = Math.min(found.length, scan.limit);
    }
    return found;
  }

  /** The newest rows of one chat that fit, in the blocks below a number, and maybe some more. */
  async inChat(
    chat: SearchedChat,
    scan: Scan,
    end = Number.MAX_SAFE_INTEGER,
  ): Promise<SearchRow[]> {
    const from = blockNumberOf(chat.clearedSeq + 1);
    const found: SearchRow[] = [];
    for (const terms of termsToRead(scan.terms)) {
      const enough = found.length + scan.limit;
      let below = end;
      for (let limit = FIRST_BLOCKS; found.length < enough; limit = BLOCKS_AT_ONCE) {
        const bounds = { below, from, limit };
        const blocks = await this.repository.blocksBelow(chat.chatId, terms, bounds);
        for (const block of blocks) found.push(...rowsIn(block, chat, scan));
        const last = blocks.at(-1);
        if (!last || blocks.length < limit) break;
        below = last.number;
      }
    }
    return found;
  }
}

/** The order of hits: the newest message first. */
export const newestFirst = (a: SearchRow, b: SearchRow): number =>
  b.createdAt - a.createdAt || b.seq - a.seq;

/**
 * The terms of the blocks that must be read, one read after the other; none: all blocks. Those that are not
 * full come first: one that fills up between the two reads is then found twice rather than never.
 */
const termsToRead = (terms: SearchTerms): number[][] => {
  const required = requiredTerms(terms);
  return required.length === 0 ? [[]] : [[OPEN_TERM], required];
};

const rowsIn = (block: SearchBlock, { clearedSeq }: SearchedChat, scan: Scan): SearchRow[] =>
  rowsOf(block, scan.matcher).filter((row) => row.seq > clearedSeq && scan.isWanted(row));
