import type { RequestHandler } from 'express';
import Joi from 'joi';
import { bearerToken } from '../../../transport/http/router.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { AppError, notFound } from '../../../shared/errors.js';
import { validate } from '../../../shared/validate.js';
import type { LinkQuery, MediaApi, MediaLinks, MediaRecord } from '../../../modules/media/index.js';
import { deliver } from './media-delivery.js';
import { presentFor } from './media.shapes.js';
import {
  chatUploadBody,
  completeBody,
  deletedFileResponse,
  directUploadQuery,
  fileBody,
  fileParams,
  linkQuery,
  mediaResponse,
  uploadTokenQuery,
  uploadTokenResponse,
} from './media.schemas.js';
import type { UploadFormRule } from './upload-form.js';
import { receivedFiles, uploadForm } from './upload-form.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Media';
/** Longest time for an upload in milliseconds: repacking, scanning and a remote store are slow. */
export const UPLOAD_TIMEOUT_MS = 10 * 60_000;
/** Files of one bulk upload. */
const MAX_BULK = 10;

/** REST endpoints for uploads, and the one that serves them. */
export const mediaRoutes = ({ media, authenticator }: UseCases): AnyRoute[] => {
  const { uploads, library, direct, links, storage, temporary, maxSize } = media;
  const form = (rule: Pick<UploadFormRule, 'field' | 'maxFiles'>): RequestHandler =>
    uploadForm(temporary, { ...rule, maxSize });
  return [
    route({
      method: 'post',
      path: '/api/media/upload-chat-media',
      summary: 'Upload a file to a chat; the answer is what `send_media` takes',
      tag,
      auth: 'user',
      userLimit: 'uploads',
      shedAs: 'work',
      middleware: [form({ field: 'file', maxFiles: 1 })],
      files: { file: { description: 'The file' } },
      body: chatUploadBody,
      response: mediaResponse,
      status: 201,
      timeoutMs: UPLOAD_TIMEOUT_MS,
      handle: async ({ actor, body: { chatId }, req }) => {
        const files = receivedFiles(req, 'file');
        const file = await uploads.store(actor.userId, files[0]!, { purpose: 'chat', chatId });
        return { data: presentFor(links, file, actor.userId) };
      },
    }),
    route({
      method: 'post',
      path: '/api/media/bulk-upload',
      summary: `Upload up to ${MAX_BULK} files to a chat: all are stored, or none`,
      tag,
      auth: 'user',
      userLimit: 'uploads',
      shedAs: 'work',
      middleware: [form({ field: 'files', maxFiles: MAX_BULK })],
      files: { files: { description: `1 to ${MAX_BULK} files`, multiple: true } },
      body: chatUploadBody,
      response: Joi.array().items(mediaResponse),
      status: 201,
      timeoutMs: UPLOAD_TIMEOUT_MS,
      handle: async ({ actor, body: { chatId }, req }) => {
        const files = receivedFiles(req, 'files');
        const stored = await uploads.storeAll(actor.userId, files, { purpose: 'chat', chatId });
        return { data: stored.map((file) => presentFor(links, file, actor.userId)) };
      },
    }),
    route({
      method: 'get',
      path: '/api/media/get-upload-token',
      summary: 'Permission to upload one file directly, within ten minutes',
      tag,
      auth: 'user',
      userLimit: 'reads',
      query: uploadTokenQuery,
      response: uploadTokenResponse,
      handle: async ({ actor, query }) => ({
        data: await direct.allow(actor.userId, query.chatId, query.filename),
      }),
    }),
    route({
      method: 'post',
      path: '/api/media/direct-upload',
      summary: 'Upload a file by a permission, as `uploadUrl` of local storage says',
      tag,
      auth: 'none',
      shedAs: 'work',
      middleware: [checkPermission(links), form({ field: 'file', maxFiles: 1 })],
      files: { file: { description: 'The file' } },
      query: directUploadQuery,
      response: mediaResponse,
      status: 201,
      timeoutMs: UPLOAD_TIMEOUT_MS,
      handle: async ({ query, req }) => {
        const [received] = receivedFiles(req, 'file');
        const file = await direct.receive(query.fileId, received!);
        return { data: presentFor(links, file, file.ownerId.toHexString()) };
      },
    }),
    route({
      method: 'post',
      path: '/api/media/complete',
      summary: 'Take over a file that was uploaded directly to a remote store',
      tag,
      auth: 'user',
      userLimit: 'uploads',
      body: completeBody,
      shedAs: 'work',
      response: mediaResponse,
      timeoutMs: UPLOAD_TIMEOUT_MS,
      handle: async ({ actor: { userId }, body: { fileId, filename } }) => ({
        data: presentFor(links, await direct.complete(userId, fileId, filename), userId),
      }),
    }),
    route({
      method: 'get',
      path: '/api/media/:fileId/metadata',
      summary: 'A file’s facts, and fresh addresses of its content',
      tag,
      auth: 'user',
      userLimit: 'reads',
      params: fileParams,
      response: mediaResponse,
      handle: async ({ actor, params }) => ({
        data: presentFor(links, await library.find(actor.userId, params.fileId), actor.userId),
      }),
    }),
    route({
      method: 'post',
      path: '/api/media/delete',
      summary: 'Remove an upload of mine that no message uses',
      tag,
      auth: 'user',
      userLimit: 'writes',
      body: fileBody,
      response: deletedFileResponse,
      handle: async ({ actor, body: { fileId } }) => {
        await library.remove(actor.userId, fileId);
        return { data: { fileId, deleted: true } };
      },
    }),
    route({
      method: 'get',
      path: '/media/:fileId',
      summary: 'The content of a file: by a signed address, or with a token; Range and ETag work',
      tag,
      // A signed address works without a token, so that <img> can load it.
      auth: 'none',
      limit: 'files',
      params: fileParams,
      query: linkQuery,
      handle: async ({ params: { fileId }, query, req, res }) => {
        const file = await findFor(
          { library, links, authenticator },
          fileId,
          query,
          bearerToken(req),
        );
        await deliver(storage, file, query.v ?? 'full', res);
        return undefined;
      },
    }),
  ];
};

/** Checked before the form is read, so that nobody can fill the disk without a permission. */
const checkPermission =
  (links: MediaLinks): RequestHandler =>
  (req, _res, next) => {
    const { signature, ...upload } = validate(directUploadQuery, req.query);
    if (!links.isUploadAllowed(upload, signature)) {
      throw new AppError('FORBIDDEN', 'This permission is not valid or has expired');
    }
    next();
  };

/** Finds the file that the request may read: by a signature, a token, or neither for pictures of people. */
const findFor = async (
  {
    library,
    links,
    authenticator,
  }: Pick<MediaApi, 'library' | 'links'> & Pick<UseCases, 'authenticator'>,
  fileId: string,
  query: LinkQuery,
  token: string | undefined,
): Promise<MediaRecord> => {
  const proof = links.verify(fileId, query);
  if (proof) return library.findByLink(proof, fileId);
  if (token !== undefined) {
    const { userId } = await authenticator.authenticate(token);
    return library.find(userId, fileId);
  }
  const avatar = await library.findAvatar(fileId);
  if (avatar) return avatar;
  if (query.s === undefined) throw new AppError('UNAUTHENTICATED', 'A token is needed');
  throw notFound('File');
};
