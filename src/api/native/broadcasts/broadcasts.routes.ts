import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { presentAdminBroadcast, presentBroadcast } from '../../shared/broadcast.shapes.js';
import {
  adminBroadcastResponse,
  broadcastDetailResponse,
  broadcastParams,
  broadcastsQuery,
  inboxQuery,
  receivedBroadcastResponse,
} from '../../shared/broadcast.schemas.js';
import { broadcastRoute } from '../../shared/dialect.routes.js';
import type { UseCases } from '../../shared/use-cases.js';

/** The endpoints for recipients of broadcasts. */
export const broadcastRoutes = ({ inbox }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/broadcasts',
    summary: 'Broadcasts that I have been sent, newest first',
    tag: 'Broadcasts',
    auth: 'user',
    userLimit: 'reads',
    query: inboxQuery,
    response: Joi.array().items(receivedBroadcastResponse),
    extra: { unreadCount: Joi.number().integer().required(), hasMore: Joi.boolean().required() },
    handle: async ({ actor, query }) => {
      const { items, ...extra } = await inbox.list(actor, query);
      return {
        data: items.map(({ broadcast, isRead }) => ({ ...presentBroadcast(broadcast), isRead })),
        extra,
      };
    },
  }),
  route({
    method: 'post',
    path: '/api/broadcasts/:broadcastId/read',
    summary: 'Read a broadcast, and so those before it',
    tag: 'Broadcasts',
    auth: 'user',
    userLimit: 'marks',
    params: broadcastParams,
    response: Joi.object({ unreadCount: Joi.number().integer().required() }),
    handle: async ({ actor, params }) => ({
      data: await inbox.markRead(actor, params.broadcastId),
    }),
  }),
];

/** The endpoints for admins, who send broadcasts. */
export const adminBroadcastRoutes = (services: UseCases): AnyRoute[] => [
  broadcastRoute({ tag: 'Admin', path: '/api/admin/broadcasts' }, services),
  route({
    method: 'get',
    path: '/api/admin/broadcasts',
    summary: 'All broadcasts, newest first',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'reads',
    query: broadcastsQuery,
    response: Joi.array().items(adminBroadcastResponse),
    paginated: true,
    handle: async ({ query }) => {
      const { records, pagination } = await services.statistics.list(query);
      return { data: records.map(presentAdminBroadcast), pagination };
    },
  }),
  route({
    method: 'get',
    path: '/api/admin/broadcasts/:broadcastId',
    summary: 'A broadcast, and how many it has reached',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'reads',
    params: broadcastParams,
    response: broadcastDetailResponse,
    handle: async ({ params }) => {
      const found = await services.statistics.of(params.broadcastId);
      return {
        data: { ...presentAdminBroadcast(found.record), statistics: found.statistics },
      };
    },
  }),
  route({
    method: 'post',
    path: '/api/admin/broadcasts/:broadcastId/cancel',
    summary: 'Take back a broadcast that has not been sent yet',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'writes',
    params: broadcastParams,
    response: adminBroadcastResponse,
    handle: async ({ actor, params }) => ({
      data: presentAdminBroadcast(await services.broadcasts.cancel(actor, params.broadcastId)),
    }),
  }),
];
