import Joi from 'joi';
import { chatIdSchema } from '../../shared/external-ids.js';
import type { PageQuery } from '../../shared/pagination.js';
import { pageKeys } from '../../shared/pagination.js';

/** Path of a conversation, and commands that name one. */
export const conversationParams = Joi.object<{ conversationId: string }>({
  conversationId: chatIdSchema.required(),
});

/** Query of a list. */
export const pageQuery = Joi.object<PageQuery>(pageKeys);

/** Number of messages that somebody has not read. */
export const unreadCountResponse = Joi.object({ unreadCount: Joi.number().integer().required() });

/** The deleted message, and for whom it was deleted. */
export const deletedResponse = Joi.object({
  messageId: Joi.string().required(),
  conversationId: Joi.string().required(),
  deletedForEveryone: Joi.boolean().required(),
});

/** The read position after a call. */
export const readResponse = Joi.object({
  conversationId: Joi.string().required(),
  lastReadSeq: Joi.number().integer().required(),
  messageIds: Joi.array().items(Joi.string()).required(),
});
