import Joi from 'joi';
import { idSchema } from '../../../shared/ids.js';
import type { PageQuery } from '../../../shared/pagination.js';
import { pageKeys } from '../../../shared/pagination.js';
import type { UserStatus } from '../../../modules/users/index.js';
import { USER_STATUSES } from '../../../modules/users/index.js';
import { userCardSchema } from '../users/users.schemas.js';
import type { ChosenStatus } from '../../../modules/presence/status-chooser.js';

const statusSchema = Joi.string<UserStatus>().valid(...USER_STATUSES);

/** `set_status` and `POST /api/users/status`; `offline` hides the user while they are connected. */
export const chosenStatusSchema = Joi.object<ChosenStatus>({
  status: statusSchema.required(),
  customStatus: Joi.string().trim().max(100).allow('').description('Empty removes it'),
});

/** Path of somebody's status. */
export const statusParams = Joi.object<{ userId: string }>({ userId: idSchema.required() });

/** Query of the list of people who are here. */
export const onlineQuery = Joi.object<PageQuery>(pageKeys);

const presenceKeys = {
  userId: Joi.string().required(),
  status: statusSchema.required(),
  customStatus: Joi.string().allow('').required(),
  isOnline: Joi.boolean().required(),
  lastSeen: Joi.string().isoDate().allow(null).required().description('null while they are here'),
};

/** Where somebody stands. */
export const presenceResponse = Joi.object(presenceKeys);

/** Somebody who is here. */
export const onlineUserResponse = userCardSchema.keys(presenceKeys);
