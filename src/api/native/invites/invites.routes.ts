import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { chatParams, chatResponse } from '../../shared/chat.schemas.js';
import { presentChat } from '../../shared/chat.shapes.js';
import { presentInvite, presentInvitePreview, presentReceivedInvite } from './invites.shapes.js';
import {
  chatInviteParams,
  inviteBody,
  inviteParams,
  invitePreviewResponse,
  inviteResponse,
  receivedInviteResponse,
} from './invites.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Invites';

/** REST endpoints of invites. */
export const inviteRoutes = ({ invites, personalInvites, list, clock }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: '/api/chats/:chatId/invites',
    summary: 'Make an invite to a group or room; owners and admins may',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: chatParams,
    body: inviteBody,
    response: inviteResponse,
    status: 201,
    handle: async ({ actor, params, body }) => ({
      data: presentInvite(await invites.create(actor, params.chatId, body)),
    }),
  }),
  route({
    method: 'get',
    path: '/api/chats/:chatId/invites',
    summary: 'The invites of a chat that can still be used',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: chatParams,
    response: Joi.array().items(inviteResponse),
    handle: async ({ actor, params }) => ({
      data: (await invites.list(actor, params.chatId)).map(presentInvite),
    }),
  }),
  route({
    method: 'delete',
    path: '/api/chats/:chatId/invites/:code',
    summary: 'Revoke an invite',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: chatInviteParams,
    response: Joi.object({ code: Joi.string().required() }),
    handle: async ({ actor, params }) => {
      await invites.revoke(actor, params.chatId, params.code);
      return { data: { code: params.code } };
    },
  }),
  route({
    method: 'get',
    path: '/api/invites',
    summary: 'The open invites that are for me alone, newest first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    response: Joi.array().items(receivedInviteResponse),
    handle: async ({ actor }) => ({
      data: (await personalInvites.mine(actor)).map(presentReceivedInvite),
    }),
  }),
  route({
    method: 'delete',
    path: '/api/invites/:code',
    summary: 'Decline an invite that is for me alone',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: inviteParams,
    response: Joi.object({ code: Joi.string().required() }),
    handle: async ({ actor, params }) => {
      await personalInvites.decline(actor, params.code);
      return { data: { code: params.code } };
    },
  }),
  route({
    method: 'get',
    path: '/api/invites/:code',
    summary: 'What an invite leads to',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: inviteParams,
    response: invitePreviewResponse,
    handle: async ({ actor, params }) => {
      const { chat, memberCount } = await invites.preview(actor, params.code);
      return { data: presentInvitePreview(chat, memberCount) };
    },
  }),
  route({
    method: 'post',
    path: '/api/invites/:code/accept',
    summary: 'Join by an invite',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: inviteParams,
    response: chatResponse,
    handle: async ({ actor, params }) => {
      const chatId = await invites.accept(actor, params.code);
      return { data: presentChat(await list.detail(actor, chatId), clock.now()) };
    },
  }),
];
