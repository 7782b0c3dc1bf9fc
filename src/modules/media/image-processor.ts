import sharp from 'sharp';
import { Turnstile } from '../../platform/turnstile.js';
import { AppError } from '../../shared/errors.js';
import { typeNotAllowed } from './file-type.js';

/** An image as it is stored, and its thumbnail. */
export interface ProcessedImage {
  /** Pixels, as a viewer shows it: turned as the camera was held. */
  width: number;
  height: number;
  /** Bytes. */
  size: number;
  thumbnailSize: number;
}

/** More pixels than this (in all frames together) are refused before they are unpacked. */
const MAX_PIXELS = 64_000_000;
/** No side may be longer, whatever the other is. */
const MAX_SIDE = 16_384;
const THUMBNAIL_SIDE = 320;
/**
 * How each format is packed. PNG and GIF lose nothing by it: sharp would take a quality for a wish to
 * have the colours of a PNG reduced to 256.
 */
const PACKING = { jpeg: { quality: 85 }, png: {}, gif: {}, webp: { quality: 85 } };
/** Longest time for one image, in seconds. */
const TIMEOUT_S = 30;
/** Images in work at the same time; each may need 4 bytes per pixel. */
const CONCURRENT = 2;
/** Images that may wait for that; their files wait on the disk. */
const MAX_WAITING = 32;
/** Seconds after which a refused upload may be tried again. */
const RETRY_AFTER = 5;

/** A cache of unpacked images would only hold memory: no upload is worked on twice. */
sharp.cache(false);
sharp.concurrency(1);

/** Type of thumbnails. */
export const THUMBNAIL_TYPE = 'image/webp';

/**
 * Unpacks images and packs them anew, so that nothing but pixels survives: no EXIF with the place a
 * photo was taken, and no script behind the first bytes of a GIF.
 */
export class ImageProcessor {
  private readonly turnstile = new Turnstile({
    concurrency: CONCURRENT,
    maxWaiting: MAX_WAITING,
    refusal: () =>
      new AppError('OVERLOADED', 'Too many images are being worked on; try again', {
        retryAfter: RETRY_AFTER,
      }),
  });

  /**
   * Writes the image to `target` and its thumbnail to `thumbnail`.
   *
   * @param format of the image, which it keeps; animations stay animated.
   * @throws {AppError} PAYLOAD_TOO_LARGE for too many pixels, UNSUPPORTED_MEDIA_TYPE for an image that
   *   cannot be unpacked, OVERLOADED when too many images are waiting.
   */
  process(
    source: string,
    format: string,
    target: string,
    thumbnail: string,
  ): Promise<ProcessedImage> {
    return this.turnstile.run(() => repack(source, format, target, thumbnail));
  }
}

const repack = async (
  source: string,
  format: string,
  target: string,
  thumbnail: string,
): Promise<ProcessedImage> => {
  const options = { limitInputPixels: MAX_PIXELS, failOn: 'error' as const };
  try {
    const {
      width = 0,
      height = 0,
      pages = 1,
      pageHeight,
    } = await sharp(source, {
      limitInputPixels: false,
      animated: true,
    }).metadata();
    const frame = pageHeight ?? height / pages;
    if (Math.max(width, frame) > MAX_SIDE || width * frame * pages > MAX_PIXELS) {
      throw new AppError('PAYLOAD_TOO_LARGE', 'The image has too many pixels');
    }
    const full = await sharp(source, { ...options, animated: pages > 1 })
      .timeout({ seconds: TIMEOUT_S })
      .autoOrient()
      .toFormat(format as keyof typeof PACKING, PACKING[format as keyof typeof PACKING])
      .toFile(target);
    const small = await sharp(source, options)
      .timeout({ seconds: TIMEOUT_S })
      .autoOrient()
      .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 75 })
      .toFile(thumbnail);
    return {
      width: full.width,
      height: full.pageHeight ?? full.height / (full.pages ?? 1),
      size: full.size,
      thumbnailSize: small.size,
    };
  } catch (error) {
    // The disk being full is not the image's fault; sharp tells of it in words alone.
    if (error instanceof AppError) throw error;
    if (error instanceof Error && /no space left|write error/i.test(error.message)) {
      throw new AppError('INSUFFICIENT_STORAGE', 'There is no room left for uploads', {
        cause: error,
      });
    }
    throw typeNotAllowed();
  }
};
