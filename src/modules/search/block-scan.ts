import { objectId } from '../../platform/object-id.js';
import type { SearchRow } from './search-block.js';
import { blockNumberOf, rowsOf } from './search-block.js';
import type { SearchBlockDoc, SearchModels } from './search.model.js';
import { OPEN_TERM } from './search.model.js';
import type { Matcher, SearchTerms } from './tokenizer.js';
import { requiredTerms } from './tokenizer.js';

/** A chat that is searched. */
export interface SearchedChat {
  chatId: string;
  /** Messages up to this number are not shown to the searcher. */
  clearedSeq: number;
}

/** One of many chats that are searched. */
export interface ScannedChat extends SearchedChat {
  /** Milliseconds; nothing in the chat is newer. */
  lastMessageAt: number;
}

/** What rows to find. */
export interface Scan {
  terms: SearchTerms;
  matcher: Matcher;
  /** What else a row must be. */
  isWanted: (row: SearchRow) => boolean;
  /** How many rows are wanted, the newest. */
  limit: number;
}

/** Chats that are asked for together, and blocks read before each of them is asked alone. */
const CHATS_AT_ONCE = 50;
const BLOCKS_AT_ONCE = 64;
/** Blocks of the first read in a chat; the next reads take {@link BLOCKS_AT_ONCE}. */
const FIRST_BLOCKS = 16;

/** Finds rows in the blocks of the search index, newest first, reading no more blocks than it needs. */
export class BlockScan {
  private readonly blocks: SearchModels['blocks']['collection'];

  constructor(models: SearchModels) {
    this.blocks = models.blocks.collection;
  }

  /** The newest rows of some chats that fit; the chats most recently active first. */
  async find(chats: ScannedChat[], scan: Scan): Promise<SearchRow[]> {
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

  private async inChats(chats: ScannedChat[], scan: Scan): Promise<SearchRow[]> {
    const chatIds = chats.map(({ chatId }) => objectId(chatId));
    const byId = new Map(chats.map((chat) => [chat.chatId, chat]));
    const found: SearchRow[] = [];
    for (const terms of termFilters(scan.terms)) {
      const blocks = await this.read({ chatId: { $in: chatIds }, ...terms }, BLOCKS_AT_ONCE);
      if (blocks.length === BLOCKS_AT_ONCE) return this.oneByOne(chats, scan);
      for (const block of blocks) {
        found.push(...rowsIn(block, byId.get(block.chatId.toHexString())!, scan));
      }
    }
    return found;
  }

  /** For what many blocks have: each chat gives its newest, and no more are read. */
  private async oneByOne(chats: ScannedChat[], scan: Scan): Promise<SearchRow[]> {
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
    const chatId = objectId(chat.chatId);
    const first = blockNumberOf(chat.clearedSeq + 1);
    const found: SearchRow[] = [];
    for (const terms of termFilters(scan.terms)) {
      const enough = found.length + scan.limit;
      let below = end;
      for (let size = FIRST_BLOCKS; found.length < enough; size = BLOCKS_AT_ONCE) {
        const number = { $lt: below, $gte: first };
        const blocks = await this.read({ chatId, ...terms, number }, size, { number: -1 });
        for (const block of blocks) found.push(...rowsIn(block, chat, scan));
        const last = blocks.at(-1);
        if (!last || blocks.length < size) break;
        below = last.number;
      }
    }
    return found;
  }

  private read(
    filter: Record<string, unknown>,
    limit: number,
    sort?: { number: -1 },
  ): Promise<SearchBlockDoc[]> {
    return this.blocks.find<SearchBlockDoc>(filter, { limit, ...(sort && { sort }) }).toArray();
  }
}

/** The order in which hits are wanted: the newest message first. */
export const newestFirst = (a: SearchRow, b: SearchRow): number =>
  b.createdAt - a.createdAt || b.seq - a.seq;

/**
 * What blocks must be read. Those that are not full come first: one that fills up between the two reads
 * is then found twice rather than never.
 */
const termFilters = (terms: SearchTerms): Record<string, unknown>[] => {
  const required = requiredTerms(terms);
  if (required.length === 0) return [{}];
  // One term is looked up by equality, so that the index alone decides.
  return [
    { terms: OPEN_TERM },
    { terms: required.length === 1 ? required[0] : { $all: required } },
  ];
};

const rowsIn = (block: SearchBlockDoc, { clearedSeq }: SearchedChat, scan: Scan): SearchRow[] =>
  rowsOf(block, scan.matcher).filter((row) => row.seq > clearedSeq && scan.isWanted(row));
