import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { DirectUpload, StorageDriver } from '../../platform/storage/storage-driver.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { MediaLinks } from './links.js';
import type { MediaRecord, MediaRepository } from './media.repository.js';
import type { TemporaryFiles } from './temporary-files.js';
import type { IncomingFile, MediaUploads } from './uploads.js';

/** How long a permission is valid, in seconds. */
const LIFE_S = 600;
/** Name of a file when the client has given none. */
const NO_NAME = 'file';

/** Uploads that do not pass through the usual form: a permission first, then the file, once. */
export class DirectUploads {
  constructor(
    private readonly deps: {
      media: MediaRepository;
      storage: StorageDriver;
      uploads: MediaUploads;
      temporary: TemporaryFiles;
      links: MediaLinks;
      clock: Clock;
      /** Base of absolute addresses; undefined: relative ones. */
      baseUrl: string | undefined;
      /** Bytes. */
      maxSize: number;
    },
  ) {}

  /**
   * Allows the user to upload one file: to this server, or to the remote store itself.
   *
   * @param chatId the chat that it is for; undefined: whichever it is sent to.
   * @param filename the client's name of the file, for stores that do not keep names.
   * @throws {AppError} NOT_FOUND, or why nothing may be posted in the chat.
   */
  async allow(
    userId: string,
    chatId: string | undefined,
    filename?: string,
  ): Promise<DirectUpload & { fileId: string }> {
    const { media, storage, uploads, links, clock, baseUrl, maxSize } = this.deps;
    await uploads.checkTarget(userId, { purpose: 'chat', chatId });
    const _id = new Types.ObjectId();
    const fileId = _id.toHexString();
    const token = randomUUID();
    const now = new Date(clock.now());
    const expire = Math.floor(now.getTime() / 1000) + LIFE_S;
    const key = `uploads/direct/${fileId}`;
    await media.insert({
      _id,
      ownerId: objectId(userId),
      purpose: 'chat',
      chatIds: chatId === undefined ? [] : [objectId(chatId)],
      status: 'expected',
      kind: 'file',
      filename: filename ?? NO_NAME,
      mimeType: 'application/octet-stream',
      size: 0,
      key,
      createdAt: now,
      uncertainSince: now,
      expiresAt: new Date(expire * 1000),
    });
    if (storage.directUpload) {
      return { fileId, ...(await storage.directUpload({ key, token, expire, maxSize })) };
    }
    const signature = links.signUpload(fileId, token, expire);
    const query = new URLSearchParams({ fileId, token, expire: String(expire), signature });
    const uploadUrl = `${baseUrl ?? ''}/api/media/direct-upload?${query.toString()}`;
    return { fileId, uploadUrl, method: 'POST', fields: {}, token, expire, signature };
  }

  /**
   * Stores a file that was uploaded to this server with a permission, and uses the permission up.
   *
   * @throws {AppError} CONFLICT when the permission has been used or has expired, and as uploads do.
   */
  async receive(fileId: string, file: IncomingFile): Promise<MediaRecord> {
    const expected = await this.takePermission(fileId);
    if (!expected) throw new AppError('CONFLICT', 'This permission has been used or has expired');
    return this.store(expected, file);
  }

  /**
   * Takes over a file that the user has uploaded to the remote store: it is fetched, checked like any
   * other, and stored in its place.
   *
   * @throws {AppError} NOT_FOUND when it has not arrived or belongs to somebody else, and as uploads do.
   */
  async complete(userId: string, fileId: string, filename?: string): Promise<MediaRecord> {
    const { media, storage, temporary, maxSize } = this.deps;
    const expected = await media.findOwn(fileId, userId);
    // A repeated call, or a file uploaded to this server itself: clients need not know the difference.
    if (expected?.status === 'ready') return expected;
    if (expected?.status !== 'expected' || !storage.download) throw notFound('Upload');
    const path = temporary.newPath();
    try {
      const found = await storage.download(expected.key, path, maxSize);
      if (!found) throw notFound('Upload');
      const { size } = await stat(path);
      const name = filename ?? expected.filename;
      if (!(await this.takePermission(fileId, userId))) throw notFound('Upload');
      const row = await this.store(expected, { path, name, mimeType: '', size });
      // The object that the client stored is not the checked and repacked one. The row keeps its key: the
      // client may still upload it again, and the collector removes it long after the permission has expired.
      await storage.remove(expected.key, found.ref);
      return row;
    } finally {
      await temporary.remove(path);
    }
  }

  /** Uses up a permission and answers its row; undefined when it is not valid any more. */
  private async takePermission(fileId: string, ownerId?: string): Promise<MediaRecord | undefined> {
    const row = await this.deps.media.takeExpected(fileId, ownerId);
    const isInTime = row?.expiresAt && row.expiresAt.getTime() > this.deps.clock.now();
    return isInTime ? row : undefined;
  }

  private async store(expected: MediaRecord, file: IncomingFile): Promise<MediaRecord> {
    const { uploads, media } = this.deps;
    try {
      return await uploads.storeExpected(expected, file);
    } catch (error) {
      // A temporary failure must not use the permission up.
      if (!(error instanceof AppError) || error.status === 503) {
        await media.giveBackExpected(expected._id);
      }
      throw error;
    }
  }
}
