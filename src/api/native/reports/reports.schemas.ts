import Joi from 'joi';
import { MESSAGE_TYPES } from '../../../modules/messages/index.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';
import { attachmentResponse } from '../../shared/message.schemas.js';
import { REPORT_STATUSES } from '../../../modules/moderation/index.js';

/** A report in the admins' queue. */
export const reportResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  messageId: Joi.string().required(),
  chatId: Joi.string().required(),
  reporter: userCardSchema.allow(null).required(),
  reason: Joi.string().required(),
  snapshot: Joi.object({
    senderId: Joi.string().required(),
    sender: userCardSchema.allow(null).required(),
    messageType: Joi.string()
      .valid(...MESSAGE_TYPES)
      .required(),
    content: Joi.string().allow('').required(),
    media: Joi.array().items(attachmentResponse).required(),
    version: Joi.number().integer().required(),
    createdAt: Joi.string().isoDate().required(),
  })
    .required()
    .description('The message as it was when it was reported'),
  status: Joi.string()
    .valid(...REPORT_STATUSES)
    .required(),
  resolvedBy: Joi.string().allow(null).required(),
  resolvedAt: Joi.string().isoDate().allow(null).required(),
  note: Joi.string().allow('').required(),
  createdAt: Joi.string().isoDate().required(),
}).id('Report');
