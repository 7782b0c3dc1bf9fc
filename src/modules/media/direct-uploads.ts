import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Types } from 'mongoose';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { DirectUpload, StorageDriver } from '../../platform/storage/storage-driver.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { IncomingFile } from './incoming-file.js';
import type { MediaLinks } from './media-links.js';
import type { MediaDoc } from './media.model.js';
import type { MediaUploads } from './media-uploads.js';

/** What direct uploads are built from. */
export interface DirectUploadsParts {
  media: Model<MediaDoc>;
  storage: StorageDriver;
  uploads: MediaUploads;
  links: MediaLinks;
  clock: Clock;
  /** Base of absolute addresses; undefined: relative ones. */
  baseUrl: string | undefined;
  /** Directory of temporary files. */
  temporary: string;
  /** Bytes. */
  maxSize: number;
}

/** How long a permission is good, in seconds. */
const LIFE_S = 600;
/** Name of a file whose client has not said one. */
const NO_NAME = 'file';

/** Uploads that do not pass through the usual form: a permission first, then the file, once. */
export class DirectUploads {
  constructor(private readonly parts: DirectUploadsParts) {}

  /**
   * Allows the actor to upload one file to a chat: to this server, or to the remote store itself.
   *
   * @param filename what the client calls the file, for stores that do not keep names.
   * @throws {AppError} NOT_FOUND, or why nothing may be posted in the chat.
   */
  async allow(
    actor: Actor,
    chatId: string,
    filename?: string,
  ): Promise<DirectUpload & { fileId: string }> {
    const { media, storage, uploads, links, clock, baseUrl, maxSize } = this.parts;
    await uploads.checkTarget(actor, { purpose: 'chat', chatId });
    const _id = new Types.ObjectId();
    const fileId = _id.toHexString();
    const token = randomUUID();
    const now = new Date(clock.now());
    const expire = Math.floor(now.getTime() / 1000) + LIFE_S;
    const key = `uploads/direct/${fileId}`;
    await media.create({
      _id,
      ownerId: objectId(actor.userId),
      purpose: 'chat',
      chatIds: [objectId(chatId)],
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
   * Takes a file that came to this server by a permission, which is used up by it.
   *
   * @throws {AppError} CONFLICT when the permission has been used or has expired, and as uploads do.
   */
  async receive(fileId: string, file: IncomingFile): Promise<MediaDoc> {
    const expected = await this.takeUp({ _id: objectId(fileId) });
    if (!expected) throw new AppError('CONFLICT', 'This permission has been used or has expired');
    return this.take(expected, file);
  }

  /**
   * Takes over a file that the actor has uploaded to the remote store: it is fetched, checked like any
   * other, and stored in its place.
   *
   * @throws {AppError} NOT_FOUND when it has not arrived or belongs to somebody else, and as uploads do.
   */
  async complete(actor: Actor, fileId: string, filename?: string): Promise<MediaDoc> {
    const { storage, temporary, maxSize } = this.parts;
    const filter = { _id: objectId(fileId), ownerId: objectId(actor.userId) };
    const expected = await this.parts.media.findOne(filter).lean();
    // Asked again, or of a server that took the file itself: clients need not know the difference.
    if (expected?.status === 'ready') return expected;
    if (expected?.status !== 'expected' || !storage.download) throw notFound('Upload');
    const path = join(temporary, randomUUID());
    try {
      const found = await storage.download(expected.key, path, maxSize);
      if (!found) throw notFound('Upload');
      const { size } = await stat(path);
      const name = filename ?? expected.filename;
      if (!(await this.takeUp(filter))) throw notFound('Upload');
      const doc = await this.take(expected, { path, name, mimeType: '', size });
      // What the client stored is not what was checked and repacked. The row remembers it: the client
      // may still send it again, and the collector looks once more when the permission is long over.
      await storage.remove(expected.key, found.ref);
      return doc;
    } finally {
      await rm(path, { force: true });
    }
  }

  private async takeUp(filter: Partial<Pick<MediaDoc, '_id' | 'ownerId'>>) {
    const doc = await this.parts.media
      .findOneAndUpdate({ ...filter, status: 'expected' }, { $set: { status: 'storing' } })
      .lean();
    const isInTime = doc?.expiresAt && doc.expiresAt.getTime() > this.parts.clock.now();
    return isInTime ? doc : undefined;
  }

  private async giveBack({ _id }: MediaDoc): Promise<void> {
    // With this key the row is the file's already, and whoever made it so looks after it.
    const untouched = { _id, status: 'storing' as const, directKey: null };
    await this.parts.media.updateOne(untouched, { $set: { status: 'expected' } });
  }

  private async take(expected: MediaDoc, file: IncomingFile): Promise<MediaDoc> {
    const [chatId] = expected.chatIds;
    const owner = { userId: expected.ownerId.toHexString(), role: 'user' as const, sessionId: '' };
    const target = { purpose: 'chat' as const, chatId: chatId!.toHexString() };
    try {
      return await this.parts.uploads.store(owner, file, target, expected);
    } catch (error) {
      // What may go well the next time must not use the permission up.
      if (!(error instanceof AppError) || error.status === 503) await this.giveBack(expected);
      throw error;
    }
  }
}
