import Joi from 'joi';
import { idSchema } from '../../../shared/ids.js';
import { pageKeys } from '../../../shared/pagination.js';
import { userCardSchema } from '../users/users.schemas.js';
import type { HistoryQuery } from '../../../modules/messages/message-history.js';
import type { Attachment } from '../../../modules/messages/message.model.js';
import { MESSAGE_TYPES } from '../../../modules/messages/message.model.js';

/** A message's client-made id: a UUID or anything of that kind. */
export const clientMessageIdSchema = Joi.string()
  .min(1)
  .max(128)
  .example('5f0c7d1e-3a44-4f0a-9d57-0a2b6f0c1d2e');

/** The text of a message, trimmed of nothing; at most `maxLength` characters. */
export const contentSchema = (maxLength: number): Joi.StringSchema =>
  Joi.string().min(1).max(maxLength).pattern(/\S/, 'something other than white space');

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
  filename: Joi.string().max(255),
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

/** One attachment or several. */
export const mediaSchema = Joi.array().items(attachmentSchema).single().min(1).max(10);

/** The name of a room, or the id of any chat. */
export const roomSchema = Joi.string().trim().min(1).max(64).example('general');

/** Native `send_message`. */
export interface SendTextBody {
  chatId: string;
  content: string;
  replyTo?: string;
  clientMessageId?: string;
}

/** Builds the schema of a text message from the longest text allowed. */
export const sendTextSchema = (maxLength: number): Joi.ObjectSchema<SendTextBody> =>
  Joi.object<SendTextBody>({
    chatId: idSchema.required(),
    content: contentSchema(maxLength).required(),
    replyTo: idSchema,
    clientMessageId: clientMessageIdSchema,
  });

/** Native `send_media`; without `messageType` the first attachment says what the message is. */
export interface SendMediaBody {
  chatId: string;
  messageType?: MediaType;
  media: Attachment[];
  content?: string;
  replyTo?: string;
  clientMessageId?: string;
}
type MediaType = Attachment['type'];

const mediaKeys = (maxLength: number) => ({
  chatId: idSchema.required(),
  messageType: Joi.string<MediaType>().valid('image', 'video', 'audio', 'file'),
  content: contentSchema(maxLength).allow(''),
  replyTo: idSchema,
  clientMessageId: clientMessageIdSchema,
});

/** Builds the schema of a media message from the longest caption allowed. */
export const sendMediaSchema = (maxLength: number): Joi.ObjectSchema<SendMediaBody> =>
  Joi.object<SendMediaBody>({ ...mediaKeys(maxLength), media: mediaSchema.required() });

/** Body of `POST /api/messages`: a text, attachments, or both; to a chat, or to a room by its name. */
export interface SendAnywhereBody extends Omit<SendMediaBody, 'chatId' | 'messageType' | 'media'> {
  chatId?: string;
  room?: string;
  messageType?: MediaType | 'text';
  media?: Attachment[];
}

/** Builds the schema of any message from the longest text allowed. */
export const sendAnywhereSchema = (maxLength: number): Joi.ObjectSchema<SendAnywhereBody> =>
  Joi.object<SendAnywhereBody>({
    ...mediaKeys(maxLength),
    chatId: idSchema,
    room: roomSchema,
    messageType: Joi.string<MediaType | 'text'>().valid('text', 'image', 'video', 'audio', 'file'),
    content: contentSchema(maxLength),
    media: mediaSchema,
  })
    .xor('chatId', 'room')
    .or('content', 'media');

/** A text, attachments, or both, for a chat that is known. */
export type SendBody = Omit<SendAnywhereBody, 'chatId' | 'room'> & { chatId: string };

/** What a client's message is for {@link SendMessage}: its attachments say what it is, or the client. */
export const toSendInput = ({ messageType, media = [], content = '', ...rest }: SendBody) => {
  const isText = media.length === 0;
  const said = messageType === 'text' ? undefined : messageType;
  return {
    ...rest,
    content,
    media,
    messageType: isText ? ('text' as const) : (said ?? media[0]?.type ?? 'file'),
  };
};

/** Query of a message list. */
export const historyQuery = Joi.object<HistoryQuery>({
  ...pageKeys,
  before: Joi.number().integer().min(0),
  after: Joi.number().integer().min(0),
  around: Joi.number().integer().min(0),
}).oxor('before', 'after', 'around');

/** Query of `GET /api/messages`; one of `chatId` and `room`, or neither. */
export type MessageListQuery = HistoryQuery & { chatId?: string; room?: string };
export const messageListQuery = (historyQuery as Joi.ObjectSchema<MessageListQuery>)
  .keys({ chatId: idSchema, room: roomSchema })
  .oxor('chatId', 'room');

/** A message in the native shape. */
export const messageResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  chatId: Joi.string().required(),
  seq: Joi.number().integer().required(),
  version: Joi.number().integer().required(),
  senderId: Joi.string().required(),
  sender: userCardSchema.allow(null).required(),
  clientMessageId: Joi.string().allow(null).required(),
  messageType: Joi.string()
    .valid(...MESSAGE_TYPES)
    .required(),
  content: Joi.string().allow('').required(),
  media: Joi.array().items(Joi.object().unknown()).required(),
  replyTo: Joi.string().allow(null).required(),
  replyToSeq: Joi.number().integer().allow(null).required(),
  mentions: Joi.array().items(Joi.string()).required(),
  reactions: Joi.array()
    .items(
      Joi.object({
        userId: Joi.string().required(),
        emoji: Joi.string().required(),
        at: Joi.string().isoDate().required(),
      }),
    )
    .required(),
  status: Joi.string().valid('sent', 'delivered', 'read').required(),
  isEdited: Joi.boolean().required(),
  editedAt: Joi.string().isoDate().allow(null).required(),
  isDeleted: Joi.boolean().required(),
  deletedAt: Joi.string().isoDate().allow(null).required(),
  deletedBy: Joi.string().allow(null).required(),
  isPinned: Joi.boolean().required(),
  pinnedAt: Joi.string().isoDate().allow(null).required(),
  system: Joi.object().unknown().allow(null).required(),
  forwardedFrom: Joi.object({
    senderId: Joi.string().required(),
    messageId: Joi.string().required(),
  })
    .allow(null)
    .required(),
  createdAt: Joi.string().isoDate().required(),
  updatedAt: Joi.string().isoDate().required(),
}).id('Message');
