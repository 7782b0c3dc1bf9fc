import Joi from 'joi';
import { userIdSchema } from '../../../shared/external-ids.js';
import { removableText } from '../../../shared/text-schema.js';
import type { PageQuery } from '../../../shared/pagination.js';
import { pageKeys } from '../../../shared/pagination.js';
import type { ChosenStatus } from '../../../modules/presence/index.js';
import { statusSchema } from '../../shared/presence.schemas.js';

/** `set_status` and `POST /api/users/status`; `offline` hides the user while they are connected. */
export const chosenStatusSchema = Joi.object<ChosenStatus>({
  status: statusSchema.required(),
  customStatus: removableText(100).description('Empty removes it'),
});

/** Path of somebody's status. */
export const statusParams = Joi.object<{ userId: string }>({ userId: userIdSchema.required() });

/** Query of the list of people who are online. */
export const onlineQuery = Joi.object<PageQuery>(pageKeys);
