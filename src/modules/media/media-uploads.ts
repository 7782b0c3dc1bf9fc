import { rm } from 'node:fs/promises';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { ChatAccess } from '../chats/index.js';
import { refusalToPost } from '../chats/index.js';
import { safeFileName } from './file-name.js';
import type { FileScanner } from './file-scanner.js';
import type { FileInspector } from './file-inspector.js';
import { typeNotAllowed } from './file-type.js';
import type { ImageProcessor } from './image-processor.js';
import type { IncomingFile, UploadTarget } from './incoming-file.js';
import { newMediaRow } from './media-row.js';
import type { MediaDoc } from './media.model.js';
import { prepareFile, temporaryPathsOf } from './prepared-file.js';
import type { StoredFiles } from './stored-files.js';

/** What uploading is built from. */
export interface MediaUploadsParts {
  stored: StoredFiles;
  access: ChatAccess;
  scanner: FileScanner;
  images: ImageProcessor;
  inspector: FileInspector;
  clock: Clock;
}

/** Takes files in: checks, scans, repacks, stores. A file that is refused leaves nothing. */
export class MediaUploads {
  constructor(private readonly parts: MediaUploadsParts) {}

  /**
   * Stores files, all or none.
   *
   * @throws {AppError} as {@link store}; the path of its field errors tells which file it was.
   */
  async storeAll(actor: Actor, files: IncomingFile[], target: UploadTarget): Promise<MediaDoc[]> {
    const stored: MediaDoc[] = [];
    try {
      await this.checkTarget(actor, target);
      for (const [index, file] of files.entries()) {
        const doc = await this.store(actor, file, target).catch((error: unknown) => {
          throw files.length > 1 ? ofFile(error, index, file.name) : error;
        });
        stored.push(doc);
      }
      return stored;
    } catch (error) {
      // What cannot be removed now is nobody's, and goes when the collector comes by.
      await Promise.allSettled(stored.map((doc) => this.parts.stored.discard(doc)));
      throw error;
    } finally {
      await Promise.all(files.map(({ path }) => rm(path, { force: true })));
    }
  }

  /**
   * Stores one file.
   *
   * @param expected the row of a direct upload, which becomes the file's.
   * @throws {AppError} NOT_FOUND or FORBIDDEN for the chat, UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE,
   *   UNSAFE_FILE, INSUFFICIENT_STORAGE, STORAGE_UNAVAILABLE, OVERLOADED.
   */
  async store(
    actor: Actor,
    file: IncomingFile,
    target: UploadTarget,
    expected?: MediaDoc,
  ): Promise<MediaDoc> {
    const { clock, inspector, scanner, stored } = this.parts;
    try {
      await this.checkTarget(actor, target);
      const type = await inspector.type(actor.userId, file.path, file);
      if (target.purpose === 'avatar' && type.kind !== 'image') throw typeNotAllowed();
      await scanner.scan(file.path);
      const prepared = await prepareFile(this.parts, actor.userId, file, type);
      const now = new Date(clock.now());
      const { userId: ownerId } = actor;
      const doc = newMediaRow({ ownerId, name: file.name, target, prepared, now, expected });
      return await stored.add(doc, prepared, expected);
    } finally {
      await Promise.all(temporaryPathsOf(file).map((path) => rm(path, { force: true })));
    }
  }

  /**
   * Checks that the actor may upload there.
   *
   * @throws {AppError} NOT_FOUND, or why nothing may be posted in the chat.
   */
  async checkTarget(actor: Actor, target: UploadTarget): Promise<void> {
    if (target.purpose === 'avatar') return;
    const { chat } = await this.parts.access.member(actor.userId, target.chatId);
    const refusal = refusalToPost(chat);
    if (refusal) throw refusal;
  }
}

/** The same error, told of one file among several. */
const ofFile = (error: unknown, index: number, name: string): unknown => {
  if (!(error instanceof AppError)) return error;
  const label = safeFileName(name, name.split('.').at(-1)?.replace(/\W/g, '') ?? '');
  return new AppError(error.code, `${label}: ${error.message}; nothing was stored`, {
    errors: [{ path: `files.${index}`, message: error.message }],
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    cause: error,
  });
};
