import Joi from 'joi';
import type { MessageType } from '../../modules/messages/index.js';

/** The types that a client may give its message; without one, the first attachment decides. */
export const messageTypeSchema = Joi.string<MessageType>().valid(
  'text',
  'image',
  'video',
  'audio',
  'file',
  'custom',
);
