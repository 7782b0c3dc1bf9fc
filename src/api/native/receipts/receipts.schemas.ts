import Joi from 'joi';
import { chatIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';

/** Native `mark_as_read`; with neither `messageIds` nor `seq`, everything is read. */
export interface MarkAsReadPayload {
  chatId: string;
  messageIds?: string[];
  seq?: number;
}
export const markAsReadSchema = Joi.object<MarkAsReadPayload>({
  chatId: chatIdSchema.required(),
  messageIds: Joi.array().items(idSchema).min(1).max(200),
  seq: Joi.number().integer().min(0),
}).oxor('messageIds', 'seq');

/** Body of `POST /api/chats/:chatId/read`; with neither member, everything is read. */
export const readBody = Joi.object<Omit<MarkAsReadPayload, 'chatId'>>({
  messageIds: Joi.array().items(idSchema).min(1).max(200),
  seq: Joi.number().integer().min(0),
}).oxor('messageIds', 'seq');

/** Body of `POST /api/chats/bulk-read`. */
export const bulkReadBody = Joi.object<{ chatIds: string[] }>({
  chatIds: Joi.array().items(chatIdSchema).min(1).max(100).required(),
});

/** The reader's position now, and the messages that it newly covers. */
export const readResponse = Joi.object({
  chatId: Joi.string().required(),
  lastReadSeq: Joi.number().integer().required(),
  messageIds: Joi.array().items(Joi.string()).required(),
}).id('ReadPosition');
