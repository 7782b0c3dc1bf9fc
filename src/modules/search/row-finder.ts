import { groupBy } from '../../shared/group-by.js';
import type { BlockScan, Scan, ScannedChat, SearchedChat } from './block-scan.js';
import { newestFirst } from './block-scan.js';
import type { ChatText, ChatTexts } from './chat-texts.js';
import type { SearchRow } from './search-block.js';
import { newestRows, rowsOf } from './search-block.js';
import type { SearchIndex } from './search-index.js';

/** A chat of a search over everything. */
export interface RecentChat extends ScannedChat {
  lastSeq: number;
}

/** What finding rows is built from. */
export interface RowFinderParts {
  index: SearchIndex;
  blocks: BlockScan;
  texts: ChatTexts;
}

/** Of many chats, the foremost are looked through in memory, like a chat that is searched alone. */
const MAX_TEXTS = 8;

/** Finds the newest messages that fit a search, wherever their words are to be found. */
export class RowFinder {
  constructor(private readonly parts: RowFinderParts) {}

  /** The newest text of a chat, for {@link inText}; it needs to know nothing of the searcher. */
  text(chatId: string): Promise<ChatText> {
    return this.parts.texts.current(chatId);
  }

  /** Hits in one chat: in its newest text and then in its older blocks. */
  async inText(chat: SearchedChat, text: ChatText, scan: Scan): Promise<SearchRow[]> {
    const found = rowsOfText(text, scan);
    if (text.lowest > 0 && found.length < scan.limit) {
      const older = await this.parts.blocks.inChat(chat, scan, text.lowest);
      found.push(...older.filter(({ seq }) => !text.changed.has(seq)));
    }
    return found.filter(({ seq }) => seq > chat.clearedSeq);
  }

  /** Hits in many chats, which come the most recently active first. */
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

  /** Hits in chats whose blocks the database looks through. */
  private async inBlocks(chats: RecentChat[], scan: Scan): Promise<SearchRow[]> {
    const { blocks, index } = this.parts;
    const unindexed = await index.unindexed(await index.behind(chats));
    // A row of a block may be an older state of a message that is also among the changed ones.
    const limit = scan.limit + unindexed.length;
    const found = await blocks.find(chats, { ...scan, limit });
    const cleared = new Map(chats.map(({ chatId, clearedSeq }) => [chatId, clearedSeq]));
    return newestStates([...found, ...unindexed]).filter(
      (row) =>
        row.seq > cleared.get(row.chatId)! && scan.matcher.fits(row.text) && scan.isWanted(row),
    );
  }
}

/** Of each message the newest state: the log may say more than the blocks, and the other way round. */
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
