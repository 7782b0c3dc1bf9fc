import Joi from 'joi';
import { chatIdSchema, userIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import { emojiSchema } from '../messages/message-changes.schemas.js';
import { nameText, visibleText } from '../../../shared/text-schema.js';
import { id, time } from '../../shared/event.schemas.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';

/** Longest comment in characters. */
const MAX_COMMENT = 500;
/** Longest signal as JSON, in characters: session descriptions have a few thousand. */
const MAX_SIGNAL = 32_768;

/** `start_live` */
export interface StartLivePayload {
  title: string;
  chatId?: string;
}
export const startLiveSchema = Joi.object<StartLivePayload>({
  title: nameText(120).required(),
  chatId: chatIdSchema,
});

/** `join_live`, `leave_live`, `end_live` */
export const liveSchema = Joi.object<{ liveId: string }>({ liveId: idSchema.required() });

/** `live_comment`; `post` also sends the comment to the stream's chat. */
export interface LiveCommentPayload {
  liveId: string;
  content: string;
  post: boolean;
}
export const liveCommentSchema = Joi.object<LiveCommentPayload>({
  liveId: idSchema.required(),
  content: visibleText(MAX_COMMENT).required(),
  post: Joi.boolean().default(false),
});

/** `live_reaction` */
export const liveReactionSchema = Joi.object<{ liveId: string; emoji: string }>({
  liveId: idSchema.required(),
  emoji: emojiSchema.required(),
});

/** `live_signal`: `data` is passed on unchanged; only the WebRTC code of the two clients reads it. */
export interface LiveSignalPayload {
  liveId: string;
  to: string;
  data: unknown;
}
export const liveSignalSchema = Joi.object<LiveSignalPayload>({
  liveId: idSchema.required(),
  to: userIdSchema.required(),
  data: Joi.object()
    .unknown()
    .required()
    .custom((data: unknown, helpers) =>
      JSON.stringify(data).length > MAX_SIGNAL
        ? helpers.error('signal.long', { limit: MAX_SIGNAL })
        : data,
    ),
});

/** A stream in the native shape. */
export const liveResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  liveId: Joi.string().required(),
  title: Joi.string().required(),
  chatId: Joi.string().allow(null).required(),
  hostId: Joi.string().required(),
  host: userCardSchema.required(),
  viewerCount: Joi.number().integer().required(),
  startedAt: Joi.string().isoDate().required(),
}).id('LiveStream');

/** A comment as its author gets it back. */
export const liveCommentResponse = Joi.object({
  liveId: id,
  id,
  userId: id,
  content: Joi.string().required(),
  at: time,
});

/** A reaction that was shown. */
export const liveReactionResponse = Joi.object({ liveId: id, emoji: Joi.string().required() });

/** To whom a signal went. */
export const liveSignalResponse = Joi.object({ liveId: id, to: id });
