import Joi from 'joi';
import type { Attachment, MessageType } from '../../modules/messages/index.js';

/** What a client may say that its message is; without it, the first attachment decides. */
export const messageTypeSchema = Joi.string<MessageType>().valid(
  'text',
  'image',
  'video',
  'audio',
  'file',
);

/** The type of a message from what the client said and attached. */
export const messageTypeOf = (
  said: MessageType | undefined,
  media: readonly Attachment[],
): MessageType => said ?? media[0]?.type ?? 'text';
