import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { Actor } from '../../../shared/actor.js';
import { chatParams } from '../../shared/chat.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';
import type { SanctionBody } from './sanctions.schemas.js';
import {
  appealBody,
  chatSanctionParams,
  overseenSanctionResponse,
  chatSanctionBody,
  sanctionParams,
  sanctionResponse,
  sanctionsQuery,
  serverSanctionBody,
} from './sanctions.schemas.js';
import { presentOverseenSanction, presentSanction } from './sanctions.shapes.js';

const tag = 'Sanctions';

/** REST endpoints of silences and bans. */
export const sanctionRoutes = ({ sanctions }: UseCases): AnyRoute[] => {
  const impose = async (actor: Actor, { kind, ...body }: SanctionBody, chatId?: string) => ({
    data: presentOverseenSanction(await sanctions[kind]({ actor, chatId, ...body })),
    status: 201,
  });
  return [
    route({
      method: 'post',
      path: '/api/chats/:chatId/sanctions',
      summary: 'Silence or ban somebody in a group or room; owners, admins and moderators may',
      tag,
      auth: 'user',
      userLimit: 'writes',
      params: chatParams,
      body: chatSanctionBody,
      response: overseenSanctionResponse,
      status: 201,
      handle: ({ actor, params, body }) => impose(actor, body, params.chatId),
    }),
    route({
      method: 'get',
      path: '/api/chats/:chatId/sanctions',
      summary: 'The silences and bans in a chat, with their appeals; for those who can lift them',
      tag,
      auth: 'user',
      userLimit: 'reads',
      params: chatParams,
      query: sanctionsQuery,
      response: Joi.array().items(overseenSanctionResponse),
      paginated: true,
      handle: async ({ actor, params, query }) => {
        const page = await sanctions.list(actor, params.chatId, query);
        return { data: page.sanctions.map(presentOverseenSanction), pagination: page.pagination };
      },
    }),
    route({
      method: 'delete',
      path: '/api/chats/:chatId/sanctions/:sanctionId',
      summary: 'Lift a silence or ban in a chat',
      tag,
      auth: 'user',
      userLimit: 'writes',
      params: chatSanctionParams,
      response: overseenSanctionResponse,
      handle: async ({ actor, params }) => ({
        data: presentOverseenSanction(await sanctions.lift({ actor, ...params })),
      }),
    }),
    route({
      method: 'get',
      path: '/api/users/me/sanctions',
      summary: 'The silences and bans that apply to me, newest first',
      tag,
      auth: 'user',
      userLimit: 'reads',
      response: Joi.array().items(sanctionResponse),
      handle: async ({ actor }) => ({ data: (await sanctions.mine(actor)).map(presentSanction) }),
    }),
    route({
      method: 'post',
      path: '/api/sanctions/:sanctionId/appeal',
      summary: 'Answer a sanction of mine, once; those who can lift it read the answer',
      tag,
      auth: 'user',
      userLimit: 'writes',
      params: sanctionParams,
      body: appealBody,
      response: sanctionResponse,
      handle: async ({ actor, params, body }) => ({
        data: presentSanction(await sanctions.appeal(actor, params.sanctionId, body.text)),
      }),
    }),
    route({
      method: 'post',
      path: '/api/admin/sanctions',
      summary: 'Silence, shadow or ban somebody on the whole server',
      tag,
      auth: 'admin',
      userLimit: 'writes',
      body: serverSanctionBody,
      response: overseenSanctionResponse,
      status: 201,
      handle: ({ actor, body }) => impose(actor, body),
    }),
    route({
      method: 'get',
      path: '/api/admin/sanctions',
      summary: 'The silences, shadows and bans on the whole server, with their appeals',
      tag,
      auth: 'admin',
      userLimit: 'reads',
      query: sanctionsQuery,
      response: Joi.array().items(overseenSanctionResponse),
      paginated: true,
      handle: async ({ actor, query }) => {
        const page = await sanctions.list(actor, undefined, query);
        return { data: page.sanctions.map(presentOverseenSanction), pagination: page.pagination };
      },
    }),
    route({
      method: 'delete',
      path: '/api/admin/sanctions/:sanctionId',
      summary: 'Lift a silence, shadow or ban on the whole server',
      tag,
      auth: 'admin',
      userLimit: 'writes',
      params: sanctionParams,
      response: overseenSanctionResponse,
      handle: async ({ actor, params }) => ({
        data: presentOverseenSanction(await sanctions.lift({ actor, ...params })),
      }),
    }),
  ];
};
