import Joi from 'joi';
import { idSchema } from '../../../shared/ids.js';
import { DEFAULT_LIMIT } from '../../../shared/pagination.js';
import { USER_STATUSES } from '../../../modules/users/users.model.js';

/** 3–30 letters, digits, `_`, `.` or `-`; unique without regard to case. */
export const usernameSchema = Joi.string()
  .trim()
  .pattern(/^[A-Za-z0-9_.-]{3,30}$/, '3 to 30 letters, digits, "_", "." or "-"')
  .example('ada');

/** An e-mail address; unique without regard to case. */
export const emailSchema = Joi.string()
  .trim()
  .max(254)
  .email({ tlds: { allow: false } })
  .example('ada@example.com');

/**
 * Something that can be seen, in one line, and nothing that turns the direction of what follows: a name
 * stands in the middle of other people's lists and sentences.
 */
const NAME = /^(?=.*[^\p{C}\p{Z}])[^\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u;

/** A first or last name; may be empty. */
export const nameSchema = Joi.string()
  .trim()
  .max(50)
  .pattern(NAME, 'visible text of one line')
  .allow('');

/** Path of a user. */
export const userParams = Joi.object<{ userId: string }>({ userId: idSchema.required() });

/** Query of the profile route; without `userId` it is one's own. */
export const profileQuery = Joi.object<{ userId?: string }>({ userId: idSchema });

/** Changes to one's own profile; what is left out stays. */
export interface ProfileChanges {
  firstName?: string;
  lastName?: string;
  bio?: string;
  avatar?: string | null;
}

/** Body of a profile update. */
export const profileBody = Joi.object<ProfileChanges>({
  firstName: nameSchema,
  lastName: nameSchema,
  bio: Joi.string().trim().max(500).allow(''),
  avatar: Joi.string()
    .uri({ allowRelative: true })
    .max(2048)
    .allow(null)
    .description('https URL of a picture, or the one that is set, which stays; null removes it'),
}).min(1);

/** A people search; `q` (also `query`) is plain text. */
export interface SearchQuery {
  q: string;
  page: number;
  limit: number;
}

/** Query of the people search. The list ends at 10,000 people: narrow the text instead of paging on. */
export const searchQuery = Joi.object<SearchQuery>({
  q: Joi.string().trim().min(1).max(100).required().description('Start of a username or name'),
  page: Joi.number().integer().min(1).max(200).default(1),
  limit: Joi.number().integer().min(1).max(50).default(Math.min(DEFAULT_LIMIT, 20)),
}).rename('query', 'q', { ignoreUndefined: true });

const cardKeys = {
  id: idSchema.required(),
  _id: idSchema.required(),
  username: Joi.string().required(),
  firstName: Joi.string().allow('').required(),
  lastName: Joi.string().allow('').required(),
  name: Joi.string().required(),
  avatar: Joi.string().allow(null).required(),
  profileImage: Joi.string().allow(null).required().description('Same as `avatar`'),
};

const profileKeys = {
  ...cardKeys,
  bio: Joi.string().allow('').required(),
  createdAt: Joi.string().isoDate().required(),
};

/** What everybody may know of a user. */
export const userCardSchema = Joi.object(cardKeys);

/** Somebody's profile. */
export const profileSchema = Joi.object({
  ...profileKeys,
  email: Joi.string().description('Only for those who share a chat with the user'),
});

/** One's own account. */
export const ownUserSchema = Joi.object({
  ...profileKeys,
  email: Joi.string().required(),
  role: Joi.string().valid('user', 'admin').required(),
  status: Joi.string()
    .valid(...USER_STATUSES)
    .required(),
  customStatus: Joi.string().allow('').required(),
});

/** A profile: one's own has more members than others'. */
export const anyProfileSchema = Joi.alternatives().try(ownUserSchema, profileSchema);
