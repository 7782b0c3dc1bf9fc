import { AppError } from '../../shared/errors.js';
import type { AllowedType } from './files.js';
import { containerOf, typeNotAllowed, typeOf } from './files.js';
import type { ImagePaths, ProcessedImage } from './images.js';
import type { MediaWorkers } from './media-workers.js';
import { JobAbandoned } from './media-workers.js';

/** Longest time for each job, in milliseconds; for an image, from reading its headers to the thumbnail. */
const DEADLINES_MS = { detect: 5000, playTime: 10_000, clean: 30_000, repack: 60_000 };

/** Type of thumbnails. */
export const THUMBNAIL_TYPE = 'image/webp';

/** Finds the type of a file from its headers. Its content may be anything, so each job has a deadline. */
export class FileInspector {
  constructor(
    private readonly workers: MediaWorkers,
    private readonly deadlinesMs: Pick<
      typeof DEADLINES_MS,
      'detect' | 'playTime' | 'clean'
    > = DEADLINES_MS,
  ) {}

  /**
   * The type of a file by its content.
   *
   * @throws {AppError} UNSUPPORTED_MEDIA_TYPE, also when the type is not found in time; OVERLOADED.
   */
  async type(
    userId: string,
    path: string,
    said: { name: string; mimeType: string },
  ): Promise<AllowedType> {
    const found = await this.workers
      .run(userId, 'detect', { path }, this.deadlinesMs.detect)
      .catch((error: unknown) => {
        throw error instanceof AppError ? error : typeNotAllowed();
      });
    return typeOf(found, said);
  }

  /**
   * Removes the place of recording from a film or sound file. Images lose that when they are repacked.
   *
   * @throws {AppError} PAYLOAD_TOO_LARGE for a recording whose parts are too many; OVERLOADED,
   *   INSUFFICIENT_STORAGE.
   */
  async removeMetadata(userId: string, path: string, { mimeType }: AllowedType): Promise<void> {
    if (!containerOf(mimeType)) return;
    try {
      await this.workers.run(userId, 'clean', { path, mimeType }, this.deadlinesMs.clean);
    } catch (error) {
      if (!(error instanceof JobAbandoned)) throw error;
      throw new AppError('PAYLOAD_TOO_LARGE', 'The recording takes too long to go through', {
        details: { reason: 'time' },
        cause: error,
      });
    }
  }

  /**
   * Seconds that a recording plays; undefined where its headers do not say, or not in time.
   *
   * @throws {AppError} OVERLOADED.
   */
  async playTime(userId: string, path: string, type: AllowedType): Promise<number | undefined> {
    if (type.kind !== 'audio' && type.kind !== 'video') return undefined;
    return this.workers
      .run(userId, 'playTime', { path }, this.deadlinesMs.playTime)
      .catch((error: unknown) => {
        if (error instanceof AppError) throw error;
        return undefined;
      });
  }
}

/**
 * Unpacks images and packs them again, so that only pixels are kept: no EXIF with the place of a photo, and
 * no script behind the first bytes of a GIF.
 */
export class ImageProcessor {
  private readonly maxPixels: number;
  private readonly deadlineMs: number;

  /** @param options pixels of an image, all frames together; milliseconds for one. */
  constructor(
    private readonly workers: MediaWorkers,
    { maxPixels, deadlineMs = DEADLINES_MS.repack }: { maxPixels: number; deadlineMs?: number },
  ) {
    this.maxPixels = maxPixels;
    this.deadlineMs = deadlineMs;
  }

  /**
   * Writes an image and its thumbnail, when the user's turn comes.
   *
   * @throws {AppError} PAYLOAD_TOO_LARGE for too many pixels or frames, or an image that takes too long;
   *   UNSUPPORTED_MEDIA_TYPE for one that cannot be shown (`details.reason` says which of them it was);
   *   INSUFFICIENT_STORAGE; OVERLOADED when too many files are waiting, of this user or in all.
   */
  async process(userId: string, paths: ImagePaths): Promise<ProcessedImage> {
    const job = { ...paths, maxPixels: this.maxPixels };
    try {
      return await this.workers.run(userId, 'repack', job, this.deadlineMs);
    } catch (error) {
      if (!(error instanceof JobAbandoned)) throw error;
      throw new AppError('PAYLOAD_TOO_LARGE', 'The image takes too long to unpack', {
        details: { reason: 'time' },
        cause: error,
      });
    }
  }
}
