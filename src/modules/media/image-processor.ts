import { AppError } from '../../shared/errors.js';
import { typeNotAllowed } from './file-type.js';
import type { MediaWorkers } from './media-workers.js';
import { JobAbandoned } from './media-workers.js';
import type { ImagePaths, ProcessedImage } from './repack-image.js';

/** Longest time for one image, its headers and everything, in milliseconds. */
const DEADLINE_MS = 30_000;

/** Type of thumbnails. */
export const THUMBNAIL_TYPE = 'image/webp';

/**
 * Unpacks images and packs them anew, so that nothing but pixels survives: no EXIF with the place a
 * photo was taken, and no script behind the first bytes of a GIF.
 */
export class ImageProcessor {
  constructor(
    private readonly workers: MediaWorkers,
    private readonly deadlineMs = DEADLINE_MS,
  ) {}

  /**
   * Writes an image and its thumbnail, when the user's turn comes.
   *
   * @throws {AppError} PAYLOAD_TOO_LARGE for too many pixels or frames, or an image that takes too long;
   *   UNSUPPORTED_MEDIA_TYPE for one that cannot be unpacked; INSUFFICIENT_STORAGE; OVERLOADED when too
   *   many files are waiting, of this user or in all.
   */
  async process(userId: string, paths: ImagePaths): Promise<ProcessedImage> {
    try {
      return await this.workers.run(userId, 'repack', paths, this.deadlineMs);
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (error instanceof JobAbandoned) {
        throw new AppError('PAYLOAD_TOO_LARGE', 'The image takes too long to unpack', {
          cause: error,
        });
      }
      throw typeNotAllowed();
    }
  }
}
