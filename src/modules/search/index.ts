import type { Connection } from 'mongoose';
import type { Subscription } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { Logger } from '../../platform/logger.js';
import type { ChatAccess, ChatsRepository, MemberPositionsRepository } from '../chats/index.js';
import type { MessageEvents, MessageHistory, MessagesRepository } from '../messages/index.js';
import { ChatTexts } from './chat-texts.js';
import { MetadataSearch } from './metadata-search.js';
import { Refolding } from './refolding.js';
import { RowFinder } from './row-finder.js';
import { rowOf } from './search-block.js';
import { SearchIndex } from './search-index.js';
import { SearchRepository } from './search.repository.js';
import { Search } from './search.js';

export { defineSearchModels } from './search.repository.js';
export type { MetadataSearch, MetadataSearchQuery } from './metadata-search.js';
export type { Search, SearchQuery, SearchResult } from './search.js';

/** How often blocks of former rules are looked for, in milliseconds. */
const REFOLDING_MS = 20_000;

/** Builds the search module; its index follows this node's writes. */
export const createSearch = ({
  connection,
  logger,
  access,
  chats,
  positions,
  messages,
  history,
}: {
  connection: Connection;
  logger: Logger;
  access: ChatAccess;
  chats: ChatsRepository;
  positions: MemberPositionsRepository;
  messages: MessagesRepository;
  history: MessageHistory;
}) => {
  const repository = new SearchRepository(connection);
  const index = new SearchIndex(repository, messages, logger);
  const refolding = new Refolding(repository, messages);
  const jobs: Job[] = [
    {
      name: 'search-refolding',
      everyMs: REFOLDING_MS,
      run: () => refolding.run(),
      isOncePerCluster: true,
    },
  ];
  const texts = new ChatTexts(repository, index);
  const rows = new RowFinder(repository, texts, index);
  const search = new Search({ access, chats, positions, messages, history, rows });
  const recordChange = ({ message }: { message: { chatId: string } }) => {
    index.record(message.chatId);
  };
  const shared = {
    phase: 'effects',
    on: 'origin',
    does: 'records it for the search index',
  } as const;
  const subscriptions: Subscription<MessageEvents>[] = [
    {
      event: 'message.sent',
      ...shared,
      run: ({ message }) => {
        // A message that has just been sent cannot be deleted yet.
        index.record(message.chatId, rowOf({ message, hiddenFor: [] }));
      },
    },
    { event: 'message.edited', ...shared, run: recordChange },
    { event: 'message.deleted', ...shared, run: recordChange },
    {
      event: 'message.hidden',
      ...shared,
      run: ({ chatId }) => {
        index.record(chatId);
      },
    },
  ];
  return {
    api: {
      search,
      metadataSearch: new MetadataSearch({ access, positions, messages, history }),
    },
    subscriptions,
    jobs,
    /** Indexes this node's recorded changes; resolves when it is done or has failed. */
    close: () => index.close(),
  };
};
