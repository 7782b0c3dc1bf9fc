import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { KeyQuery, NewKeyInput, ServerKeyRecord } from '../../../modules/server-keys/index.js';
import { idSchema } from '../../../shared/ids.js';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../shared/pagination.js';
import type { ServerScope } from '../../../shared/server-caller.js';
import { SERVER_SCOPES } from '../../../shared/server-caller.js';
import { nameText } from '../../../shared/text-schema.js';
import type { UseCases } from '../../shared/use-cases.js';

const base = '/api/admin/keys';
const tag = 'Server keys';

const newKeyBody = Joi.object<NewKeyInput>({
  name: nameText(100).required().example('Orders service'),
  scopes: Joi.array()
    .items(Joi.string<ServerScope>().valid(...SERVER_SCOPES))
    .min(1)
    .max(SERVER_SCOPES.length)
    .unique()
    .required(),
  expiresAt: Joi.date().iso().description('When it ends by itself; never when absent'),
});

const keysQuery = Joi.object<KeyQuery>({
  before: idSchema.description('Id of a key: only older ones'),
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});

const keyParams = Joi.object<{ keyId: string }>({ keyId: idSchema.required() });

const time = Joi.string().isoDate();

const keyResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  name: Joi.string().required(),
  prefix: Joi.string().required().description('The beginning of the key, to tell it from others'),
  scopes: Joi.array()
    .items(Joi.string().valid(...SERVER_SCOPES))
    .required(),
  createdBy: Joi.string().required(),
  createdAt: time.required(),
  expiresAt: time.allow(null).required(),
  lastUsedAt: time.allow(null).required().description('To the minute'),
  revokedAt: time.allow(null).required(),
}).id('ServerKey');

const newKeyResponse = keyResponse
  .keys({ key: Joi.string().required().description('The key itself, shown this once') })
  .id('NewServerKey');

const presentKey = (key: ServerKeyRecord) => ({
  id: key._id.toHexString(),
  _id: key._id.toHexString(),
  name: key.name,
  prefix: key.prefix,
  scopes: key.scopes,
  createdBy: key.createdBy.toHexString(),
  createdAt: key.createdAt.toISOString(),
  expiresAt: key.expiresAt?.toISOString() ?? null,
  lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  revokedAt: key.revokedAt?.toISOString() ?? null,
});

/** The endpoints by which admins make, list and revoke server keys. */
export const serverKeyRoutes = ({ serverKeys }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: base,
    summary: 'Make a server key; it is shown this once',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    body: newKeyBody,
    response: newKeyResponse,
    status: 201,
    handle: async ({ actor, body }) => {
      const { record, key } = await serverKeys.create(actor, body);
      return { data: { ...presentKey(record), key } };
    },
  }),
  route({
    method: 'get',
    path: base,
    summary: 'All server keys, newest first',
    tag,
    auth: 'admin',
    userLimit: 'reads',
    query: keysQuery,
    response: Joi.array().items(keyResponse),
    extra: { hasMore: Joi.boolean().required() },
    handle: async ({ query }) => {
      const { keys, hasMore } = await serverKeys.list(query);
      return { data: keys.map(presentKey), extra: { hasMore } };
    },
  }),
  route({
    method: 'delete',
    path: `${base}/:keyId`,
    summary: 'Revoke a server key for good, on every node within a second',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    params: keyParams,
    response: keyResponse,
    handle: async ({ actor, params }) => ({
      data: presentKey(await serverKeys.revoke(actor, params.keyId)),
    }),
  }),
];
