import type { Model } from 'mongoose';
import type { StorageDriver } from '../../platform/storage/storage-driver.js';
import { UnansweredUpload } from '../../platform/storage/storage-errors.js';
import { AppError } from '../../shared/errors.js';
import { digestOf } from './file-digest.js';
import type { MediaDoc } from './media.model.js';
import type { PreparedFile } from './prepared-file.js';

/** What stored files are kept with. */
export interface StoredFilesParts {
  media: Model<MediaDoc>;
  storage: StorageDriver;
  /** Bytes that a user may have stored; 0 for any number. */
  quota: number;
}

/** Files and their rows: written together, and removed together. */
export class StoredFiles {
  constructor(private readonly parts: StoredFilesParts) {}

  /**
   * Writes a file under its row.
   *
   * @param expected the row of a direct upload, which becomes the file's.
   * @throws {AppError} INSUFFICIENT_STORAGE, STORAGE_UNAVAILABLE; then nothing stays, or the collector
   *   removes it.
   */
  async add(
    doc: MediaDoc,
    prepared: PreparedFile,
    expected: MediaDoc | undefined,
  ): Promise<MediaDoc> {
    await this.reserve(doc, expected !== undefined);
    return this.write(doc, prepared, expected);
  }

  /** Removes a file and its row; a store that does not answer keeps the row, for the next round. */
  async discard(doc: MediaDoc): Promise<void> {
    const { media, storage } = this.parts;
    if (doc.directKey !== undefined) await storage.remove(doc.directKey);
    await this.removeContent(doc);
    await media.deleteOne({ _id: doc._id });
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
    prepared: PreparedFile,
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
      const isUnanswered = error instanceof UnansweredUpload;
      if (isUnanswered && !expected) await this.leave(doc).catch(() => undefined);
      else if (!hasContent && !expected) await media.deleteOne({ _id: doc._id });
      // The store may be away now; then the row stays, and the collector finishes this.
      else await this.undo(doc, hasContent || isUnanswered, expected).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Leaves a row of what may have reached the store, or may yet do so, to the collector, which comes when
   * that is long over. Until then it does not count as the owner's.
   */
  private async leave({ _id }: MediaDoc): Promise<void> {
    await this.parts.media.updateOne({ _id }, { $set: { size: 0 } });
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

  private async removeContent({ key, ref, thumbnail }: MediaDoc): Promise<void> {
    const { storage } = this.parts;
    await storage.remove(key, ref);
    if (thumbnail) await storage.remove(thumbnail.key, thumbnail.ref);
  }
}
