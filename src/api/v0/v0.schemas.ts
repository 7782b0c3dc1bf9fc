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
import { chatResponse, lastMessageResponse } from '../shared/chat.schemas.js';
import { userCardSchema } from '../shared/user-card.schemas.js';
import { userIdSchema } from '../../shared/external-ids.js';
import { idSchema } from '../../shared/ids.js';
import { messageTypeSchema } from '../shared/message-type.js';

/** `send_message` and `POST /api/v0/chat/send`: to a person, whose chat is opened when there is none. */
export interface SendBody extends CustomBody {
  receiverId: string;
  message?: string;
  messageType?: MessageType;
  media?: Attachment[];
  replyTo?: string;
  clientMessageId?: string;
}

/** Builds the schema of a message from the longest text allowed; text or media must be there. */
export const sendSchema = (maxLength: number): Joi.ObjectSchema<SendBody> =>
  Joi.object<SendBody>({
    receiverId: userIdSchema.required(),
    ...customKeys('message', captionSchema(maxLength)),
    messageType: messageTypeSchema,
    media: mediaSchema,
    replyTo: idSchema,
    clientMessageId: clientMessageIdSchema,
  }).or('message', 'media');

/** `typing_start` and `typing_stop`. */
export const typingSchema = Joi.object<{ receiverId: string }>({
  receiverId: userIdSchema.required(),
});

/** Path of the conversation with a person. */
export const receiverParams = Joi.object<{ receiverId: string }>({
  receiverId: userIdSchema.required(),
});

/** A message in the v0 shape. */
export const messageResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  conversationId: Joi.string().required(),
  ...numberFields,
  senderId: Joi.string().required(),
  senderName: Joi.string().allow(null).required(),
  sender: userCardSchema.allow(null).required(),
  receiverId: Joi.string().allow(null).required().description('null in chats of more than two'),
  clientMessageId: Joi.string().allow(null).required(),
  message: Joi.string().allow('').required(),
  messageType: Joi.string()
    .valid(...MESSAGE_TYPES)
    .required(),
  media: Joi.array().items(attachmentResponse).required(),
  ...extraResponseKeys,
  replyTo: Joi.string().allow(null).required(),
  status: Joi.string().valid('sent', 'delivered', 'read').required(),
  isRead: Joi.boolean().required(),
  isEdited: Joi.boolean().required(),
  isDeleted: Joi.boolean().required(),
  isModerated: Joi.boolean().required(),
  createdAt: Joi.string().isoDate().required(),
  updatedAt: Joi.string().isoDate().required(),
}).id('V0Message');

/** A conversation in the v0 shape: the native one, its newest message with `message`. */
export const conversationResponse = chatResponse
  .keys({
    conversationId: Joi.string().required(),
    lastMessage: lastMessageResponse
      .keys({ message: Joi.string().allow('').required() })
      .id('V0LastMessage')
      .allow(null)
      .required(),
  })
  .id('V0Conversation');
