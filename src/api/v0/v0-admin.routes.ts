import type { AnyRoute } from '../../transport/http/route.js';
import { adminMessageSchema } from '../shared/admin-message.schemas.js';
import type { UseCases } from '../shared/use-cases.js';
import { broadcastRoute, sendRoute } from '../shared/dialect.routes.js';
import { presentMessage } from './v0.shapes.js';
import { messageResponse } from './v0.schemas.js';

const tag = 'v0';
const base = '/api/v0/chat/admin';

/** v0's endpoints for admins. */
export const v0AdminRoutes = (services: UseCases): AnyRoute[] => [
  broadcastRoute({ tag, path: `${base}/broadcast` }, services),
  sendRoute({
    path: `${base}/send-to-user`,
    summary: 'Write to a person, whether or not they have accepted a chat',
    tag,
    auth: 'admin',
    body: adminMessageSchema(services.maxLength),
    response: messageResponse,
    send: async (actor, body) => {
      const { message, sender, isReplay } = await services.admin.sendToUser(actor, body);
      const view = { message, sender, status: 'sent' as const };
      return { data: presentMessage(view, [actor.userId, body.userId]), isReplay };
    },
  }),
];
