import { rm } from 'node:fs/promises';
import { Types } from 'mongoose';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { StorageDriver } from '../../platform/storage/storage-driver.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { ChatAccess } from '../chats/index.js';
import { refusalToPost } from '../chats/index.js';
import { digestOf } from './file-digest.js';
import { safeFileName } from './file-name.js';
import type { FileScanner } from './file-scanner.js';
import type { AllowedType } from './file-type.js';
import { detectType, typeNotAllowed } from './file-type.js';
import type { ImageProcessor } from './image-processor.js';
import { THUMBNAIL_TYPE } from './image-processor.js';
import { playTimeOf } from './play-time.js';
import type { MediaDoc } from './media.model.js';

/** A file that has come in, in a temporary place. */
export interface IncomingFile {
  path: string;
  /** What the client calls it. */
  name: string;
  mimeType: string;
  /** Bytes. */
  size: number;
}

/** What a file is uploaded for. */
export type UploadTarget = { purpose: 'chat'; chatId: string } | { purpose: 'avatar' };

/** What uploading is built from. */
export interface MediaUploadsParts {
  media: Model<MediaDoc>;
  storage: StorageDriver;
  access: ChatAccess;
  scanner: FileScanner;
  images: ImageProcessor;
  clock: Clock;
  /** Bytes that a user may have stored; 0 for any number. */
  quota: number;
}

/** Content as it goes to the store. */
interface Prepared {
  type: AllowedType;
  path: string;
  /** Bytes. */
  size: number;
  thumbnailPath?: string;
  thumbnailSize?: number;
  width?: number;
  height?: number;
  /** Seconds. */
  duration?: number;
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
      await Promise.all(stored.map((doc) => this.discard(doc)));
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
   *   UNSAFE_FILE, INSUFFICIENT_STORAGE, STORAGE_UNAVAILABLE.
   */
  async store(
    actor: Actor,
    file: IncomingFile,
    target: UploadTarget,
    expected?: MediaDoc,
  ): Promise<MediaDoc> {
    const temporary = [file.path];
    try {
      await this.checkTarget(actor, target);
      const type = await detectType(file.path, file);
      if (target.purpose === 'avatar' && type.kind !== 'image') throw typeNotAllowed();
      await this.parts.scanner.scan(file.path);
      temporary.push(`${file.path}.full`, `${file.path}.thumb`);
      const prepared = await this.prepare(file, type);
      const doc = this.rowOf(actor, file, target, prepared, expected);
      await this.reserve(doc, expected !== undefined);
      return await this.write(doc, prepared, expected);
    } finally {
      await Promise.all(temporary.map((path) => rm(path, { force: true })));
    }
  }

  /** Removes a file and its row; a store that does not answer keeps the row, for the next round. */
  async discard(doc: MediaDoc): Promise<void> {
    const { media, storage } = this.parts;
    if (doc.directKey !== undefined) await storage.remove(doc.directKey);
    await this.removeContent(doc);
    await media.deleteOne({ _id: doc._id });
  }

  private async removeContent({ key, ref, thumbnail }: MediaDoc): Promise<void> {
    const { storage } = this.parts;
    await storage.remove(key, ref);
    if (thumbnail) await storage.remove(thumbnail.key, thumbnail.ref);
  }

  /**
   * Removes a file that nothing used when it was looked for.
   *
   * @returns false when a message has taken it since.
   */
  async withdraw(doc: MediaDoc): Promise<boolean> {
    // From here on no message can take it; a round of the collector ends what is begun.
    const { matchedCount } = await this.parts.media.updateOne(
      { _id: doc._id, status: doc.status, uncertainSince: doc.uncertainSince ?? null },
      { $set: { status: 'storing', uncertainSince: doc.uncertainSince ?? doc.createdAt } },
    );
    if (matchedCount === 0) return false;
    await this.discard(doc);
    return true;
  }

  /** Removes what a client once put into the store itself, for the case that it came again. */
  async discardDirect({ _id, directKey }: MediaDoc): Promise<void> {
    if (directKey === undefined) return;
    await this.parts.storage.remove(directKey);
    await this.parts.media.updateOne({ _id }, { $unset: { directKey: 1 } });
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

  private async prepare(file: IncomingFile, type: AllowedType): Promise<Prepared> {
    if (type.kind !== 'image') {
      const duration = await playTimeOf(file.path, type);
      return {
        type,
        path: file.path,
        size: file.size,
        ...(duration !== undefined && { duration }),
      };
    }
    const path = `${file.path}.full`;
    const thumbnailPath = `${file.path}.thumb`;
    const format = type.mimeType.slice('image/'.length);
    const image = await this.parts.images.process(file.path, format, path, thumbnailPath);
    return { type, path, thumbnailPath, ...image };
  }

  private rowOf(
    actor: Actor,
    file: IncomingFile,
    target: UploadTarget,
    { type, size, thumbnailPath, thumbnailSize = 0, width, height, duration }: Prepared,
    expected: MediaDoc | undefined,
  ): MediaDoc {
    const _id = expected?._id ?? new Types.ObjectId();
    const folder =
      target.purpose === 'chat'
        ? `uploads/chat/${target.chatId}`
        : `uploads/avatar/${actor.userId}`;
    const base = `${folder}/${_id.toHexString()}`;
    const now = new Date(this.parts.clock.now());
    return {
      _id,
      ownerId: objectId(actor.userId),
      purpose: target.purpose,
      chatIds: target.purpose === 'chat' ? [objectId(target.chatId)] : [],
      status: 'storing',
      kind: type.kind,
      filename: safeFileName(file.name, type.extension),
      mimeType: type.mimeType,
      size: size + thumbnailSize,
      key: `${base}.${type.extension}`,
      ...(thumbnailPath && {
        thumbnail: { key: `${base}-thumb.webp`, mimeType: THUMBNAIL_TYPE },
      }),
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
      ...(duration !== undefined && { duration }),
      createdAt: now,
      uncertainSince: now,
      ...(expected && { directKey: expected.key }),
    };
  }

  /**
   * Writes the row before the file, so that two uploads at the same time both count, and a crash leaves
   * a trace by which the file is found and removed.
   */
  private async reserve(doc: MediaDoc, isExpected: boolean): Promise<void> {
    const { media, quota } = this.parts;
    if (isExpected) await media.replaceOne({ _id: doc._id }, doc);
    else await media.create(doc);
    if (quota === 0) return;
    const mine = await media.find({ ownerId: doc.ownerId }, { size: 1, _id: 0 }).lean();
    if (mine.reduce((sum, { size }) => sum + size, 0) <= quota) return;
    // What the client has put into the store itself must not stay there without a row.
    if (isExpected) await this.discard(doc).catch(() => undefined);
    else await media.deleteOne({ _id: doc._id });
    throw new AppError('INSUFFICIENT_STORAGE', 'You have used up your room for uploads');
  }

  private async write(
    doc: MediaDoc,
    prepared: Prepared,
    expected: MediaDoc | undefined,
  ): Promise<MediaDoc> {
    const { media, storage } = this.parts;
    const { key, mimeType, thumbnail } = doc;
    let hasContent = false;
    try {
      const digest = await digestOf(prepared.path);
      const ref = await storage.put(prepared.path, { key, mimeType, size: prepared.size });
      hasContent = true;
      const facts: Partial<MediaDoc> = { status: 'ready', digest, ...(ref && { ref }) };
      if (thumbnail && prepared.thumbnailPath !== undefined) {
        const small = { ...thumbnail, size: prepared.thumbnailSize ?? 0 };
        const thumbnailRef = await storage.put(prepared.thumbnailPath, small);
        if (thumbnailRef) facts.thumbnail = { ...thumbnail, ref: thumbnailRef };
      }
      await media.updateOne({ _id: doc._id }, { $set: facts });
      return { ...doc, ...facts };
    } catch (error) {
      // The store may be away now; then the row stays, and the collector finishes this.
      if (!hasContent && !expected) await media.deleteOne({ _id: doc._id });
      else await this.undo(doc, hasContent, expected).catch(() => undefined);
      throw error;
    }
  }

  /** Takes back what was written; a direct upload can then be completed again. */
  private async undo(
    doc: MediaDoc,
    hasContent: boolean,
    expected: MediaDoc | undefined,
  ): Promise<void> {
    if (!expected) return this.discard(doc);
    if (hasContent) await this.removeContent(doc);
    await this.parts.media.replaceOne({ _id: doc._id }, { ...expected, status: 'expected' });
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
