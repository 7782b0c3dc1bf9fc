import Joi from 'joi';
import type { AnyRoute, Reply } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { Actor } from '../../../shared/actor.js';
import { metadataFilterOf, metadataParameters } from '../../../shared/metadata.js';
import { userIdSchema } from '../../../shared/external-ids.js';
import { text } from '../../../shared/text-schema.js';
import { pageKeys, paginate } from '../../../shared/pagination.js';
import { chatParams } from '../../shared/chat.schemas.js';
import { MESSAGE_TYPES } from '../../../modules/messages/index.js';
import { messageResponse } from '../../shared/message.schemas.js';
import { presentMessage } from '../../shared/message.shapes.js';
import type { SearchQuery, SearchResult } from '../../../modules/search/index.js';
import type { UseCases } from '../../shared/use-cases.js';

/** The query as clients write it: `q`, or `query` as an older name. */
type SearchParams = Omit<SearchQuery, 'q'> & { q?: string; query?: string };

const searchKeys = {
  ...pageKeys,
  q: text(200),
  query: text(200),
  from: userIdSchema,
  type: Joi.string().valid(...MESSAGE_TYPES.filter((type) => type !== 'system')),
  before: Joi.date().iso(),
  after: Joi.date().iso(),
  hasMedia: Joi.boolean(),
};

/** Words, metadata, or both must be there; of metadata, the keys that METADATA_INDEXES names. */
const searchQuery = (metadataKeys: string[]): Joi.ObjectSchema<SearchParams> => {
  const parameters = metadataParameters(metadataKeys);
  return Joi.object<SearchParams>({ ...searchKeys, ...parameters })
    .oxor('q', 'query')
    .or('q', 'query', ...Object.keys(parameters), { separator: false });
};

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

/** The endpoint's search: by metadata where the query names any, else by words. */
const find = (
  { search, metadataSearch }: UseCases,
  actor: Actor,
  query: SearchParams,
  chatId?: string,
): Promise<SearchResult> => {
  const words = { ...query, q: query.q ?? query.query };
  const metadata = metadataFilterOf(query);
  if (metadata) return metadataSearch.find(actor, { ...words, metadata }, chatId);
  const asked = { ...words, q: words.q! };
  return chatId === undefined
    ? search.everywhere(actor, asked)
    : search.inChat(actor, chatId, asked);
};

/** REST endpoints of search. */
export const searchRoutes = (useCases: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/chats/:chatId/search',
    summary: 'Find messages of a chat by their words, or the values of their metadata',
    tag: 'Search',
    auth: 'user',
    params: chatParams,
    query: searchQuery(useCases.metadataIndexes.messages),
    userLimit: 'lookups',
    shedAs: 'work',
    response: Joi.array().items(hitResponse),
    paginated: true,
    handle: async ({ actor, params, query }) =>
      present(await find(useCases, actor, query, params.chatId), query),
  }),
  route({
    method: 'get',
    path: '/api/search/messages',
    summary: 'Find messages of all my chats by their words, or the values of their metadata',
    tag: 'Search',
    auth: 'user',
    query: searchQuery(useCases.metadataIndexes.messages),
    userLimit: 'lookups',
    shedAs: 'work',
    response: Joi.array().items(hitResponse),
    paginated: true,
    handle: async ({ actor, query }) => present(await find(useCases, actor, query), query),
  }),
];
