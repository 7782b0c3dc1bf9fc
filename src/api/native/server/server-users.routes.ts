import Joi from 'joi';
import { metadataFilterOf } from '../../../shared/metadata.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { UseCases } from '../../shared/use-cases.js';
import {
  bulkBody,
  bulkResponse,
  newUserBody,
  revokedResponse,
  serverUserResponse,
  tokenBody,
  tokenResponse,
  userChangesBody,
  userParams,
  usersQuery,
} from './server.schemas.js';
import { presentMintedLogin, presentServerUser, presentUpsert } from './server.shapes.js';

const tag = 'Server: users';
const base = '/api/server/users';
/** A hundred accounts, each with a few writes, in milliseconds. */
const BULK_TIMEOUT_MS = 30_000;

/** The endpoints by which servers manage their users. */
export const serverUserRoutes = ({ serverUsers: users, metadataIndexes }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: base,
    summary: 'Make an account, which has no password',
    tag,
    auth: 'server',
    scope: 'users:write',
    body: newUserBody,
    response: serverUserResponse,
    status: 201,
    handle: async ({ actor, body }) => ({
      data: presentServerUser(await users.create(actor, body)),
    }),
  }),
  route({
    method: 'get',
    path: base,
    summary: 'All accounts, or those that fit',
    tag,
    auth: 'server',
    scope: 'users:write',
    query: usersQuery(metadataIndexes.users),
    response: Joi.array().items(serverUserResponse),
    paginated: true,
    handle: async ({ query }) => {
      const { users: found, pagination } = await users.page({
        ...query,
        metadata: metadataFilterOf(query),
      });
      return { data: found.map(presentServerUser), pagination };
    },
  }),
  route({
    method: 'post',
    path: `${base}/bulk`,
    summary: 'Make or change up to 100 accounts by their external ids, each with its own result',
    tag,
    auth: 'server',
    scope: 'users:write',
    body: bulkBody,
    response: bulkResponse,
    timeoutMs: BULK_TIMEOUT_MS,
    handle: async ({ actor, body }) => ({
      data: (await users.upsert(actor, body.users)).map(presentUpsert),
    }),
  }),
  route({
    method: 'get',
    path: `${base}/:userId`,
    summary: 'An account',
    tag,
    auth: 'server',
    scope: 'users:write',
    params: userParams,
    response: serverUserResponse,
    handle: async ({ params }) => ({ data: presentServerUser(await users.one(params.userId)) }),
  }),
  route({
    method: 'patch',
    path: `${base}/:userId`,
    summary: 'Change an account',
    tag,
    auth: 'server',
    scope: 'users:write',
    params: userParams,
    body: userChangesBody,
    response: serverUserResponse,
    handle: async ({ actor, params, body }) => ({
      data: presentServerUser(await users.update(actor, params.userId, body)),
    }),
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
      auth: 'server',
      scope: 'users:write',
      params: userParams,
      response: serverUserResponse,
      handle: async ({ actor, params }) => ({
        data: presentServerUser(await users.setActive(actor, params.userId, verb === 'reactivate')),
      }),
    }),
  ),
  route({
    method: 'post',
    path: `${base}/:userId/token`,
    summary: 'Make a token that signs a user in',
    tag,
    auth: 'server',
    scope: 'users:token',
    params: userParams,
    body: tokenBody,
    response: tokenResponse,
    status: 201,
    handle: async ({ actor, params, body, client }) => ({
      data: presentMintedLogin(await users.mintToken(actor, params.userId, body, client.ip)),
    }),
  }),
  route({
    method: 'post',
    path: `${base}/:userId/revoke`,
    summary: 'End all logins of a user',
    tag,
    auth: 'server',
    scope: 'users:token',
    params: userParams,
    response: revokedResponse,
    handle: async ({ actor, params }) => ({
      data: { ended: await users.revoke(actor, params.userId) },
    }),
  }),
];
