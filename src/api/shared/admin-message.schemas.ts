import Joi from 'joi';
import type { AdminMessage } from '../../modules/moderation/index.js';
import { userIdSchema } from '../../shared/external-ids.js';
import { clientMessageIdSchema, contentSchema } from './message.schemas.js';

/** Builds the schema of `send-to-user` and `admin_message_user` from the longest text allowed. */
export const adminMessageSchema = (maxLength: number): Joi.ObjectSchema<AdminMessage> =>
  Joi.object<AdminMessage>({
    userId: userIdSchema.required(),
    message: contentSchema(maxLength).required(),
    messageType: Joi.string<AdminMessage['messageType']>()
      .valid('text', 'image', 'video', 'audio', 'file')
      .default('text'),
    clientMessageId: clientMessageIdSchema,
  });
