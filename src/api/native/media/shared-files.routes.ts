import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { messageResponse } from '../../shared/message.schemas.js';
import { presentMessage } from '../../shared/message.shapes.js';
import { presentOwnUser } from '../users/users.shapes.js';
import { UPLOAD_TIMEOUT_MS } from './media.routes.js';
import { presentFor } from './media.shapes.js';
import {
  avatarResponse,
  deletedSharedFileResponse,
  fileMessageParams,
  fileStatsResponse,
  roomFilesQuery,
  roomParams,
  sharedFileBody,
  sharedFileResponse,
} from './media.schemas.js';
import { MEGABYTE } from '../../../modules/media/index.js';
import { receivedFiles, uploadForm } from './upload-form.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Files';
/** Shared files and pictures of people; chat uploads may be larger. */
const MAX_SIZE = 10 * MEGABYTE;

/** REST endpoints for files in rooms, and for one's picture. */
export const sharedFileRoutes = ({ sharedFiles: files, media }: UseCases): AnyRoute[] => {
  const { avatars, links, temporary } = media;
  const form = (field: string) => uploadForm(temporary, { field, maxFiles: 1, maxSize: MAX_SIZE });
  return [
    route({
      method: 'post',
      path: '/api/files/upload',
      summary: 'Share a file of up to 10 MB in a room: uploads it and sends the message',
      tag,
      auth: 'user',
      userLimit: 'uploads',
      shedAs: 'work',
      middleware: [form('file')],
      files: { file: { description: 'The file' } },
      body: sharedFileBody,
      response: sharedFileResponse,
      status: 201,
      timeoutMs: UPLOAD_TIMEOUT_MS,
      handle: async ({ actor, body, req }) => {
        const [received] = receivedFiles(req, 'file');
        const { file, sent } = await files.share(actor, received!, body);
        const message = presentMessage(sent.message, sent.sender, 'sent');
        return {
          data: { ...presentFor(links, file, actor.userId), messageId: message.id, message },
        };
      },
    }),
    route({
      method: 'get',
      path: '/api/files/media/:room',
      summary: 'Messages of a room that carry files, newest first',
      tag,
      auth: 'user',
      userLimit: 'reads',
      params: roomParams,
      query: roomFilesQuery,
      response: Joi.array().items(messageResponse),
      paginated: true,
      handle: async ({ actor, params, query }) => {
        const { views, pagination } = await files.list(actor, params.room, query);
        const data = views.map((view) => presentMessage(view.message, view.sender, view.status));
        return { data, pagination };
      },
    }),
    route({
      method: 'delete',
      path: '/api/files/:messageId',
      summary: 'Delete a file of mine with its message, for everyone',
      tag,
      auth: 'user',
      userLimit: 'changes',
      params: fileMessageParams,
      response: deletedSharedFileResponse,
      handle: async ({ actor, params: { messageId } }) => {
        await files.remove(actor, messageId);
        return { data: { messageId, deleted: true } };
      },
    }),
    route({
      method: 'get',
      path: '/api/files/stats/:room',
      summary: 'How many files of which kind a room has, and their size',
      tag,
      auth: 'user',
      userLimit: 'reads',
      params: roomParams,
      response: fileStatsResponse,
      handle: async ({ actor, params }) => ({ data: await files.stats(actor, params.room) }),
    }),
    route({
      method: 'post',
      path: '/api/users/avatar',
      summary: 'Set my picture: an image of up to 10 MB',
      tag,
      auth: 'user',
      userLimit: 'uploads',
      middleware: [form('avatar')],
      files: { avatar: { description: 'The image' } },
      response: avatarResponse,
      timeoutMs: UPLOAD_TIMEOUT_MS,
      handle: async ({ actor, req }) => {
        const [file] = receivedFiles(req, 'avatar');
        const shown = presentOwnUser(await avatars.set(actor.userId, file!));
        return { data: { avatar: shown.avatar, url: shown.avatar, user: shown } };
      },
    }),
  ];
};
