import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { chatResponse } from '../../shared/chat.schemas.js';
import { presentChat } from '../../shared/chat.shapes.js';
import { presentRoom } from './rooms.shapes.js';
import { roomParams, roomResponse, roomsQuery } from './rooms.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Rooms';

/** REST endpoints of public rooms. */
export const roomRoutes = ({ rooms, list, clock }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/rooms',
    summary: 'Public rooms, newest activity first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    query: roomsQuery,
    response: Joi.array().items(roomResponse),
    paginated: true,
    handle: async ({ actor, query }) => {
      const { views, pagination } = await rooms.list(actor, query);
      return { data: views.map(presentRoom), pagination };
    },
  }),
  route({
    method: 'get',
    path: '/api/rooms/:slug',
    summary: 'One public room',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: roomParams,
    response: roomResponse,
    handle: async ({ actor, params }) => ({
      data: presentRoom(await rooms.detail(actor, params.slug)),
    }),
  }),
  route({
    method: 'post',
    path: '/api/rooms/:slug/join',
    summary: 'Join a public room',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: roomParams,
    response: chatResponse,
    handle: async ({ actor, params }) => {
      const chat = await rooms.join(actor, params.slug);
      return { data: presentChat(await list.detail(actor, chat._id.toHexString()), clock.now()) };
    },
  }),
  route({
    method: 'post',
    path: '/api/rooms/:slug/leave',
    summary: 'Leave a public room',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: roomParams,
    response: roomResponse,
    handle: async ({ actor, params }) => {
      await rooms.leave(actor, params.slug);
      return { data: presentRoom(await rooms.detail(actor, params.slug)) };
    },
  }),
];
