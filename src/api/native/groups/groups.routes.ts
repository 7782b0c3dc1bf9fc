import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { chatParams, chatResponse } from '../../shared/chat.schemas.js';
import { presentChat } from '../../shared/chat.shapes.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import {
  addMembersBody,
  addedResponse,
  groupChangesBody,
  memberParams,
  memberResponse,
  membersQuery,
  newGroupBody,
  newGroupResponse,
  removedResponse,
  roleBody,
  roleResponse,
} from './groups.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Groups';

/** REST endpoints of groups and rooms, and of their members. */
export const groupRoutes = ({ groups, members, list, clock }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: '/api/chats',
    summary: 'Make a private group or a public room',
    tag,
    auth: 'user',
    userLimit: 'writes',
    body: newGroupBody,
    response: newGroupResponse,
    status: 201,
    handle: async ({ actor, body }) => {
      const { chat, isReplay, invited } = await groups.create(actor, body);
      const view = await list.detail(actor, chat._id.toHexString());
      return {
        data: { ...presentChat(view, clock.now()), invited },
        status: isReplay ? 200 : 201,
      };
    },
  }),
  route({
    method: 'patch',
    path: '/api/chats/:chatId',
    summary: 'Change the name, description, picture, modes or metadata of a group or room',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: chatParams,
    body: groupChangesBody,
    response: chatResponse,
    handle: async ({ actor, params, body }) => {
      await groups.update(actor, params.chatId, body);
      return { data: presentChat(await list.detail(actor, params.chatId), clock.now()) };
    },
  }),
  route({
    method: 'get',
    path: '/api/chats/:chatId/members',
    summary: 'The members of a chat',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: chatParams,
    query: membersQuery,
    response: Joi.array().items(memberResponse),
    paginated: true,
    handle: async ({ actor, params, query }) => {
      const page = await members.list(actor, params.chatId, query);
      return {
        data: page.members.map(({ card, role, joinedAt }) => ({
          ...presentUserCard(card),
          role,
          joinedAt: joinedAt.toISOString(),
        })),
        pagination: page.pagination,
      };
    },
  }),
  route({
    method: 'post',
    path: '/api/chats/:chatId/members',
    summary: 'Add people to a group or room; owners and admins may',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: chatParams,
    body: addMembersBody,
    response: addedResponse,
    handle: async ({ actor, params: { chatId }, body }) => ({
      data: { chatId, ...(await members.add(actor, chatId, body.userIds)) },
    }),
  }),
  route({
    method: 'delete',
    path: '/api/chats/:chatId/members/:userId',
    summary: 'Remove a member; owners may, and admins where it is a moderator or plain member',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: memberParams,
    response: removedResponse,
    handle: async ({ actor, params }) => {
      await members.remove(actor, params.chatId, params.userId);
      return { data: params };
    },
  }),
  route({
    method: 'put',
    path: '/api/chats/:chatId/members/:userId/role',
    summary:
      'Make a member an owner, admin, moderator or plain member; owners may, and admins below their own role',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: memberParams,
    body: roleBody,
    response: roleResponse,
    handle: async ({ actor, params, body }) => {
      await members.setRole(actor, params.chatId, params.userId, body.role);
      return { data: { ...params, role: body.role } };
    },
  }),
  route({
    method: 'post',
    path: '/api/chats/:chatId/leave',
    summary: 'Leave a group or room',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: chatParams,
    response: removedResponse,
    handle: async ({ actor, params: { chatId } }) => {
      await members.leave(actor, chatId);
      return { data: { chatId, userId: actor.userId } };
    },
  }),
];
