import Joi from 'joi';
import type { MessageType } from '../../modules/messages/index.js';

/** What a client may say that its message is; without it, the first attachment decides. */
export const messageTypeSchema = Joi.string<MessageType>().valid(
  'text',
  'image',
  'video',
  'audio',
  'file',
);
