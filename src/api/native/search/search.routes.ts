import Joi from 'joi';
import type { AnyRoute, Reply } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { idSchema } from '../../../shared/ids.js';
import { text } from '../../../shared/text-schema.js';
import { pageKeys, paginate } from '../../../shared/pagination.js';
import { chatParams } from '../../shared/chat.schemas.js';
import { MESSAGE_TYPES } from '../../../modules/messages/index.js';
import { messageResponse } from '../../shared/message.schemas.js';
import { presentMessage } from '../../shared/message.shapes.js';
import type { SearchQuery, SearchResult } from '../../../modules/search/index.js';
import type { UseCases } from '../../shared/use-cases.js';

/** The query as clients write it: `q`, or `query` as an older name. */
type SearchParams = SearchQuery & { query?: string };

const searchQuery = Joi.object<SearchParams>({
  ...pageKeys,
  q: text(200),
  query: text(200),
  from: idSchema,
  type: Joi.string().valid(...MESSAGE_TYPES.filter((type) => type !== 'system')),
  before: Joi.date().iso(),
  after: Joi.date().iso(),
  hasMedia: Joi.boolean(),
}).xor('q', 'query');

const hitResponse = messageResponse
  .keys({
    snippet: Joi.array()
      .items(Joi.object({ text: Joi.string().allow('').required(), hit: Joi.boolean().required() }))
      .required(),
    score: Joi.number().required(),
  })
  .id('SearchHit');

const present = ({ hits, total }: SearchResult, query: SearchParams): Reply => ({
  data: hits.map(({ message, sender, status, snippet, score }) => ({
    ...presentMessage(message, sender, status),
    snippet,
    score,
  })),
  pagination: paginate(query, total),
});

const wordsOf = (query: SearchParams): SearchQuery => ({ ...query, q: query.q ?? query.query! });

/** REST endpoints of search. */
export const searchRoutes = ({ search }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/chats/:chatId/search',
    summary: 'Find messages of a chat by their words',
    tag: 'Search',
    auth: 'user',
    params: chatParams,
    query: searchQuery,
    userLimit: 'lookups',
    shedAs: 'work',
    response: Joi.array().items(hitResponse),
    paginated: true,
    handle: async ({ actor, params, query }) =>
      present(await search.inChat(actor, params.chatId, wordsOf(query)), query),
  }),
  route({
    method: 'get',
    path: '/api/search/messages',
    summary: 'Find messages of all my chats by their words',
    tag: 'Search',
    auth: 'user',
    query: searchQuery,
    userLimit: 'lookups',
    shedAs: 'work',
    response: Joi.array().items(hitResponse),
    paginated: true,
    handle: async ({ actor, query }) =>
      present(await search.everywhere(actor, wordsOf(query)), query),
  }),
];
