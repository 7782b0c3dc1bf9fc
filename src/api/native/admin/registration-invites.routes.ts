import Joi from 'joi';
import type {
  RegistrationInviteRecord,
  RegistrationInviteTerms,
} from '../../../modules/users/index.js';
import { emailSchema } from '../../../modules/users/index.js';
import { idSchema } from '../../../shared/ids.js';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../shared/pagination.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Admin';
const base = '/api/admin/registration-invites';
const MAX_USES = 10_000;

const termsBody = Joi.object<RegistrationInviteTerms>({
  maxUses: Joi.number().integer().min(1).max(MAX_USES).default(1),
  expiresAt: Joi.date().iso().description('Absent: it does not expire'),
  email: emailSchema.description('The only address that may register with it'),
});

const inviteParams = Joi.object<{ inviteId: string }>({ inviteId: idSchema.required() });

const listQuery = Joi.object<{ before?: string; limit: number }>({
  before: idSchema.description('Id of an invite: only those made earlier'),
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});

const inviteKeys = {
  id: Joi.string().required(),
  maxUses: Joi.number().integer().required(),
  uses: Joi.number().integer().min(0).required(),
  expiresAt: Joi.string().isoDate().allow(null).required(),
  email: Joi.string().allow(null).required(),
  revokedAt: Joi.string().isoDate().allow(null).required(),
  createdAt: Joi.string().isoDate().required(),
  createdBy: Joi.string().required(),
};

const inviteSchema = Joi.object(inviteKeys).id('RegistrationInvite');

const newInviteSchema = Joi.object({
  ...inviteKeys,
  code: Joi.string().required().description('For `inviteCode` of a sign-up; shown only here'),
}).id('NewRegistrationInvite');

const present = (invite: RegistrationInviteRecord) => ({
  id: invite._id.toHexString(),
  maxUses: invite.maxUses,
  uses: invite.maxUses - invite.usesLeft,
  expiresAt: invite.expiresAt?.toISOString() ?? null,
  email: invite.email,
  revokedAt: invite.revokedAt?.toISOString() ?? null,
  createdAt: invite.createdAt.toISOString(),
  createdBy: invite.createdBy.toHexString(),
});

/** Endpoints of the codes with which people may make an account (REGISTRATION=invite). */
export const registrationInviteRoutes = ({ registrationInvites }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: base,
    summary: 'Make a code with which people may make an account',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    body: termsBody,
    response: newInviteSchema,
    status: 201,
    handle: async ({ actor, body }) => {
      const { invite, code } = await registrationInvites.create(actor, body);
      return { data: { ...present(invite), code } };
    },
  }),
  route({
    method: 'get',
    path: base,
    summary: 'The codes that were made, newest first; without the codes themselves',
    tag,
    auth: 'admin',
    userLimit: 'reads',
    query: listQuery,
    response: Joi.array().items(inviteSchema),
    extra: { hasMore: Joi.boolean().required() },
    handle: async ({ query }) => {
      const { invites, hasMore } = await registrationInvites.list(query);
      return { data: invites.map(present), extra: { hasMore } };
    },
  }),
  route({
    method: 'delete',
    path: `${base}/:inviteId`,
    summary: 'End a code; accounts made with it stay',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    params: inviteParams,
    response: inviteSchema,
    handle: async ({ actor, params }) => ({
      data: present(await registrationInvites.revoke(actor, params.inviteId)),
    }),
  }),
];
