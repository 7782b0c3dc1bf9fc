import Joi from 'joi';
import type { StarQuery, StarTarget } from '../../../modules/stars/index.js';
import { chatIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../shared/pagination.js';
import { messageResponse } from '../../shared/message.schemas.js';

/** Native `star_message` and `unstar_message`. */
export const starSchema = Joi.object<StarTarget>({
  messageId: idSchema.required(),
  chatId: chatIdSchema,
});

/** Query of the starred messages. */
export const starredQuery = Joi.object<StarQuery>({
  before: idSchema.description('Id of a star: only messages that were starred earlier'),
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});

/** Whether a message is starred, and since when. */
export const starResponse = Joi.object({
  chatId: Joi.string().required(),
  messageId: Joi.string().required(),
  starred: Joi.boolean().required(),
  starredAt: Joi.string().isoDate().allow(null).required(),
}).id('Star');

/** A starred message; `id` is the star's, for `before`. */
export const starredMessageResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  starredAt: Joi.string().isoDate().required(),
  message: messageResponse.required(),
}).id('StarredMessage');
