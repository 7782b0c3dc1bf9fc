import Joi from 'joi';
import { metadataFilterOf } from '../../../shared/metadata.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { chatParams } from '../../shared/chat.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';
import { changedMemberResponse, memberParams, removedResponse } from '../groups/groups.schemas.js';
import {
  addMembersBody,
  addedResponse,
  chatChangesBody,
  memberMetadataBody,
  membersQuery,
  newChatBody,
  removedChatResponse,
  serverChatResponse,
  serverChatsQuery,
  serverMemberResponse,
} from './server.schemas.js';
import { presentServerChat, presentServerMember } from './server.shapes.js';

const tag = 'Server: chats';
const base = '/api/server/chats';
/** A chat may have any number of messages, in milliseconds. */
const REMOVAL_TIMEOUT_MS = 60_000;
const shared = { tag, auth: 'server', scope: 'chats:write' } as const;

/** The endpoints by which servers make chats and decide who is in them. */
export const serverChatRoutes = ({
  serverChats: chats,
  metadataIndexes,
  clock,
}: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: base,
    summary: 'Make a direct chat, a group or a room with its members; nobody is asked',
    ...shared,
    body: newChatBody,
    response: serverChatResponse,
    status: 201,
    otherStatuses: [200],
    handle: async ({ actor, body }) => {
      const { view, created } = await chats.create(actor, body);
      return { data: presentServerChat(view, clock.now()), status: created ? 201 : 200 };
    },
  }),
  route({
    method: 'get',
    path: base,
    summary: 'All chats, or those that fit, last made first',
    ...shared,
    query: serverChatsQuery(metadataIndexes.chats),
    response: Joi.array().items(serverChatResponse),
    paginated: true,
    handle: async ({ actor, query }) => {
      const { kind, externalId } = query;
      const filter = { kind, externalId, metadata: metadataFilterOf(query) };
      const { views, pagination } = await chats.page(actor, filter, query);
      return { data: views.map((view) => presentServerChat(view, clock.now())), pagination };
    },
  }),
  route({
    method: 'get',
    path: `${base}/:chatId`,
    summary: 'A chat',
    ...shared,
    params: chatParams,
    response: serverChatResponse,
    handle: async ({ actor, params }) => ({
      data: presentServerChat(await chats.one(actor, params.chatId), clock.now()),
    }),
  }),
  route({
    method: 'patch',
    path: `${base}/:chatId`,
    summary: 'Change the name, description, picture or metadata of a chat',
    ...shared,
    params: chatParams,
    body: chatChangesBody,
    response: serverChatResponse,
    handle: async ({ actor, params, body }) => ({
      data: presentServerChat(await chats.update(actor, params.chatId, body), clock.now()),
    }),
  }),
  route({
    method: 'delete',
    path: `${base}/:chatId`,
    summary: 'Remove a chat with its memberships and messages, for everybody and for good',
    ...shared,
    params: chatParams,
    response: removedChatResponse,
    timeoutMs: REMOVAL_TIMEOUT_MS,
    handle: async ({ actor, params: { chatId } }) => {
      await chats.remove(actor, chatId);
      return { data: { chatId, deleted: true } };
    },
  }),
  route({
    method: 'get',
    path: `${base}/:chatId/members`,
    summary: 'The members of a chat, with the data that each has about it',
    ...shared,
    params: chatParams,
    query: membersQuery,
    response: Joi.array().items(serverMemberResponse),
    paginated: true,
    handle: async ({ actor, params, query }) => {
      const { members, pagination } = await chats.membersOf(actor, params.chatId, query);
      return { data: members.map(presentServerMember), pagination };
    },
  }),
  route({
    method: 'post',
    path: `${base}/:chatId/members`,
    summary: 'Add people to a group or room',
    ...shared,
    params: chatParams,
    body: addMembersBody,
    response: addedResponse,
    handle: async ({ actor, params: { chatId }, body }) => ({
      data: { chatId, added: await chats.addMembers(actor, chatId, body.userIds) },
    }),
  }),
  route({
    method: 'patch',
    path: `${base}/:chatId/members/:userId`,
    summary: 'Set the data that a member has about a chat',
    ...shared,
    params: memberParams,
    body: memberMetadataBody,
    response: changedMemberResponse,
    handle: async ({ actor, params, body }) => {
      await chats.setMemberMetadata(actor, params.chatId, params.userId, body.metadata);
      return { data: params };
    },
  }),
  route({
    method: 'delete',
    path: `${base}/:chatId/members/:userId`,
    summary: 'Remove a member of a group or room',
    ...shared,
    params: memberParams,
    response: removedResponse,
    handle: async ({ actor, params }) => {
      await chats.removeMember(actor, params.chatId, params.userId);
      return { data: params };
    },
  }),
];
