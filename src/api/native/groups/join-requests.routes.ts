import Joi from 'joi';
import { chatIdSchema, userIdSchema } from '../../../shared/external-ids.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { chatParams } from '../../shared/chat.schemas.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import type { UseCases } from '../../shared/use-cases.js';
import { roomParams } from './rooms.schemas.js';

const tag = 'Rooms';

const answerParams = Joi.object<{ chatId: string; userId: string }>({
  chatId: chatIdSchema.required(),
  userId: userIdSchema.required(),
});
const ownRequest = Joi.object({
  chatId: Joi.string().required(),
  createdAt: Joi.string().isoDate().required(),
}).id('JoinRequest');
const listedRequest = userCardSchema
  .keys({ requestedAt: Joi.string().isoDate().required() })
  .id('JoinRequester');
const ownRequests = Joi.array().items(
  ownRequest
    .keys({
      slug: Joi.string().required(),
      name: Joi.string().required(),
    })
    .id('OwnJoinRequest'),
);
const ended = (outcome: string) =>
  Joi.object({
    chatId: Joi.string().required(),
    userId: Joi.string().required(),
    outcome: Joi.string().valid(outcome).required(),
  });

/** REST endpoints of asking to be let into a room, and of answering. */
export const joinRequestRoutes = ({ joinRequests }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: '/api/rooms/:slug/join-requests',
    summary: 'Ask to be let into a room with joinMode "request"; asking again changes nothing',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: roomParams,
    response: ownRequest,
    status: 201,
    handle: async ({ actor, params }) => {
      const { chatId, createdAt } = await joinRequests.ask(actor, params.slug);
      return { data: { chatId, createdAt: createdAt.toISOString() }, status: 201 };
    },
  }),
  route({
    method: 'delete',
    path: '/api/rooms/:slug/join-requests',
    summary: 'Take my request to join a room back',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: roomParams,
    response: ended('withdrawn'),
    handle: async ({ actor, params }) => {
      const chatId = await joinRequests.withdraw(actor, params.slug);
      return { data: { chatId, userId: actor.userId, outcome: 'withdrawn' } };
    },
  }),
  route({
    method: 'get',
    path: '/api/users/me/join-requests',
    summary: 'The rooms that I have asked to join, newest first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    response: ownRequests,
    handle: async ({ actor }) => ({
      data: (await joinRequests.mine(actor)).map(({ chat, createdAt }) => ({
        chatId: chat._id.toHexString(),
        slug: chat.slug ?? '',
        name: chat.name ?? '',
        createdAt: createdAt.toISOString(),
      })),
    }),
  }),
  route({
    method: 'get',
    path: '/api/chats/:chatId/join-requests',
    summary: 'Who asks to be let into a room, longest waiting first; for owners and admins',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: chatParams,
    response: Joi.array().items(listedRequest),
    handle: async ({ actor, params }) => ({
      data: (await joinRequests.list(actor, params.chatId)).map(({ card, createdAt }) => ({
        ...presentUserCard(card),
        requestedAt: createdAt.toISOString(),
      })),
    }),
  }),
  route({
    method: 'post',
    path: '/api/chats/:chatId/join-requests/:userId/accept',
    summary: 'Let somebody in who has asked; owners and admins may',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: answerParams,
    response: ended('accepted'),
    handle: async ({ actor, params }) => {
      await joinRequests.accept(actor, params.chatId, params.userId);
      return { data: { ...params, outcome: 'accepted' } };
    },
  }),
  route({
    method: 'post',
    path: '/api/chats/:chatId/join-requests/:userId/reject',
    summary: 'Reject a request to join, which may be made again a day later; owners and admins may',
    tag,
    auth: 'user',
    userLimit: 'writes',
    params: answerParams,
    response: ended('rejected'),
    handle: async ({ actor, params }) => {
      await joinRequests.reject(actor, params.chatId, params.userId);
      return { data: { ...params, outcome: 'rejected' } };
    },
  }),
];
