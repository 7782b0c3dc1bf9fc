import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import { blockBody, blockedResponse, blockResponse } from './chats.schemas.js';
import { chatParams } from '../../shared/chat.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Blocks';

/** REST endpoints of blocks. */
export const blockRoutes = ({ blocks }: UseCases): AnyRoute[] => [
  ...(['block', 'unblock'] as const).map((verb) =>
    route({
      method: 'post',
      path: `/api/chats/:chatId/${verb}`,
      summary: `${verb === 'block' ? 'Block' : 'Unblock'} the other one of a direct chat, or a member`,
      tag,
      auth: 'user',
      userLimit: 'writes',
      params: chatParams,
      body: blockBody,
      response: blockResponse,
      handle: async ({ actor, params, body }) => {
        const userId = await blocks.targetIn(actor, params.chatId, body.userId);
        await blocks.setBlocked(actor, userId, verb === 'block');
        return { data: { userId, blocked: verb === 'block' } };
      },
    }),
  ),
  route({
    method: 'get',
    path: '/api/users/blocked',
    summary: 'Everybody whom I have blocked',
    tag,
    auth: 'user',
    userLimit: 'reads',
    response: Joi.array().items(blockedResponse),
    handle: async ({ actor }) => ({
      data: (await blocks.list(actor)).map(({ card, blockedAt }) => ({
        ...presentUserCard(card),
        blockedAt: blockedAt.toISOString(),
      })),
    }),
  }),
];
