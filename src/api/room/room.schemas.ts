import Joi from 'joi';
import type { Attachment, MessageType } from '../../modules/messages/index.js';
import type { CustomBody } from '../shared/message.schemas.js';
import {
  captionSchema,
  clientMessageIdSchema,
  customKeys,
  mediaSchema,
  messageResponse as nativeMessage,
  roomSchema,
} from '../shared/message.schemas.js';
import type { UserStatus } from '../../modules/users/index.js';
import { idSchema } from '../../shared/ids.js';
import { removableText } from '../../shared/text-schema.js';
import { statusSchema } from '../shared/presence.schemas.js';
import { userCardSchema } from '../shared/user-card.schemas.js';
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
export const statusPayload = Joi.alternatives<StatusPayload>().try(
  Joi.object({
    status: statusSchema.required(),
    customStatus: removableText(100),
  }),
  statusSchema,
);

/** A message in the room dialect: the native one, with the room's name. */
export const messageResponse = nativeMessage
  .keys({ room: Joi.string().required().description("The room's slug, or the chat's id") })
  .id('RoomMessage');

/** Who of a room is online. */
export const onlineUsersResponse = Joi.object({
  room: Joi.string().required(),
  count: Joi.number().integer().required(),
  users: Joi.array()
    .items(
      userCardSchema
        .keys({ userId: Joi.string().required(), status: statusSchema.required() })
        .id('RoomUser'),
    )
    .required(),
}).id('RoomOnlineUsers');

/** The same, for somebody who has joined. */
export const joinedResponse = onlineUsersResponse.keys({ chatId: Joi.string().required() }).id();

/** The room that was left. */
export const leftResponse = Joi.object({
  room: Joi.string().required(),
  chatId: Joi.string().required(),
});

/** The room of a command. */
export const roomResponse = Joi.object({ room: Joi.string().required() });

/** The reader's position now, and the messages that it newly covers. */
export const readResponse = Joi.object({
  room: Joi.string().required(),
  chatId: Joi.string().required(),
  lastReadSeq: Joi.number().integer().required(),
  messageIds: Joi.array().items(Joi.string()).required(),
});
