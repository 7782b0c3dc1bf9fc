import Joi from 'joi';
import type { Attachment, MessageType } from '../../modules/messages/index.js';
import { MESSAGE_TYPES } from '../../modules/messages/index.js';
import type { CustomBody } from '../shared/message.schemas.js';
import {
  attachmentResponse,
  captionSchema,
  clientMessageIdSchema,
  customKeys,
  extraResponseKeys,
  mediaSchema,
  numberFields,
} from '../shared/message.schemas.js';
import { chatIdSchema, userIdSchema } from '../../shared/external-ids.js';
import { idSchema } from '../../shared/ids.js';
import { externalChatIdResponse } from '../shared/chat.schemas.js';
import { externalUserIdKeys } from '../shared/user-card.schemas.js';
import { messageTypeSchema } from '../shared/message-type.js';

/** `send:message` and `POST /api/chat/message`. */
export interface SendBody extends CustomBody {
  conversationId: string;
  text?: string;
  media?: Attachment[];
  messageType?: MessageType;
  replyTo?: string;
  clientMessageId?: string;
}

/**
 * Builds the schema of a message from the longest text allowed. Text or media is required; clients write ''
 * and [] for the missing one.
 */
export const sendSchema = (maxLength: number): Joi.ObjectSchema<SendBody> =>
  Joi.object<SendBody>({
    conversationId: chatIdSchema.required(),
    ...customKeys('text', captionSchema(maxLength)),
    media: mediaSchema.empty(Joi.array().length(0)),
    messageType: messageTypeSchema,
    replyTo: idSchema,
    clientMessageId: clientMessageIdSchema,
  }).or('text', 'media');

/** Path of the conversation with a person. */
export const participantParams = Joi.object<{ participantId: string }>({
  participantId: userIdSchema.required(),
});

/** `message:read` and `POST /api/chat/messages/read`; without `messageIds` everything is read. */
export interface ReadBody {
  conversationId: string;
  messageIds?: string[];
}
export const readSchema = Joi.object<ReadBody>({
  conversationId: chatIdSchema.required(),
  messageIds: Joi.array().items(idSchema).min(1).max(200),
});

/** For everyone, which only the sender may, or (the default) for me alone. */
const deleteForEveryone = Joi.boolean().default(false);

/** Body of `DELETE /api/chat/message/:messageId`. */
export const deleteBody = Joi.object<{ deleteForEveryone: boolean }>({ deleteForEveryone });

/** `delete:message`. */
export interface DeletePayload {
  messageId: string;
  conversationId?: string;
  deleteForEveryone: boolean;
}
export const deleteSchema = Joi.object<DeletePayload>({
  messageId: idSchema.required(),
  conversationId: chatIdSchema,
  deleteForEveryone,
});

/** A populated user; the name and picture are missing only when the account no longer exists. */
const populatedUser = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  username: Joi.string(),
  firstName: Joi.string().allow(''),
  lastName: Joi.string().allow(''),
  name: Joi.string(),
  avatar: Joi.string().allow(null),
  profileImage: Joi.string().allow(null),
  ...externalUserIdKeys,
}).id('PopulatedUser');

/** A message in the conversation shape. */
export const messageResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  conversationId: Joi.string().required(),
  ...numberFields,
  senderId: populatedUser.required(),
  clientMessageId: Joi.string().allow(null).required(),
  text: Joi.string().allow(null).required(),
  media: Joi.array().items(attachmentResponse).required(),
  ...extraResponseKeys,
  messageType: Joi.string()
    .valid(...MESSAGE_TYPES)
    .required(),
  status: Joi.string().valid('sent', 'delivered', 'read').required(),
  replyTo: Joi.string().allow(null).required(),
  deletedAt: Joi.string().isoDate().allow(null).required(),
  isModerated: Joi.boolean().required(),
  createdAt: Joi.string().isoDate().required(),
  updatedAt: Joi.string().isoDate().required(),
}).id('ConversationMessage');

const participant = populatedUser
  .keys({
    isOnline: Joi.boolean().required(),
    lastSeen: Joi.number()
      .integer()
      .allow(null)
      .required()
      .description('Milliseconds since 1970; null when never'),
  })
  .id('ConversationParticipant');

/** A conversation in the conversation shape. */
export const conversationResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  externalId: externalChatIdResponse,
  participants: Joi.array().items(participant).required(),
  isGroup: Joi.boolean().required(),
  name: Joi.string().allow(null).required(),
  status: Joi.string().valid('pending', 'accepted', 'rejected').required(),
  unreadCount: Joi.number().integer().required(),
  lastMessage: Joi.object({
    id: Joi.string().required(),
    _id: Joi.string().required(),
    text: Joi.string().allow(null).required(),
    senderId: populatedUser.required(),
    messageType: Joi.string().required(),
    status: Joi.string().valid('sent', 'delivered', 'read').required(),
    createdAt: Joi.string().isoDate().required(),
  })
    .id('ConversationLastMessage')
    .allow(null)
    .required(),
  lastMessageAt: Joi.string().isoDate().required(),
  createdAt: Joi.string().isoDate().required(),
  updatedAt: Joi.string().isoDate().required(),
}).id('Conversation');
