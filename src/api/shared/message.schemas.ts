import Joi from 'joi';
import type { Attachment } from '../../modules/messages/index.js';
import { MESSAGE_TYPES } from '../../modules/messages/index.js';
import { chatIdOr } from '../../shared/external-ids.js';
import { idSchema } from '../../shared/ids.js';
import type { Metadata } from '../../shared/metadata.js';
import { metadataResponse, metadataSchema } from '../../shared/metadata.js';
import { nameText, text, textOrNothing, visibleText } from '../../shared/text-schema.js';
import { userCardSchema } from './user-card.schemas.js';

/** Path of one message, and commands that name one. */
export const messageParams = Joi.object<{ messageId: string }>({ messageId: idSchema.required() });

/** A message's client-made id: a UUID or anything of that kind. */
export const clientMessageIdSchema = text(128).example('5f0c7d1e-3a44-4f0a-9d57-0a2b6f0c1d2e');

/** The text of a message, trimmed of nothing; at most `maxLength` code points. */
export const contentSchema = (maxLength: number): Joi.StringSchema => visibleText(maxLength);

/** The text beside a message's files: one that shows nothing counts as absent. */
export const captionSchema = (maxLength: number): Joi.StringSchema => textOrNothing(maxLength);

/** An attachment as clients describe it: the upload's answer as it is, or a foreign https URL. */
export const attachmentSchema = Joi.object<
  Attachment,
  false,
  Attachment & { messageType?: string; id?: string; _id?: string; createdAt?: string }
>({
  fileId: Joi.string().max(128),
  url: Joi.string().max(2048).required(),
  thumbnailUrl: Joi.string().max(2048).allow(null),
  type: Joi.string().valid('image', 'video', 'audio', 'file'),
  messageType: Joi.string().valid('image', 'video', 'audio', 'file').strip(),
  filename: text(255),
  size: Joi.number().integer().min(0),
  mimeType: Joi.string().max(127),
  width: Joi.number().integer().min(0).allow(null),
  height: Joi.number().integer().min(0).allow(null),
  duration: Joi.number().min(0).allow(null),
  external: Joi.boolean().strip(),
  id: Joi.string().max(128).strip(),
  _id: Joi.string().max(128).strip(),
  createdAt: Joi.string().max(64).strip(),
});

/** A file of a message, as clients get it. */
export const attachmentResponse = Joi.object({
  fileId: Joi.string().description('Absent for an address that is not of this server'),
  url: Joi.string().required().description('Signed, for a while, where the file is of this server'),
  thumbnailUrl: Joi.string().allow(null),
  type: Joi.string()
    .valid('image', 'video', 'audio', 'file')
    .description('Absent for an address that is not of this server, if its sender has not said it'),
  filename: Joi.string().allow(''),
  size: Joi.number().integer().description('Bytes'),
  mimeType: Joi.string(),
  width: Joi.number().allow(null).description('Pixels'),
  height: Joi.number().allow(null).description('Pixels'),
  duration: Joi.number().allow(null).description('Seconds'),
  external: Joi.boolean().description('The address is not of this server, which never asks it'),
}).id('Attachment');

/** One attachment or several. */
export const mediaSchema = Joi.array().items(attachmentSchema).single().min(1).max(10);

/** The slug or the name of a room, or the id of any chat. */
export const roomSchema = chatIdOr(nameText(100)).example('general');

/** What a `custom` message is, to the clients that know it. */
const customTypeSchema = Joi.string()
  .pattern(/^[a-z0-9._-]{1,64}$/, '1 to 64 small letters, digits, . _ -')
  .example('order.card');

/**
 * What a sender may attach, in every dialect: `metadata` to any message; and `customType` to one whose `messageType`
 * is `custom`, which needs a text too, for clients that do not know it.
 *
 * @param text name of the member that holds the text.
 * @param textSchema its schema, without `required`.
 */
export const customKeys = (text: string, textSchema: Joi.StringSchema) => ({
  [text]: textSchema.when('messageType', { is: 'custom', then: Joi.required() }),
  customType: customTypeSchema.when('messageType', {
    is: 'custom',
    then: Joi.required(),
    otherwise: Joi.forbidden(),
  }),
  metadata: metadataSchema,
});

/** What {@link customKeys} takes. */
export interface CustomBody {
  customType?: string;
  metadata?: Metadata;
}

/** The members that some messages alone have. */
export const extraResponseKeys = {
  customType: Joi.string().description(
    'What a `custom` message is; whoever does not know it shows the text',
  ),
  metadata: metadataResponse,
  isFromBlocked: Joi.boolean()
    .valid(true)
    .description(
      'There, and true, in what is read by somebody who has blocked the sender; never in an event, which many hear',
    ),
};

/** The numbers of a message; a held one has none. */
export const numberFields = {
  seq: Joi.number()
    .integer()
    .allow(null)
    .required()
    .description('Place in the chat: 1, 2, 3 …; null while the message is held'),
  version: Joi.number()
    .integer()
    .allow(null)
    .required()
    .description(
      'Number of its newest change among all changes of the chat; null while it is held',
    ),
  isHeld: Joi.boolean()
    .valid(true)
    .description(
      'There, and true, while the message waits for a moderator; its sender alone sees it',
    ),
  heldAfterSeq: Joi.number()
    .integer()
    .description('Of a message outside the log: it stands behind the one with this number'),
};

/** A reaction to a message, in an answer. */
export const reactionResponse = Joi.object({
  userId: Joi.string().required(),
  emoji: Joi.string().required(),
  at: Joi.string().isoDate().required(),
}).id('Reaction');

/** A message in the native shape. */
export const messageResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  chatId: Joi.string().required(),
  ...numberFields,
  senderId: Joi.string().required(),
  sender: userCardSchema.allow(null).required(),
  clientMessageId: Joi.string()
    .allow(null)
    .required()
    .description('The id that the sender gave it, which makes retries safe'),
  messageType: Joi.string()
    .valid(...MESSAGE_TYPES)
    .required(),
  content: Joi.string().allow('').required(),
  ...extraResponseKeys,
  media: Joi.array().items(attachmentResponse).required(),
  replyTo: Joi.string().allow(null).required().description('Id of the message that it answers'),
  replyToSeq: Joi.number().integer().allow(null).required(),
  mentions: Joi.array().items(Joi.string()).required().description('Ids of users'),
  reactions: Joi.array().items(reactionResponse).required(),
  status: Joi.string()
    .valid('sent', 'delivered', 'read')
    .required()
    .description('How far it has come: on the server, to all devices, read by all'),
  isEdited: Joi.boolean().required(),
  editedAt: Joi.string().isoDate().allow(null).required(),
  isDeleted: Joi.boolean().required(),
  deletedAt: Joi.string().isoDate().allow(null).required(),
  deletedBy: Joi.string().allow(null).required(),
  isModerated: Joi.boolean()
    .required()
    .description('Whether a moderator has deleted it, and not its sender'),
  isPinned: Joi.boolean().required(),
  pinnedAt: Joi.string().isoDate().allow(null).required(),
  system: Joi.object({ type: Joi.string().required() })
    .unknown()
    .allow(null)
    .required()
    .description('Of a `system` message: what has happened (`type`), and its facts'),
  forwardedFrom: Joi.object({
    senderId: Joi.string().required(),
    messageId: Joi.string().required(),
  })
    .allow(null)
    .required(),
  createdAt: Joi.string().isoDate().required(),
  updatedAt: Joi.string().isoDate().required(),
}).id('ChatMessage');
