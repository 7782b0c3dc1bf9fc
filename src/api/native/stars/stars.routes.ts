import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { messageParams } from '../../shared/message.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';
import { starResponse, starredMessageResponse, starredQuery } from './stars.schemas.js';
import { presentStar, presentStarred } from './stars.shapes.js';

const tag = 'Messages';

/** The REST endpoints of stars. */
export const starRoutes = ({ stars }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/messages/starred',
    summary: 'My starred messages, last starred first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    query: starredQuery,
    response: Joi.array().items(starredMessageResponse),
    extra: { hasMore: Joi.boolean().required() },
    handle: async ({ actor, query }) => {
      const { starred, hasMore } = await stars.list(actor, query);
      return { data: starred.map(presentStarred), extra: { hasMore } };
    },
  }),
  route({
    method: 'post',
    path: '/api/messages/:messageId/star',
    summary: 'Star a message, for me alone',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: messageParams,
    response: starResponse,
    handle: async ({ actor, params }) => ({ data: presentStar(await stars.star(actor, params)) }),
  }),
  route({
    method: 'delete',
    path: '/api/messages/:messageId/star',
    summary: 'Take my star back',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: messageParams,
    response: starResponse,
    handle: async ({ actor, params }) => ({ data: presentStar(await stars.unstar(actor, params)) }),
  }),
];
