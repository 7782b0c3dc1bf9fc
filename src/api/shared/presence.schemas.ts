import Joi from 'joi';
import type { UserStatus } from '../../modules/users/index.js';
import { USER_STATUSES } from '../../modules/users/index.js';
import { userCardSchema } from './user-card.schemas.js';

/** A status that somebody can choose and others can see. */
export const statusSchema = Joi.string<UserStatus>().valid(...USER_STATUSES);

const presenceKeys = {
  userId: Joi.string().required(),
  status: statusSchema.required(),
  customStatus: Joi.string().allow('').required(),
  isOnline: Joi.boolean().required(),
  lastSeen: Joi.string().isoDate().allow(null).required().description('null while they are here'),
};

/** Somebody's presence. */
export const presenceResponse = Joi.object(presenceKeys);

/** Somebody who is online. */
export const onlineUserResponse = userCardSchema.keys(presenceKeys).id('OnlineUser');

/** The status that somebody has chosen. */
export const chosenStatusResponse = Joi.object({
  status: statusSchema.required(),
  customStatus: Joi.string().allow(''),
});
