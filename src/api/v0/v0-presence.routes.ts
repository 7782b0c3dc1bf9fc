import Joi from 'joi';
import type { AnyRoute } from '../../transport/http/route.js';
import { route } from '../../transport/http/route.js';
import { onlineUserResponse, presenceResponse } from '../shared/presence.schemas.js';
import { presentOnlineUser, presentStatus } from '../shared/presence.shapes.js';
import { userIdSchema } from '../../shared/external-ids.js';
import type { UseCases } from '../shared/use-cases.js';

const tag = 'v0';
const userParams = Joi.object<{ userId: string }>({ userId: userIdSchema.required() });

/** v0's endpoints of presence. */
export const v0PresenceRoutes = ({ presence }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/v0/chat/online-users',
    summary: 'Who is online, of the people with whom I share a chat',
    tag,
    auth: 'user',
    userLimit: 'lookups',
    response: Joi.array().items(onlineUserResponse),
    handle: async ({ actor }) => ({
      data: (await presence.onlineFor(actor)).map(presentOnlineUser),
    }),
  }),
  route({
    method: 'get',
    path: '/api/v0/chat/user-status/:userId',
    summary: 'Whether somebody with whom I share a chat is online, and when they last were',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: userParams,
    response: presenceResponse,
    handle: async ({ actor, params: { userId } }) => ({
      data: presentStatus(userId, await presence.statusFor(actor, userId)),
    }),
  }),
];
