import Joi from 'joi';
import { chatIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import type { Metadata } from '../../../shared/metadata.js';
import { newMetadataSchema } from '../../../shared/metadata.js';
import { text } from '../../../shared/text-schema.js';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../shared/pagination.js';
import { canonicalEmoji } from '../../../shared/emoji.js';
import type { SeqWindow } from '../../../modules/messages/index.js';
import {
  clientMessageIdSchema,
  contentSchema,
  messageResponse,
} from '../../shared/message.schemas.js';

/** Exactly one emoji, as a picture and not as its name; becomes the form under which it is stored. */
export const emojiSchema = text(64)
  .custom((value: string, helpers) => canonicalEmoji(value) ?? helpers.error('emoji.one'))
  .example('👍');

/** The new text of a message; empty to remove a file's caption. */
const newContentSchema = (maxLength: number): Joi.StringSchema =>
  contentSchema(maxLength).allow('');

/** Native `edit_message`. */
export interface EditPayload {
  messageId: string;
  content?: string;
  metadata?: Metadata | null;
  chatId?: string;
}
export const editSchema = (maxLength: number): Joi.ObjectSchema<EditPayload> =>
  Joi.object<EditPayload>({
    messageId: idSchema.required(),
    content: newContentSchema(maxLength),
    metadata: newMetadataSchema,
    chatId: chatIdSchema,
  }).or('content', 'metadata');

/** Body of `PUT /api/messages/:messageId`. */
export type EditBody = Pick<EditPayload, 'content' | 'metadata'>;
export const editBody = (maxLength: number): Joi.ObjectSchema<EditBody> =>
  Joi.object<EditBody>({
    content: newContentSchema(maxLength),
    metadata: newMetadataSchema,
  }).or('content', 'metadata');

/** Native `delete_message`; for everyone by default. */
export interface DeletePayload {
  messageId: string;
  deleteForEveryone?: boolean;
  chatId?: string;
}
export const deleteSchema = Joi.object<DeletePayload>({
  messageId: idSchema.required(),
  deleteForEveryone: Joi.boolean(),
  chatId: chatIdSchema,
});

/** Query of `DELETE /api/messages/:messageId`. */
export const deleteQuery = Joi.object<{ deleteForEveryone?: boolean }>({
  deleteForEveryone: Joi.boolean(),
});

/** Native `add_reaction` and `remove_reaction`. */
export interface ReactionPayload {
  messageId: string;
  emoji: string;
  chatId?: string;
}
export const reactionSchema = Joi.object<ReactionPayload>({
  messageId: idSchema.required(),
  emoji: emojiSchema.required(),
  chatId: chatIdSchema,
});

/** Body of `POST /api/messages/:messageId/react`. */
export const reactBody = Joi.object<{ emoji: string }>({ emoji: emojiSchema.required() });

/** Body of `POST /api/messages/:messageId/forward`. */
export interface ForwardBody {
  chatIds: string[];
  clientMessageId?: string;
}
export const forwardBody = Joi.object<ForwardBody>({
  chatIds: Joi.array().items(chatIdSchema).min(1).max(20).required(),
  clientMessageId: clientMessageIdSchema,
});

/** Body of `POST /api/messages/bulk-delete`. */
export interface BulkDeleteBody {
  messageIds: string[];
  deleteForEveryone?: boolean;
}
export const bulkDeleteBody = Joi.object<BulkDeleteBody>({
  messageIds: Joi.array().items(idSchema).min(1).max(100).required(),
  deleteForEveryone: Joi.boolean(),
});

/** Query of the answers to a message. */
export const repliesQuery = Joi.object<SeqWindow>({
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  after: Joi.number().integer().min(0),
});

/** A deletion. */
export const deletionResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  messageId: Joi.string().required(),
  chatId: Joi.string().required(),
  seq: Joi.number().integer().required(),
  version: Joi.number().integer().required(),
  deleteForEveryone: Joi.boolean().required(),
  deletedAt: Joi.string().isoDate().allow(null).required(),
}).id('Deletion');

/** A message after a reaction to it. */
export const reactedResponse = messageResponse
  .keys({
    messageId: Joi.string().required(),
    userId: Joi.string().required(),
    emoji: Joi.string().required(),
    isOn: Joi.boolean().required(),
  })
  .id('ReactedMessage');

/** The answers to a message. */
export const threadResponse = Joi.object({
  messages: Joi.array().items(messageResponse).required(),
  hasMore: Joi.boolean().required(),
}).id('Thread');

/** A text that a message had, and when it was replaced. */
export const editResponse = Joi.object({
  content: Joi.string().allow('').required(),
  at: Joi.string().isoDate().required(),
}).id('PastContent');
