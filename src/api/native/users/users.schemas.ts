import Joi from 'joi';
import { userIdSchema } from '../../../shared/external-ids.js';
import type { Locale } from '../../../shared/locale.js';
import { LOCALES } from '../../../shared/locale.js';
import { metadataResponse } from '../../../shared/metadata.js';
import { removableText, text } from '../../../shared/text-schema.js';
import { DEFAULT_LIMIT } from '../../../shared/pagination.js';
import type { ProfileChanges, SearchQuery } from '../../../modules/users/index.js';
import { nameSchema, USER_STATUSES, usernameSchema } from '../../../modules/users/index.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';

/** Path of a user. */
export const userParams = Joi.object<{ userId: string }>({ userId: userIdSchema.required() });

/** Query of the profile route; without `userId` it is one's own. */
export const profileQuery = Joi.object<{ userId?: string }>({ userId: userIdSchema });

/** Body of a profile update. */
export const profileBody = Joi.object<ProfileChanges>({
  username: usernameSchema.description(
    'Unique without regard to case; the former one is kept from others for 30 days',
  ),
  firstName: nameSchema,
  lastName: nameSchema,
  bio: removableText(500),
  avatar: Joi.string()
    .uri({ allowRelative: true })
    .max(2048)
    .allow(null)
    .description('https URL of a picture, or the one that is set, which stays; null removes it'),
  locale: Joi.string<Locale>()
    .valid(...LOCALES)
    .description('The language of mails to me'),
}).min(1);

/** Query of the people search. The list ends at 10,000 people: narrow the text instead of paging on. */
export const searchQuery = Joi.object<SearchQuery>({
  q: text(100).trim().required().description('Words, or their beginnings, of a username and names'),
  page: Joi.number().integer().min(1).max(200).default(1),
  limit: Joi.number().integer().min(1).max(50).default(Math.min(DEFAULT_LIMIT, 20)),
}).rename('query', 'q', { ignoreUndefined: true });

/** What a profile has beside the user's card. */
const profileKeys = {
  bio: Joi.string().allow('').required(),
  createdAt: Joi.string().isoDate().required(),
  metadata: metadataResponse.description('Set by the server that the user belongs to'),
};

/** Somebody's profile. */
export const profileSchema = userCardSchema
  .keys({
    ...profileKeys,
    email: Joi.string()
      .allow(null)
      .description(
        'Only for admins; with SHOW_EMAIL=contacts also for those with whom the user is in touch',
      ),
  })
  .id('Profile');

/** One's own account. */
export const ownUserSchema = userCardSchema
  .keys({
    ...profileKeys,
    email: Joi.string()
      .allow(null)
      .required()
      .description('null where there is none: a server has made the account'),
    role: Joi.string().valid('user', 'admin').required(),
    status: Joi.string()
      .valid(...USER_STATUSES)
      .required(),
    customStatus: Joi.string().allow('').required(),
    locale: Joi.string()
      .valid(...LOCALES)
      .allow(null)
      .required()
      .description('The language of mails; null: not known'),
    isEmailVerified: Joi.boolean().required(),
    hasTotp: Joi.boolean().required().description('Whether a login takes a second factor'),
  })
  .id('OwnUser');

/** A profile: one's own has more members than others'. */
export const anyProfileSchema = Joi.alternatives().try(ownUserSchema, profileSchema);
