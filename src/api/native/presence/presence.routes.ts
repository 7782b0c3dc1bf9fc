import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { paginate } from '../../../shared/pagination.js';
import { presentOnlineUser, presentStatus } from '../../shared/presence.shapes.js';
import { chosenStatusSchema, onlineQuery, statusParams } from './presence.schemas.js';
import { onlineUserResponse, presenceResponse } from '../../shared/presence.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Users';

/** The REST endpoints of presence; they must come before `/api/users/:userId`, which would match them. */
export const presenceRoutes = ({ presence, chooser }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/users/online',
    summary: 'Who is online, of the people with whom I share a chat',
    tag,
    auth: 'user',
    query: onlineQuery,
    userLimit: 'lookups',
    response: Joi.array().items(onlineUserResponse),
    paginated: true,
    handle: async ({ actor, query }) => {
      const users = await presence.onlineFor(actor);
      const first = (query.page - 1) * query.limit;
      return {
        data: users.slice(first, first + query.limit).map(presentOnlineUser),
        pagination: paginate(query, users.length),
      };
    },
  }),
  route({
    method: 'post',
    path: '/api/users/status',
    summary: 'Show myself online, away, busy or offline (invisible)',
    tag,
    auth: 'user',
    body: chosenStatusSchema,
    userLimit: 'signals',
    response: chosenStatusSchema,
    handle: async ({ actor, body }) => ({ data: await chooser.choose(actor, body) }),
  }),
  route({
    method: 'get',
    path: '/api/users/:userId/status',
    summary: 'Whether somebody with whom I share a chat is online, and when they last were',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: statusParams,
    response: presenceResponse,
    handle: async ({ actor, params: { userId } }) => ({
      data: presentStatus(userId, await presence.statusFor(actor, userId)),
    }),
  }),
];
