import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { metadataFilterOf } from '../../../shared/metadata.js';
import { messageResponse } from '../../shared/message.schemas.js';
import { presentMessage } from '../../shared/message.shapes.js';
import { presentAccount } from './admin.shapes.js';
import { accountParams, accountResponse, accountsQuery, roleBody } from './admin.schemas.js';
import { adminMessageSchema } from '../../shared/admin-message.schemas.js';
import { sendRoute } from '../../shared/dialect.routes.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Admin';
const base = '/api/admin/users';

/** Endpoints that list and change accounts. */
export const accountRoutes = ({
  admin,
  administration: users,
  metadataIndexes,
}: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: base,
    summary: 'All accounts, or those that fit',
    tag,
    auth: 'admin',
    userLimit: 'reads',
    query: accountsQuery(metadataIndexes.users),
    response: Joi.array().items(accountResponse),
    paginated: true,
    handle: async ({ query }) => {
      const { users: found, pagination } = await users.list({
        ...query,
        metadata: metadataFilterOf(query),
      });
      return { data: found.map(presentAccount), pagination };
    },
  }),
  route({
    method: 'get',
    path: `${base}/:userId`,
    summary: 'An account',
    tag,
    auth: 'admin',
    userLimit: 'reads',
    params: accountParams,
    response: accountResponse,
    handle: async ({ params }) => ({ data: presentAccount(await users.one(params.userId)) }),
  }),
  ...(['deactivate', 'reactivate'] as const).map((verb) =>
    route({
      method: 'post',
      path: `${base}/:userId/${verb}`,
      summary:
        verb === 'deactivate'
          ? 'Close an account: its logins end and nobody finds it'
          : 'Open a closed account again',
      tag,
      auth: 'admin',
      userLimit: 'writes',
      params: accountParams,
      response: accountResponse,
      handle: async ({ actor, params }) => ({
        data: presentAccount(await admin.setActive(actor, params.userId, verb === 'reactivate')),
      }),
    }),
  ),
  route({
    method: 'put',
    path: `${base}/:userId/role`,
    summary: 'Make somebody an admin, or take the role away',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    params: accountParams,
    body: roleBody,
    response: accountResponse,
    handle: async ({ actor, params, body }) => ({
      data: presentAccount(await admin.setRole(actor, params.userId, body.role)),
    }),
  }),
  route({
    method: 'delete',
    path: `${base}/:userId/totp`,
    summary: 'End the second factor of somebody who has lost it, and their logins',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    params: accountParams,
    response: accountResponse,
    handle: async ({ actor, params }) => ({
      data: presentAccount(await admin.removeSecondFactor(actor, params.userId)),
    }),
  }),
  route({
    method: 'post',
    path: `${base}/:userId/logout-all`,
    summary: 'End all logins of a user',
    tag,
    auth: 'admin',
    userLimit: 'marks',
    params: accountParams,
    response: Joi.object({ ended: Joi.number().integer().required() }),
    handle: async ({ actor, params }) => ({
      data: { ended: await admin.endSessions(actor, params.userId) },
    }),
  }),
];

/** The endpoint for a message to one person. */
export const adminMessageRoutes = ({ admin, maxLength }: UseCases): AnyRoute[] => [
  sendRoute({
    path: '/api/admin/send-to-user',
    summary: 'Write to a person, whether or not they have accepted a chat',
    tag,
    auth: 'admin',
    body: adminMessageSchema(maxLength),
    response: messageResponse,
    send: async (actor, body) => {
      const { message, sender, isReplay } = await admin.sendToUser(actor, body);
      return { data: presentMessage(message, sender, 'sent'), isReplay };
    },
  }),
];
