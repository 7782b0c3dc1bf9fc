import type { Actor } from '../../shared/actor.js';
import { isSystem } from '../../shared/actor.js';
import { groupBy } from '../../shared/group-by.js';
import type { MetadataFilter } from '../../shared/metadata.js';
import type { ChatAccess, MemberPositionsRepository } from '../chats/index.js';
import type {
  MessageHistory,
  MessageRecord,
  MessagesRepository,
  MessageView,
} from '../messages/index.js';
import { toRecord } from '../messages/index.js';
import { rowOf } from './search-block.js';
import type { SearchQuery, SearchResult } from './search.js';
import { rowFilter, snippetOf, termsOf } from './search.js';
import type { SearchTerms } from './tokenizer.js';
import { matcherOf } from './tokenizer.js';

/** A search by metadata, and perhaps words. */
export type MetadataSearchQuery = Omit<SearchQuery, 'q'> & {
  q?: string | undefined;
  metadata: MetadataFilter;
};

/** The newest messages with the metadata among which the other conditions are looked for. */
const MAX_LOOKED_AT = 1000;

const NO_WORDS: SearchTerms = { words: [], beginning: undefined };

/** Finds messages by the exact values of their metadata, newest first. */
export class MetadataSearch {
  constructor(
    private readonly deps: {
      access: Pick<ChatAccess, 'member'>;
      positions: Pick<MemberPositionsRepository, 'clearedSeqs'>;
      messages: Pick<MessagesRepository, 'byMetadata'>;
      history: Pick<MessageHistory, 'views'>;
    },
  ) {}

  /**
   * Searches one chat, or all that the actor is in. The system searches every chat.
   *
   * @throws {AppError} NOT_FOUND for non-members, VALIDATION for a query whose text has no word.
   */
  async find(actor: Actor, query: MetadataSearchQuery, chatId?: string): Promise<SearchResult> {
    const terms = query.q === undefined ? undefined : termsOf({ q: query.q });
    const matcher = terms && matcherOf(terms);
    const isWanted = rowFilter(actor, query);
    const found = (await this.visible(actor, query.metadata, chatId)).filter((message) => {
      const row = rowOf({ message, hiddenFor: [] });
      return isWanted(row) && (matcher?.fits(row.text) ?? true);
    });
    const start = (query.page - 1) * query.limit;
    const views = await this.views(actor, found.slice(start, start + query.limit));
    const hits = views.map((view) => ({
      ...view,
      snippet: snippetOf(view.message.content, terms ?? NO_WORDS),
      score: 0,
    }));
    return { hits, total: found.length };
  }

  /** The newest messages with the metadata that the actor may see. */
  private async visible(
    actor: Actor,
    filter: MetadataFilter,
    chatId: string | undefined,
  ): Promise<MessageRecord[]> {
    const { access, messages, positions } = this.deps;
    const chatIds = chatId === undefined ? undefined : [chatId];
    if (isSystem(actor)) {
      const all = { filter, ...(chatIds && { chatIds }), limit: MAX_LOOKED_AT };
      return (await messages.byMetadata(all)).map(toRecord);
    }
    if (chatId !== undefined) await access.member(actor.userId, chatId);
    const cleared = await positions.clearedSeqs(actor.userId, chatIds);
    const docs = await messages.byMetadata({
      filter,
      userId: actor.userId,
      chatIds: [...cleared.keys()],
      limit: MAX_LOOKED_AT,
    });
    return docs.map(toRecord).filter(({ chatId: id, seq }) => seq > (cleared.get(id) ?? Infinity));
  }

  /** The messages with what lists show, in their order. */
  private async views(actor: Actor, messages: MessageRecord[]): Promise<MessageView[]> {
    const byChat = [...groupBy(messages, ({ chatId }) => chatId)];
    const views = await Promise.all(
      byChat.map(([chatId, found]) => this.deps.history.views(actor, chatId, found)),
    );
    const byId = new Map(views.flat().map((view) => [view.message.id, view]));
    return messages.flatMap(({ id }) => byId.get(id) ?? []);
  }
}
