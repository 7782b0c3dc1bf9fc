import { CachedLookup } from '../../platform/cached-lookup.js';
import type { BlockText, SearchRow } from './search-block.js';
import { newestRows } from './search-block.js';
import type { SearchIndex } from './search-index.js';
import { MAX_CHANGES } from './search-index.js';
import type { SearchRepository } from './search.repository.js';
import { FOLD_RULES } from './tokenizer.js';

/** The searchable text of a chat's newest messages. */
export interface ChatText {
  /** The version up to which `blocks` and `changed` together are complete. */
  version: number;
  /** Newest first. */
  blocks: BlockText[];
  /** Whether a block was made by former rules, and will be rebuilt soon, maybe by another node. */
  hasFormerRules: boolean;
  /** Blocks below this number are not loaded. */
  lowest: number;
  /** Messages that changed after the blocks were read, by message number. */
  changed: Map<number, SearchRow>;
}

/** Blocks that are kept of one chat: its newest 16,000 messages. */
const MAX_BLOCKS = 250;
/** Characters of text that are kept in all. */
const MAX_SIZE = 32_000_000;
/** How long a text stays after the last search in its chat, in milliseconds. */
const KEPT_MS = 10 * 60_000;
/** Most changed messages kept beside the blocks; with more, the blocks are read again. */
const MAX_CHANGED = 500;

/**
 * Caches the texts of the chats in which somebody searches. People search again while typing and with other
 * words, so a chat's blocks are read once, and then only the newer changes of its log. Because the log is
 * read every time, a text in memory is never out of date.
 */
export class ChatTexts {
  private readonly kept = new CachedLookup<ChatText>({
    maxSize: MAX_SIZE,
    ttl: KEPT_MS,
    updateAgeOnGet: true,
    sizeCalculation: sizeOf,
  });

  constructor(
    private readonly repository: SearchRepository,
    private readonly index: SearchIndex,
  ) {}

  /** The chat's text, up to date with its log. */
  async current(chatId: string): Promise<ChatText> {
    const text = await this.text(chatId);
    const changed = await this.changesSince(chatId, text.version);
    // A full answer of the log may have been cut off: later messages would not be found.
    const isWhole = changed.length < MAX_CHANGES;
    if (isWhole && changed.length + text.changed.size <= MAX_CHANGED) {
      return withChanges(text, changed);
    }
    this.kept.forget(chatId);
    await this.index.catchUp(chatId);
    const anew = await this.text(chatId);
    return withChanges(anew, await this.changesSince(chatId, anew.version));
  }

  private async changesSince(chatId: string, version: number): Promise<SearchRow[]> {
    const changed = await this.index.changes(new Map([[chatId, { version }]]));
    if (changed.length > 0) this.index.record(chatId);
    return changed;
  }

  private async text(chatId: string): Promise<ChatText> {
    const text = await this.kept.get(chatId, () => this.load(chatId));
    if (text.hasFormerRules) this.kept.forget(chatId);
    return text;
  }

  private async load(chatId: string): Promise<ChatText> {
    // The version comes first: blocks that are read after it are complete up to it.
    const { version } = (await this.index.positions([chatId])).get(chatId)!;
    const blocks = await this.repository.newestBlocks(chatId, MAX_BLOCKS);
    return {
      version,
      blocks: blocks.map(({ chatId: id, text, facts }) => ({ chatId: id, text, facts })),
      hasFormerRules: blocks.some(({ rules }) => rules !== FOLD_RULES),
      lowest: blocks.length < MAX_BLOCKS ? 0 : blocks.at(-1)!.number,
      changed: new Map(),
    };
  }
}

/** Adds newer changes. Two searches may add the same ones; the newest state of each message is kept. */
const withChanges = (text: ChatText, changed: SearchRow[]): ChatText => {
  text.changed = newestRows([...text.changed.values(), ...changed]);
  for (const { version } of changed) text.version = Math.max(text.version, version);
  return text;
};

const sizeOf = ({ blocks }: ChatText): number =>
  blocks.reduce((sum, { text, facts }) => sum + text.length + facts.length, 1);
