import type { AnyRoute } from '../../transport/http/route.js';
import { route } from '../../transport/http/route.js';
import { adminMessageSchema } from '../native/admin/admin.schemas.js';
import {
  adminBroadcastResponse,
  broadcastSchema,
  toBroadcastInput,
} from '../native/broadcasts/broadcasts.schemas.js';
import { presentAdminBroadcast } from '../native/broadcasts/broadcasts.shapes.js';
import type { DialectServices } from '../dialect-services.js';
import { sendRoute } from '../dialect.routes.js';
import { presentMessage } from './v0.shapes.js';
import { messageResponse } from './v0.schemas.js';

const tag = 'v0';
const base = '/api/v0/chat/admin';

/** v0's endpoints for admins. */
export const v0AdminRoutes = ({ admin, broadcasts, maxLength }: DialectServices): AnyRoute[] => [
  route({
    method: 'post',
    path: `${base}/broadcast`,
    summary: 'Send a message to everybody, to a role, or to a list of people; now or later',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    body: broadcastSchema(maxLength),
    load: 'work',
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
