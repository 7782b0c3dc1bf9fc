import type { Subscription } from '../../platform/event-bus.js';
import type { MessageEvents } from '../messages/index.js';
import { BlockScan } from './block-scan.js';
import { ChatTexts } from './chat-texts.js';
import { RowFinder } from './row-finder.js';
import { rowOfNew } from './search-block.js';
import { SearchIndex } from './search-index.js';
import type { SearchIndexParts } from './search-index.js';
import { SearchLog } from './search-log.js';
import { Search } from './search.js';
import type { SearchParts } from './search.js';

export { defineSearchModels } from './search.model.js';
export type { Search, SearchQuery, SearchResult } from './search.js';

/** What the module is built from. */
export interface SearchModuleParts
  extends Omit<SearchParts, 'rows'>, Omit<SearchIndexParts, 'log'> {}

/** The search module, built. */
export interface SearchModule {
  search: Search;
  subscriptions: Subscription<MessageEvents>[];
  /** Takes in what has been noted, before the node goes down. */
  settle(): Promise<void>;
}

/** Builds the search module: the index follows this node's own writes. */
export const createSearchModule = (parts: SearchModuleParts): SearchModule => {
  const { models } = parts;
  const log = new SearchLog(models, parts.messages);
  const index = new SearchIndex({ ...parts, log });
  const texts = new ChatTexts(models, log, index);
  const rows = new RowFinder({ index, texts, blocks: new BlockScan(models) });
  const search = new Search({ ...parts, rows });
  const follow = ({ message }: { message: { chatId: string } }) => {
    index.note(message.chatId);
  };
  const shared = { phase: 'effects', on: 'origin', does: 'notes it for the index' } as const;
  return {
    search,
    subscriptions: [
      {
        event: 'message.sent',
        ...shared,
        run: ({ message }) => {
          index.note(message.chatId, rowOfNew(message));
        },
      },
      { event: 'message.edited', ...shared, run: follow },
      { event: 'message.deleted', ...shared, run: follow },
      {
        event: 'message.hidden',
        ...shared,
        run: ({ chatId }) => {
          index.note(chatId);
        },
      },
    ],
    settle: () => index.settle(),
  };
};
