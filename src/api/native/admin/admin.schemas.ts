import Joi from 'joi';
import type { UserRole } from '../../../shared/actor.js';
import { userIdSchema } from '../../../shared/external-ids.js';
import { metadataParameters } from '../../../shared/metadata.js';
import { text } from '../../../shared/text-schema.js';
import { pageKeys } from '../../../shared/pagination.js';
import type { AccountQuery } from '../../../modules/users/index.js';
import { ownUserSchema } from '../users/users.schemas.js';

/** Builds the query of the list of accounts from the keys of metadata by whose value one may search. */
export const accountsQuery = (metadataKeys: string[]): Joi.ObjectSchema<AccountQuery> =>
  Joi.object<AccountQuery>({
    ...pageKeys,
    ...metadataParameters(metadataKeys),
    q: text(100).trim().description('Words, or their beginnings, of a username and names'),
    role: Joi.string<UserRole>().valid('user', 'admin'),
    status: Joi.string<'active' | 'deactivated'>().valid('active', 'deactivated'),
  }).rename('query', 'q', { ignoreUndefined: true });

/** Path of one account. */
export const accountParams = Joi.object<{ userId: string }>({ userId: userIdSchema.required() });

/** Body of a change of role. */
export const roleBody = Joi.object<{ role: UserRole }>({
  role: Joi.string<UserRole>().valid('user', 'admin').required(),
});

/** An account for admins. */
export const accountResponse = ownUserSchema
  .keys({
    isActive: Joi.boolean().required(),
    deactivatedAt: Joi.string().isoDate().allow(null).required(),
    lastSeen: Joi.string().isoDate().allow(null).required(),
  })
  .id('Account');
