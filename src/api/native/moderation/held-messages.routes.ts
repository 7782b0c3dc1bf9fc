import Joi from 'joi';
import { HELD_FOR } from '../../../modules/messages/index.js';
import type { HeldQuery } from '../../../modules/messages/index.js';
import type { Actor } from '../../../shared/actor.js';
import { idSchema } from '../../../shared/ids.js';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../shared/pagination.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { chatParams } from '../../shared/chat.schemas.js';
import { messageResponse } from '../../shared/message.schemas.js';
import { presentMessage } from '../../shared/message.shapes.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Moderation';

const heldQuery = Joi.object<HeldQuery>({
  heldFor: Joi.string()
    .valid(...HELD_FOR)
    .description('`review`: held by the word filter; `shadow`: of a silenced sender'),
  before: idSchema.description('Id of a held message: only older ones'),
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});
const heldParams = Joi.object<{ heldId: string }>({ heldId: idSchema.required() });
const heldList = Joi.array().items(
  messageResponse
    .keys({
      heldFor: Joi.string()
        .valid(...HELD_FOR)
        .required(),
    })
    .id('HeldMessage'),
);
const hasMoreField = { hasMore: Joi.boolean().required() };

/** REST endpoints of the queue of held messages. */
export const heldMessageRoutes = ({ heldReview }: UseCases): AnyRoute[] => {
  const page = async (actor: Actor, query: HeldQuery) => {
    const { items, hasMore } = await heldReview.list(actor, query);
    return {
      data: items.map(({ message, sender, heldFor }) => ({
        ...presentMessage(message, sender, 'sent'),
        heldFor,
      })),
      extra: { hasMore },
    };
  };
  return [
    route({
      method: 'get',
      path: '/api/admin/held-messages',
      summary: 'Held messages of all chats, newest first',
      tag,
      auth: 'admin',
      userLimit: 'reads',
      query: heldQuery,
      response: heldList,
      extra: hasMoreField,
      handle: ({ actor, query }) => page(actor, query),
    }),
    route({
      method: 'get',
      path: '/api/chats/:chatId/held-messages',
      summary: 'Held messages of a chat, for its moderators, newest first',
      tag,
      auth: 'user',
      userLimit: 'reads',
      params: chatParams,
      query: heldQuery,
      response: heldList,
      extra: hasMoreField,
      handle: ({ actor, params, query }) => page(actor, { ...query, ...params }),
    }),
    route({
      method: 'post',
      path: '/api/held-messages/:heldId/release',
      summary: 'Send a held message, as of now; for moderators of its chat and admins',
      tag,
      auth: 'user',
      userLimit: 'changes',
      params: heldParams,
      shedAs: 'work',
      response: messageResponse,
      handle: async ({ actor, params }) => {
        const { message, sender } = await heldReview.release(actor, params.heldId);
        return { data: presentMessage(message, sender, 'sent') };
      },
    }),
    route({
      method: 'post',
      path: '/api/held-messages/:heldId/refuse',
      summary: 'Refuse a held message; its sender is told',
      tag,
      auth: 'user',
      userLimit: 'changes',
      params: heldParams,
      response: Joi.object({
        messageId: Joi.string().required(),
        refused: Joi.boolean().valid(true).required(),
      }),
      handle: async ({ actor, params }) => {
        await heldReview.refuse(actor, params.heldId);
        return { data: { messageId: params.heldId, refused: true } };
      },
    }),
  ];
};
