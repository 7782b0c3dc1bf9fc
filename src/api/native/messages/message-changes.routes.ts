import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { presentDeletion, presentReaction } from './message-changes.shapes.js';
import {
  bulkDeleteBody,
  deleteQuery,
  deletionResponse,
  editBody,
  forwardBody,
  reactBody,
  reactedResponse,
} from './message-changes.schemas.js';
import { messageParams, messageResponse } from '../../shared/message.schemas.js';
import { presentMessage } from '../../shared/message.shapes.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Messages';

/** REST endpoints that change messages. */
export const messageChangeRoutes = (useCases: UseCases): AnyRoute[] => [
  route({
    method: 'put',
    path: '/api/messages/:messageId',
    summary: 'Change the text or the metadata of a message of mine',
    tag,
    auth: 'user',
    params: messageParams,
    body: editBody(useCases.maxLength),
    userLimit: 'changes',
    response: messageResponse,
    handle: async ({ actor, params, body }) => {
      const { message, sender, status } = await useCases.messageChanges.edit(actor, {
        ...params,
        ...body,
      });
      return { data: presentMessage(message, sender, status) };
    },
  }),
  route({
    method: 'delete',
    path: '/api/messages/:messageId',
    summary:
      'Delete a message: for everyone (mine; with deleteForEveryone=true also what somebody of a lower ' +
      'role than a moderator has written), or for me',
    tag,
    auth: 'user',
    params: messageParams,
    query: deleteQuery,
    userLimit: 'changes',
    response: deletionResponse,
    handle: async ({ actor, params, query: { deleteForEveryone } }) => {
      const target = { messageIds: [params.messageId], deleteForEveryone };
      const [deleted] = await useCases.messageChanges.delete(actor, target);
      return { data: presentDeletion(deleted!.message, deleteForEveryone ?? true) };
    },
  }),
  route({
    method: 'post',
    path: '/api/messages/bulk-delete',
    summary: 'Delete up to 100 messages: all of them or none',
    tag,
    auth: 'user',
    body: bulkDeleteBody,
    userLimit: 'changes',
    response: Joi.array().items(deletionResponse),
    handle: async ({ actor, body: { messageIds, deleteForEveryone } }) => {
      const deleted = await useCases.messageChanges.delete(actor, {
        messageIds,
        deleteForEveryone,
      });
      return {
        data: deleted.map(({ message }) => presentDeletion(message, deleteForEveryone ?? true)),
      };
    },
  }),
  route({
    method: 'post',
    path: '/api/messages/:messageId/react',
    summary: 'Add a reaction, or take it back when it is there',
    tag,
    auth: 'user',
    params: messageParams,
    body: reactBody,
    userLimit: 'changes',
    response: reactedResponse,
    handle: async ({ actor, params, body }) => {
      const reacted = await useCases.messageChanges.react(actor, 'toggle', { ...params, ...body });
      return { data: presentReaction(reacted, actor.userId) };
    },
  }),
  ...(['pin', 'unpin'] as const).map((verb) =>
    route({
      method: 'post',
      path: `/api/messages/:messageId/${verb}`,
      summary: `${verb === 'pin' ? 'Pin' : 'Unpin'} a message`,
      tag,
      auth: 'user',
      params: messageParams,
      userLimit: 'changes',
      response: messageResponse,
      handle: async ({ actor, params }) => {
        const pinned = await useCases.messageChanges.setPinned(
          actor,
          params.messageId,
          verb === 'pin',
        );
        return { data: presentMessage(pinned.message, pinned.sender, pinned.status) };
      },
    }),
  ),
  route({
    method: 'post',
    path: '/api/messages/:messageId/forward',
    summary: 'Send a message on to up to 20 chats of mine',
    tag,
    auth: 'user',
    userLimit: 'sends',
    params: messageParams,
    body: forwardBody,
    shedAs: 'work',
    response: Joi.array().items(messageResponse),
    status: 201,
    handle: async ({ actor, params, body }) => {
      const sent = await useCases.sending.forward(actor, { ...params, ...body });
      return { data: sent.map(({ message, sender }) => presentMessage(message, sender, 'sent')) };
    },
  }),
];
