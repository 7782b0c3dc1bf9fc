import { Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { ChatAccess } from '../chats/index.js';
import { refusalToWrite } from '../chats/index.js';
import type { AllowedType } from './files.js';
import { safeFileLabel, safeFileName, typeNotAllowed } from './files.js';
import type { FileInspector, ImageProcessor } from './inspection.js';
import { THUMBNAIL_TYPE } from './inspection.js';
import type { MediaRecord } from './media.repository.js';
import type { FileScanner } from './scanner.js';
import type { StorableFile, StoredFiles } from './stored-files.js';
import type { TemporaryFiles } from './temporary-files.js';

/** A received file, in a temporary place. */
export interface IncomingFile {
  path: string;
  /** The client's name of the file. */
  name: string;
  /** The client's MIME type; the content decides. */
  mimeType: string;
  /** Bytes. */
  size: number;
}

/** The purpose of an upload. Without `chatId` it is for whichever chat its owner sends it to. */
export type UploadTarget = { purpose: 'chat'; chatId: string | undefined } | { purpose: 'avatar' };

/** One upload in the pipeline. */
interface Upload {
  ownerId: string;
  file: IncomingFile;
  target: UploadTarget;
  /** The row of a direct upload, which becomes the file's. */
  expected?: MediaRecord;
}

/** Checked content and its facts. */
interface PreparedFile extends StorableFile {
  type: AllowedType;
  /** Pixels. */
  width?: number;
  height?: number;
  /** Seconds. */
  duration?: number;
}

/**
 * Checks, scans, repacks and stores files. A refused file leaves nothing. This class removes temporary files
 * once it has begun to process them; whoever received the file removes it otherwise.
 */
export class MediaUploads {
  constructor(
    private readonly deps: {
      stored: StoredFiles;
      temporary: TemporaryFiles;
      access: ChatAccess;
      scanner: FileScanner;
      images: ImageProcessor;
      inspector: FileInspector;
      clock: Clock;
    },
  ) {}

  /**
   * Stores files of a user, all or none.
   *
   * @throws {AppError} as {@link store}; the path of its field errors tells which file it was.
   */
  async storeAll(
    ownerId: string,
    files: IncomingFile[],
    target: UploadTarget,
  ): Promise<MediaRecord[]> {
    await this.checkTarget(ownerId, target);
    const stored: MediaRecord[] = [];
    for (const [index, file] of files.entries()) {
      try {
        stored.push(await this.process({ ownerId, file, target }));
      } catch (error) {
        await Promise.all(stored.map((row) => this.discard(row)));
        throw files.length > 1 ? ofFile(error, index, file.name) : error;
      }
    }
    return stored;
  }

  /**
   * Stores one file of a user.
   *
   * @throws {AppError} NOT_FOUND or FORBIDDEN for the chat, UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE,
   *   UNSAFE_FILE, INSUFFICIENT_STORAGE, STORAGE_UNAVAILABLE, OVERLOADED.
   */
  async store(ownerId: string, file: IncomingFile, target: UploadTarget): Promise<MediaRecord> {
    await this.checkTarget(ownerId, target);
    return this.process({ ownerId, file, target });
  }

  /**
   * Stores a direct upload for the user who had the permission, in the permission's chat, if it names one.
   *
   * @param expected its row, which becomes the file's.
   * @throws {AppError} as {@link store}.
   */
  async storeExpected(expected: MediaRecord, file: IncomingFile): Promise<MediaRecord> {
    const [chatId] = expected.chatIds;
    const ownerId = expected.ownerId.toHexString();
    const target = { purpose: 'chat' as const, chatId: chatId?.toHexString() };
    await this.checkTarget(ownerId, target);
    return this.process({ ownerId, file, target, expected });
  }

  /** Removes a file that no message has; the collector removes what the store cannot remove now. */
  async discard(row: MediaRecord): Promise<void> {
    await this.deps.stored.discard(row).catch(() => undefined);
  }

  /**
   * Checks that the user may upload to the chat.
   *
   * @throws {AppError} NOT_FOUND, or why nothing may be posted in the chat.
   */
  async checkTarget(userId: string, target: UploadTarget): Promise<void> {
    if (target.purpose === 'avatar' || target.chatId === undefined) return;
    const grant = await this.deps.access.member(userId, target.chatId);
    const refusal = refusalToWrite(grant);
    if (refusal) throw refusal;
  }

  /** Processes a file whose target has been checked. */
  private process(upload: Upload): Promise<MediaRecord> {
    const { clock, inspector, scanner, stored, temporary } = this.deps;
    const { ownerId, file, target, expected } = upload;
    return temporary.use(file.path, async () => {
      const type = await inspector.type(ownerId, file.path, file);
      if (target.purpose === 'avatar' && type.kind !== 'image') throw typeNotAllowed();
      await scanner.scan(file.path);
      await inspector.removeMetadata(ownerId, file.path, type);
      const prepared = await this.prepare(upload, type);
      const row = newRow(upload, prepared, new Date(clock.now()));
      return stored.add(row, prepared, expected);
    });
  }

  /** Repacks an image and makes its thumbnail; of a recording, finds out how long it plays. */
  private async prepare({ ownerId, file }: Upload, type: AllowedType): Promise<PreparedFile> {
    const { images, inspector, temporary } = this.deps;
    if (type.kind !== 'image') {
      const duration = await inspector.playTime(ownerId, file.path, type);
      return {
        type,
        path: file.path,
        size: file.size,
        ...(duration !== undefined && { duration }),
      };
    }
    const { target, thumbnail } = temporary.imagePaths(file.path);
    const format = type.mimeType.slice('image/'.length);
    const image = await images.process(ownerId, { source: file.path, format, target, thumbnail });
    return { type, path: target, thumbnailPath: thumbnail, ...image };
  }
}

/** The store's prefix of a person's files that belong to no chat yet. */
const FOLDERS = { chat: 'own', avatar: 'avatar' } as const;

/** The row of a file that is about to be stored; it also decides the file's key in the store. */
const newRow = (
  { ownerId, file, target, expected }: Upload,
  { type, size, thumbnailPath, thumbnailSize = 0, width, height, duration }: PreparedFile,
  now: Date,
): MediaRecord => {
  const _id = expected?._id ?? new Types.ObjectId();
  const chatId = target.purpose === 'chat' ? target.chatId : undefined;
  const folder =
    chatId === undefined
      ? `uploads/${FOLDERS[target.purpose]}/${ownerId}`
      : `uploads/chat/${chatId}`;
  const base = `${folder}/${_id.toHexString()}`;
  return {
    _id,
    ownerId: objectId(ownerId),
    purpose: target.purpose,
    chatIds: chatId === undefined ? [] : [objectId(chatId)],
    status: 'storing',
    kind: type.kind,
    filename: safeFileName(file.name, type),
    mimeType: type.mimeType,
    size: size + thumbnailSize,
    key: `${base}.${type.extension}`,
    ...(thumbnailPath !== undefined && {
      thumbnail: { key: `${base}-thumb.webp`, mimeType: THUMBNAIL_TYPE },
    }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(duration !== undefined && { duration }),
    createdAt: now,
    uncertainSince: now,
    ...(expected && { directKey: expected.key }),
  };
};

/** The same error, naming one file among several. */
const ofFile = (error: unknown, index: number, name: string): unknown => {
  if (!(error instanceof AppError)) return error;
  const label = safeFileLabel(name);
  return new AppError(error.code, `${label}: ${error.message}; nothing was stored`, {
    errors: [{ path: `files.${index}`, message: error.message }],
    retryAfter: error.retryAfter,
    details: error.details,
    cause: error,
  });
};
