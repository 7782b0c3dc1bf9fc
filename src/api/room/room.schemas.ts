import Joi from 'joi';
import type { Attachment, MessageType } from '../../modules/messages/index.js';
import type { CustomBody } from '../shared/message.schemas.js';
import {
  captionSchema,
  clientMessageIdSchema,
  customKeys,
  mediaSchema,
  roomSchema,
} from '../shared/message.schemas.js';
import type { UserStatus } from '../../modules/users/index.js';
import { USER_STATUSES } from '../../modules/users/index.js';
import { idSchema } from '../../shared/ids.js';
import { removableText } from '../../shared/text-schema.js';
import { messageTypeSchema } from '../shared/message-type.js';

/** `join-room`, `leave-room`, `typing-start`, `typing-stop`, `online-users`: `{room}` or the bare name. */
export type RoomPayload = string | { room: string };
export const roomPayload = Joi.alternatives<RoomPayload>().try(
  Joi.object({ room: roomSchema.required() }),
  roomSchema,
);

/** The name in a payload of either form. */
export const roomIn = (payload: RoomPayload): string =>
  typeof payload === 'string' ? payload : payload.room;

/** `send-message`: `content`, `media` or both. */
export interface SendPayload extends CustomBody {
  room: string;
  content?: string;
  messageType?: MessageType;
  media?: Attachment[];
  replyTo?: string;
  clientMessageId?: string;
}

/** Builds the schema of a message from the longest text allowed. */
export const sendSchema = (maxLength: number): Joi.ObjectSchema<SendPayload> =>
  Joi.object<SendPayload>({
    room: roomSchema.required(),
    ...customKeys('content', captionSchema(maxLength)),
    messageType: messageTypeSchema,
    media: mediaSchema,
    replyTo: idSchema,
    clientMessageId: clientMessageIdSchema,
  }).or('content', 'media');

/** `message-read`: one message; the room may be left out, because the message determines it. */
export const readSchema = Joi.object<{ messageId: string; room?: string }>({
  messageId: idSchema.required(),
  room: roomSchema,
});

/** `user-status`: `{status, customStatus?}` or the bare status; `offline` hides the user. */
export type StatusPayload = UserStatus | { status: UserStatus; customStatus?: string };
const statusSchema = Joi.string<UserStatus>().valid(...USER_STATUSES);
export const statusPayload = Joi.alternatives<StatusPayload>().try(
  Joi.object({
    status: statusSchema.required(),
    customStatus: removableText(100),
  }),
  statusSchema,
);
