import Joi from 'joi';
import { chatIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import { pageKeys } from '../../../shared/pagination.js';
import { text } from '../../../shared/text-schema.js';
import {
  captionSchema,
  clientMessageIdSchema,
  messageResponse,
  roomSchema,
} from '../../shared/message.schemas.js';
import { ownUserSchema } from '../users/users.schemas.js';
import type { LinkQuery, MediaKind, RoomFilesQuery } from '../../../modules/media/index.js';

const KINDS = ['image', 'video', 'audio', 'file'] as const;
const kindSchema = Joi.string<MediaKind>().valid(...KINDS);

/** Text fields of an upload to a chat. */
export const chatUploadBody = Joi.object<{ chatId: string }>({ chatId: chatIdSchema.required() });

/** Path of everything about one file. */
export const fileParams = Joi.object<{ fileId: string }>({ fileId: idSchema.required() });

/** Which file: `POST /api/media/delete`. */
export const fileBody = Joi.object<{ fileId: string }>({ fileId: idSchema.required() });

/** The client's name of a file that it uploads to a remote store, which does not keep names. */
const fileNameSchema = text(255).description('Name of the file for people');

/** The uploaded file: `POST /api/media/complete`. */
export interface CompleteBody {
  fileId: string;
  filename?: string;
}
export const completeBody = Joi.object<CompleteBody>({
  fileId: idSchema.required(),
  filename: fileNameSchema,
});

/** The signed part of a file's address; see {@link LinkQuery}. */
export const linkQuery = Joi.object<LinkQuery>({
  e: Joi.number().integer().min(0),
  s: Joi.string().max(64),
  u: idSchema,
  v: Joi.string<'thumbnail'>().valid('thumbnail'),
}).and('e', 's');

/** Query of `GET /api/media/get-upload-token`; without `chatId` the file gets its chat when it is sent. */
export interface UploadTokenQuery {
  chatId?: string;
  filename?: string;
}
export const uploadTokenQuery = Joi.object<UploadTokenQuery>({
  chatId: chatIdSchema,
  filename: fileNameSchema,
});

/** The proof of a permission to upload directly. */
export interface DirectUploadQuery {
  fileId: string;
  token: string;
  expire: number;
  signature: string;
}
export const directUploadQuery = Joi.object<DirectUploadQuery>({
  fileId: idSchema.required(),
  token: Joi.string().max(64).required(),
  expire: Joi.number().integer().min(0).required(),
  signature: Joi.string().max(64).required(),
});

/** A stored file. */
export const mediaResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  fileId: Joi.string().required(),
  url: Joi.string().required(),
  thumbnailUrl: Joi.string().allow(null).required(),
  messageType: kindSchema.required(),
  type: kindSchema.required(),
  filename: Joi.string().required(),
  size: Joi.number().integer().required().description('Bytes'),
  mimeType: Joi.string().required(),
  width: Joi.number().integer().allow(null).required().description('Pixels, of images'),
  height: Joi.number().integer().allow(null).required().description('Pixels, of images'),
  duration: Joi.number()
    .allow(null)
    .required()
    .description('Seconds, of sound and films whose headers say so'),
  createdAt: Joi.string().isoDate().required(),
}).id('Media');

/** A permission to upload one file directly. */
export const uploadTokenResponse = Joi.object({
  fileId: Joi.string().required(),
  token: Joi.string().required(),
  expire: Joi.number().integer().required().description('Unix time in seconds'),
  signature: Joi.string().required(),
  uploadUrl: Joi.string().required().description('Where to send the form'),
  method: Joi.string().valid('POST').required(),
  fields: Joi.object()
    .pattern(Joi.string(), Joi.string())
    .required()
    .description('Form fields to send before the field `file`'),
}).id('UploadToken');

/** Outcome of a removal. */
export const deletedFileResponse = Joi.object({
  fileId: Joi.string().required(),
  deleted: Joi.boolean().required(),
});

/** The new picture, and the profile with it. */
export const avatarResponse = Joi.object({
  avatar: Joi.string().required(),
  url: Joi.string().required(),
  user: ownUserSchema.required(),
}).id('Avatar');

/** Text fields of `POST /api/files/upload`: a room by name, or a chat by id. */
export interface SharedFileBody {
  room?: string;
  chatId?: string;
  content?: string;
  clientMessageId?: string;
}
export const sharedFileBody = Joi.object<SharedFileBody>({
  room: roomSchema,
  chatId: chatIdSchema,
  content: captionSchema(1000),
  clientMessageId: clientMessageIdSchema,
}).xor('room', 'chatId');

/** A shared file and its message. */
export const sharedFileResponse = mediaResponse
  .keys({ messageId: Joi.string().required(), message: messageResponse.required() })
  .id('SharedFile');

/** Path of a room's files. */
export const roomParams = Joi.object<{ room: string }>({ room: roomSchema.required() });

/** Query of a room's files. */
export const roomFilesQuery = Joi.object<RoomFilesQuery>({ ...pageKeys, type: kindSchema });

/** Path of a shared file's message. */
export const fileMessageParams = Joi.object<{ messageId: string }>({
  messageId: idSchema.required(),
});

/** Outcome of removing a shared file. */
export const deletedSharedFileResponse = Joi.object({
  messageId: Joi.string().required(),
  deleted: Joi.boolean().required(),
});

const tally = Joi.object({
  count: Joi.number().integer().required(),
  size: Joi.number().integer().required().description('Bytes'),
});

/** Numbers of a room's files. */
export const fileStatsResponse = Joi.object({
  room: Joi.string().required(),
  chatId: Joi.string().required(),
  totalFiles: Joi.number().integer().required(),
  totalSize: Joi.number().integer().required().description('Bytes'),
  byType: Joi.object({
    image: tally.required(),
    video: tally.required(),
    audio: tally.required(),
    file: tally.required(),
  }).required(),
}).id('FileStats');
