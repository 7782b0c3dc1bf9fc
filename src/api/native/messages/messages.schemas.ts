import Joi from 'joi';
import { chatIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import { pageKeys } from '../../../shared/pagination.js';
import type { Attachment, HistoryQuery, MessageType } from '../../../modules/messages/index.js';
import { messageTypeSchema } from '../../shared/message-type.js';
import type { CustomBody } from '../../shared/message.schemas.js';
import {
  captionSchema,
  clientMessageIdSchema,
  contentSchema,
  customKeys,
  mediaSchema,
  roomSchema,
} from '../../shared/message.schemas.js';

/** Native `send_message`. */
export interface SendTextBody extends CustomBody {
  chatId: string;
  content: string;
  messageType: 'text' | 'custom';
  replyTo?: string;
  clientMessageId?: string;
}

/** Builds the schema of a text message from the longest text allowed. */
export const sendTextSchema = (maxLength: number): Joi.ObjectSchema<SendTextBody> =>
  Joi.object<SendTextBody>({
    chatId: chatIdSchema.required(),
    ...customKeys('content', contentSchema(maxLength).required()),
    messageType: Joi.string<'text' | 'custom'>().valid('text', 'custom').default('text'),
    replyTo: idSchema,
    clientMessageId: clientMessageIdSchema,
  });

/** Native `send_media`; without `messageType` the first attachment decides the message's type. */
export interface SendMediaBody extends CustomBody {
  chatId: string;
  messageType?: MediaType | 'custom';
  media: Attachment[];
  content?: string;
  replyTo?: string;
  clientMessageId?: string;
}
type MediaType = Attachment['type'];

const mediaKeys = (maxLength: number) => ({
  chatId: chatIdSchema.required(),
  messageType: Joi.string<MediaType | 'custom'>().valid(
    'image',
    'video',
    'audio',
    'file',
    'custom',
  ),
  ...customKeys('content', captionSchema(maxLength)),
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
  messageType?: MessageType;
  media?: Attachment[];
}

/** Builds the schema of any message from the longest text allowed. */
export const sendAnywhereSchema = (maxLength: number): Joi.ObjectSchema<SendAnywhereBody> =>
  Joi.object<SendAnywhereBody>({
    ...mediaKeys(maxLength),
    chatId: chatIdSchema,
    room: roomSchema,
    messageType: messageTypeSchema,
    media: mediaSchema,
  })
    .xor('chatId', 'room')
    .or('content', 'media');

/** A text, attachments, or both, for a chat that is known. */
export type SendBody = Omit<SendAnywhereBody, 'chatId' | 'room'> & { chatId: string };

/** The input of {@link SendMessage}: the client gives the message's type, or its attachments decide it. */
export const toSendInput = ({ messageType, media = [], content = '', ...rest }: SendBody) => {
  const isText = media.length === 0 && messageType !== 'custom';
  const said = messageType === 'text' ? undefined : messageType;
  return {
    ...rest,
    content,
    media,
    messageType: isText ? ('text' as const) : said,
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
  .keys({ chatId: chatIdSchema, room: roomSchema })
  .oxor('chatId', 'room');
