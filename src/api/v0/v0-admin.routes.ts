import type { AnyRoute } from '../../transport/http/route.js';
import { route } from '../../transport/http/route.js';
import { adminMessageSchema } from '../shared/admin-message.schemas.js';
import {
  adminBroadcastResponse,
  broadcastSchema,
  toBroadcastInput,
} from '../shared/broadcast.schemas.js';
import { presentAdminBroadcast } from '../shared/broadcast.shapes.js';
import type { UseCases } from '../shared/use-cases.js';
import { sendRoute } from '../shared/dialect.routes.js';
import { presentMessage } from './v0.shapes.js';
import { messageResponse } from './v0.schemas.js';

const tag = 'v0';
const base = '/api/v0/chat/admin';

/** v0's endpoints for admins. */
export const v0AdminRoutes = ({ admin, broadcasts, maxLength }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: `${base}/broadcast`,
    summary: 'Send a message to everybody, to a role, or to a list of people; now or later',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    body: broadcastSchema(maxLength),
    shedAs: 'work',
    response: adminBroadcastResponse,
    status: 201,
    handle: async ({ actor, body }) => ({
      data: presentAdminBroadcast(await broadcasts.create(actor, toBroadcastInput(body))),
    }),
  }),
  sendRoute({
    path: `${base}/send-to-user`,
    summary: 'Write to a person, whether or not they have accepted a chat',
    tag,
    auth: 'admin',
    body: adminMessageSchema(maxLength),
    response: messageResponse,
    send: async (actor, body) => {
      const { message, sender, isReplay } = await admin.sendToUser(actor, body);
      const view = { message, sender, status: 'sent' as const };
      return { data: presentMessage(view, [actor.userId, body.userId]), isReplay };
    },
  }),
];
