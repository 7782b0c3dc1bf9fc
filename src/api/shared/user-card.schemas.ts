import Joi from 'joi';
import { idSchema } from '../../shared/ids.js';

/** The id that an account has elsewhere, in an answer. */
export const externalUserIdKeys = {
  externalId: Joi.string().description(
    'The id that the account has elsewhere; there where it has one',
  ),
  issuer: Joi.string().description(
    'Whose `externalId` it is: the name of an issuer of AUTH_ISSUERS; there where it is of one',
  ),
};

/** The fields of a user that everybody may see. Whoever adds to them calls `id()`, for a name of its own or none. */
export const userCardSchema = Joi.object({
  id: idSchema.required(),
  _id: idSchema.required(),
  username: Joi.string().required(),
  firstName: Joi.string().allow('').required(),
  lastName: Joi.string().allow('').required(),
  name: Joi.string().required(),
  avatar: Joi.string().allow(null).required(),
  profileImage: Joi.string().allow(null).required().description('Same as `avatar`'),
  isDeactivated: Joi.boolean()
    .valid(true)
    .description('There, and true, while the account is closed'),
  ...externalUserIdKeys,
}).id('Person');

/** Somebody, or null where the account is gone; one instance, which an object may have several times. */
export const personOrNull = userCardSchema.allow(null).required();
