import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { StorageDriver } from '../../platform/storage/storage-driver.js';
import { UnansweredUpload } from '../../platform/storage/storage-errors.js';
import { AppError } from '../../shared/errors.js';
import type { MediaRecord, MediaRepository, StoredFacts } from './media.repository.js';

/** Content in temporary files, ready for the store. */
export interface StorableFile {
  path: string;
  /** Bytes. */
  size: number;
  thumbnailPath?: string;
  /** Bytes. */
  thumbnailSize?: number;
}

/** SHA-256 of a file's content, in base64url. */
export const digestOf = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('base64url');
};

/** Writes and removes files in the store together with their rows. */
export class StoredFiles {
  /** @param quota bytes that a user may have stored; 0 for any number. */
  constructor(
    private readonly media: MediaRepository,
    private readonly storage: StorageDriver,
    private readonly quota: number,
  ) {}

  /**
   * Writes a file under its row.
   *
   * @param expected the row of a direct upload, which becomes the file's.
   * @throws {AppError} INSUFFICIENT_STORAGE, STORAGE_UNAVAILABLE; then nothing stays, or the collector
   *   removes it.
   */
  async add(
    row: MediaRecord,
    content: StorableFile,
    expected: MediaRecord | undefined,
  ): Promise<MediaRecord> {
    await this.reserve(row, expected !== undefined);
    return this.write(row, content, expected);
  }

  /** Removes a file and its row; when the store does not answer, the row stays for the next round. */
  async discard(row: MediaRecord): Promise<void> {
    if (row.directKey !== undefined) await this.storage.remove(row.directKey);
    await this.removeContent(row);
    await this.media.remove(row._id);
  }

  /**
   * Removes a file that nothing used when it was looked for.
   *
   * @returns false when a message has claimed it since.
   */
  async withdraw(row: MediaRecord): Promise<boolean> {
    // If a removal is interrupted, the collector finishes it.
    if (!(await this.media.withdraw(row))) return false;
    await this.discard(row);
    return true;
  }

  /** Removes a client's direct upload from the store, in case the client has uploaded it again. */
  async discardDirect({ _id, directKey }: MediaRecord): Promise<void> {
    if (directKey === undefined) return;
    await this.storage.remove(directKey);
    await this.media.forgetDirectKey(_id);
  }

  /**
   * Writes the row before the file, so that two uploads at the same time both count, and a crash leaves
   * a trace by which the file is found and removed.
   */
  private async reserve(row: MediaRecord, isExpected: boolean): Promise<void> {
    if (isExpected) await this.media.replace(row);
    else await this.media.insert(row);
    if (this.quota === 0 || (await this.media.storedBytes(row.ownerId)) <= this.quota) return;
    // A client's direct upload must not stay in the store without a row.
    if (isExpected) await this.discard(row).catch(() => undefined);
    else await this.media.remove(row._id);
    throw new AppError('INSUFFICIENT_STORAGE', 'You have used up your room for uploads');
  }

  private async write(
    row: MediaRecord,
    content: StorableFile,
    expected: MediaRecord | undefined,
  ): Promise<MediaRecord> {
    const { key, mimeType, thumbnail } = row;
    let hasContent = false;
    try {
      const digest = await digestOf(content.path);
      const ref = await this.storage.put(content.path, { key, mimeType, size: content.size });
      hasContent = true;
      const facts: StoredFacts = { digest, ...(ref && { ref }) };
      if (thumbnail && content.thumbnailPath !== undefined) {
        const small = { ...thumbnail, size: content.thumbnailSize ?? 0 };
        const thumbnailRef = await this.storage.put(content.thumbnailPath, small);
        if (thumbnailRef) facts.thumbnail = { ...thumbnail, ref: thumbnailRef };
      }
      await this.media.markReady(row._id, facts);
      return { ...row, status: 'ready', ...facts };
    } catch (error) {
      const isUnanswered = error instanceof UnansweredUpload;
      // The content may have reached the store, or may still do so; the collector removes it long after that.
      // Until then it does not count against the owner's quota.
      if (isUnanswered && !expected) await this.media.uncount(row._id).catch(() => undefined);
      else if (!hasContent && !expected) await this.media.remove(row._id);
      // The store may be away now; then the row stays, and the collector finishes this.
      else await this.undo(row, hasContent || isUnanswered, expected).catch(() => undefined);
      throw error;
    }
  }

  /** Undoes a failed write; a direct upload can then be completed again. */
  private async undo(
    row: MediaRecord,
    hasContent: boolean,
    expected: MediaRecord | undefined,
  ): Promise<void> {
    if (!expected) return this.discard(row);
    if (hasContent) await this.removeContent(row);
    await this.media.replace({ ...expected, status: 'expected' });
  }

  private async removeContent({ key, ref, thumbnail }: MediaRecord): Promise<void> {
    await this.storage.remove(key, ref);
    if (thumbnail) await this.storage.remove(thumbnail.key, thumbnail.ref);
  }
}
