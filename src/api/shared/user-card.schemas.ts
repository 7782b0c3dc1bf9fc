import Joi from 'joi';
import { idSchema } from '../../shared/ids.js';

/** The fields of a user that everybody may see. */
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
});
