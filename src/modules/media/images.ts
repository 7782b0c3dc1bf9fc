import { appendFile, open } from 'node:fs/promises';
import type { OutputInfo } from 'sharp';
import sharp from 'sharp';
import { isFull, noRoomForUploads } from '../../platform/storage/storage-errors.js';
import type { RefusalDetails } from '../../shared/errors.js';
import { AppError } from '../../shared/errors.js';
import type { AnimatedPng } from './animated-png.js';
import { copyAnimatedPng, readAnimatedPng } from './animated-png.js';
import { ContentReader } from './content-reader.js';

/** An image as it is stored, and its thumbnail. */
export interface ProcessedImage {
  /** Pixels, as a viewer shows it: turned as the camera was held. */
  width: number;
  height: number;
  /** Bytes. */
  size: number;
  thumbnailSize: number;
}

/** Where an image is, and where it and its thumbnail go. */
export interface ImagePaths {
  source: string;
  /** Format of the image, which it keeps: `jpeg`, `png`, `gif` or `webp`. */
  format: string;
  target: string;
  thumbnail: string;
}

/** An image to be repacked. */
export interface ImageJob extends ImagePaths {
  /** More pixels than this (in all frames together) are refused before they are unpacked. */
  maxPixels: number;
}

/** Greatest width of a stored image in pixels; wider images are reduced. */
export const MAX_STORED_WIDTH = 4096;
/** Longest side in pixels, whatever the other is: the limit of JPEG and GIF. */
const MAX_SIDE = 65_535;
/** A minute and more of an animation; each frame costs time beside its pixels. */
const MAX_FRAMES = 2000;
const THUMBNAIL_SIDE = 320;
/** Longest time for unpacking and packing, in seconds. */
const TIMEOUT_S = 60;
/**
 * How each format is packed. PNG and GIF are packed without loss: with a `quality`, sharp would reduce a PNG
 * to 256 colours.
 */
const PACKING = { jpeg: { quality: 85 }, png: {}, gif: {}, webp: { quality: 85 } };
type Format = keyof typeof PACKING;

/** A cache of unpacked images would only use memory: no upload is processed twice. */
sharp.cache(false);
sharp.concurrency(1);

/**
 * Unpacks an image and packs it again, and makes its thumbnail. Animations stay animated. A damaged image of
 * which most can be shown is stored as viewers show it.
 *
 * @throws {AppError} PAYLOAD_TOO_LARGE for too many pixels or frames, UNSUPPORTED_MEDIA_TYPE for an image that
 *   cannot be shown, INSUFFICIENT_STORAGE.
 */
export const repackImage = async (job: ImageJob): Promise<ProcessedImage> => {
  try {
    if (job.format === 'gif') {
      const { frames, width, height } = await gifSize(job.source, MAX_FRAMES);
      // Without a frame it is no image, whatever size its header has.
      if (frames > 0) checkSize(width, height, frames, job.maxPixels);
    }
    const animation = job.format === 'png' ? await readAnimatedPng(job.source) : undefined;
    if (animation) return await keepAnimation(job, animation);
    if (job.format === 'webp') await completeWebp(job.source);
    return await repack(job);
  } catch (thrown) {
    throw asRefusal(thrown);
  }
};

const asRefusal = (thrown: unknown): AppError => {
  if (thrown instanceof AppError) return thrown;
  // A full disk is not the image's fault; sharp reports it only in the error's text.
  const isNoRoom = thrown instanceof Error && /no space left|write error/i.test(thrown.message);
  return isNoRoom || isFull(thrown) ? noRoomForUploads(thrown) : damaged(thrown);
};

const damaged = (cause?: unknown): AppError =>
  new AppError('UNSUPPORTED_MEDIA_TYPE', 'The image is damaged and cannot be shown', {
    details: { reason: 'damage' },
    cause,
  });

const repack = async (job: ImageJob): Promise<ProcessedImage> => {
  const { source, target, thumbnail, maxPixels } = job;
  const format = job.format as Format;
  const { pages, isDamaged } = await checkHeader(source, maxPixels);
  const pack = (failOn: 'error' | 'none') =>
    sharp(source, { limitInputPixels: maxPixels, failOn, pages })
      .timeout({ seconds: TIMEOUT_S })
      .autoOrient()
      .resize({ width: MAX_STORED_WIDTH, withoutEnlargement: true })
      .toFormat(format, PACKING[format])
      .toFile(target);
  const packDamaged = async (cause?: unknown) => {
    // libpng reads whole portions, and drops the last one when the file ends within it.
    if (format === 'png') await appendFile(source, Buffer.alloc(PNG_PORTION));
    if (await isMostlyMissing(source, maxPixels)) throw damaged(cause);
    return pack('none');
  };
  const full = isDamaged
    ? await packDamaged()
    : await pack('error').catch((error: unknown) => {
        if (asRefusal(error).code === 'INSUFFICIENT_STORAGE') throw error;
        return packDamaged(error);
      });
  const small = await writeThumbnail(target, thumbnail, maxPixels);
  return {
    width: full.width,
    height: full.pageHeight ?? full.height / (full.pages ?? 1),
    size: full.size,
    thumbnailSize: small.size,
  };
};

/** Checks the size in an image's header, and answers how many frames it has. */
const checkHeader = async (
  source: string,
  maxPixels: number,
): Promise<{ pages: number; isDamaged: boolean }> => {
  const options = { limitInputPixels: false, animated: true };
  let isDamaged = false;
  const {
    width,
    height,
    pageHeight,
    pages = 1,
  } = await sharp(source, { ...options, failOn: 'error' })
    .metadata()
    .catch(() => {
      isDamaged = true;
      return sharp(source, { ...options, failOn: 'none' }).metadata();
    });
  checkSize(width, pageHeight ?? height / pages, pages, maxPixels);
  return { pages, isDamaged };
};

const writeThumbnail = (
  source: string,
  thumbnail: string,
  maxPixels: number,
): Promise<OutputInfo> =>
  sharp(source, { limitInputPixels: maxPixels, failOn: 'none' })
    .timeout({ seconds: TIMEOUT_S })
    .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 75 })
    .toFile(thumbnail);

/** More bytes than libpng reads at a time. */
const PNG_PORTION = 16_384;
/** Rows and columns to which a damaged image is reduced. */
const GRID = 64;

/** Whether more than half of an image is missing: rows at its end that decoders have made grey or black. */
const isMostlyMissing = async (source: string, maxPixels: number): Promise<boolean> => {
  const pixels = await sharp(source, { limitInputPixels: maxPixels, failOn: 'none' })
    .timeout({ seconds: TIMEOUT_S })
    .resize(GRID, GRID, { fit: 'fill', kernel: 'nearest' })
    .flatten({ background: 'black' })
    .greyscale()
    .raw()
    .toBuffer();
  const isFiller = (row: number) => {
    const first = pixels[row * GRID]!;
    const isPlain = pixels.subarray(row * GRID, (row + 1) * GRID).every((p) => p === first);
    return isPlain && (first === 0 || Math.abs(first - 128) <= 1);
  };
  let present = GRID;
  while (present > 0 && isFiller(present - 1)) present -= 1;
  return present < GRID / 2;
};

/** Bytes of a RIFF file's head, which says how many follow. */
const RIFF_HEAD = 8;

/** Fills up a truncated WebP, which its decoder would refuse, to the length in its header. */
const completeWebp = async (path: string): Promise<void> => {
  const file = await open(path, 'r+');
  try {
    const { buffer } = await file.read(Buffer.alloc(RIFF_HEAD), 0, RIFF_HEAD, 0);
    const { size } = await file.stat();
    const announced = buffer.readUInt32LE(4) + RIFF_HEAD;
    // A file cut to less than half is refused, which also bounds the cost of a wrong length.
    if (size < announced && announced <= 2 * size) await file.truncate(announced);
  } finally {
    await file.close();
  }
};

const keepAnimation = async (
  { source, target, thumbnail, maxPixels }: ImageJob,
  animation: AnimatedPng,
): Promise<ProcessedImage> => {
  const { width, height, frames } = animation;
  checkSize(width, height, frames, maxPixels);
  if (width > MAX_STORED_WIDTH) {
    throw tooLarge(`An animated PNG may be ${MAX_STORED_WIDTH} pixels wide at most`, {
      reason: 'pixels',
      limit: MAX_STORED_WIDTH,
    });
  }
  const size = await copyAnimatedPng(source, target, animation);
  const small = await writeThumbnail(target, thumbnail, maxPixels);
  return { width, height, size, thumbnailSize: small.size };
};

const checkSize = (width: number, height: number, frames: number, maxPixels: number): void => {
  if (frames > MAX_FRAMES) {
    throw tooLarge(`The image has too many frames; at most ${MAX_FRAMES} are taken`, {
      reason: 'frames',
      limit: MAX_FRAMES,
    });
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw tooLarge(`The image is too large; no side may have more than ${MAX_SIDE} pixels`, {
      reason: 'pixels',
      limit: MAX_SIDE,
    });
  }
  if (width * height * frames > maxPixels) {
    throw tooLarge(
      `The image has too many pixels; at most ${maxPixels} (MAX_IMAGE_PIXELS) are taken, all frames together`,
      { reason: 'pixels', limit: maxPixels },
    );
  }
};

const tooLarge = (message: string, details: RefusalDetails): AppError =>
  new AppError('PAYLOAD_TOO_LARGE', message, { details });

/** The size and frames of a GIF. */
export interface GifSize {
  frames: number;
  /** Pixels of the canvas, enlarged to include all frames. */
  width: number;
  height: number;
}

const EXTENSION = 0x21;
const FRAME = 0x2c;
/** Size in bytes of the colour table, from a packed field. */
const tableBytes = (packed: number): number => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);

/**
 * Counts the frames of a GIF from its blocks, without unpacking any. Decoders go through all frames before
 * they say how many there are, which for a hostile file takes a minute and a gigabyte.
 *
 * @param enough counting ends beyond this number.
 * @returns the sum of all blocks up to the first invalid one, or to the end of the file.
 */
export const gifSize = async (path: string, enough: number): Promise<GifSize> => {
  const handle = await open(path, 'r');
  const file = new ContentReader(handle, (await handle.stat()).size);
  let at = 6;
  /** The next bytes; undefined at the end of the file. */
  const take = async (count: number): Promise<Buffer | undefined> => {
    const taken = await file.read(at, count);
    at += count;
    return taken;
  };
  /** Skips blocks of data, up to and including the empty one that ends them. */
  const skipData = async (): Promise<void> => {
    for (;;) {
      const length = (await take(1))?.[0];
      if (!length) return;
      at += length;
    }
  };
  try {
    const screen = await take(7);
    const size = {
      frames: 0,
      width: screen?.readUInt16LE(0) ?? 0,
      height: screen?.readUInt16LE(2) ?? 0,
    };
    at += tableBytes(screen?.[4] ?? 0);
    while (size.frames <= enough) {
      const kind = (await take(1))?.[0];
      if (kind === EXTENSION) {
        at += 1;
      } else if (kind === FRAME) {
        const frame = await take(9);
        if (!frame) break;
        size.frames += 1;
        size.width = Math.max(size.width, frame.readUInt16LE(0) + frame.readUInt16LE(4));
        size.height = Math.max(size.height, frame.readUInt16LE(2) + frame.readUInt16LE(6));
        at += tableBytes(frame[8]!) + 1;
      } else break;
      await skipData();
    }
    return size;
  } finally {
    await handle.close();
  }
};
