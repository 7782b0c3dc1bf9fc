import { open } from 'node:fs/promises';
import sharp from 'sharp';
import { noRoomForUploads } from '../../platform/storage/storage-errors.js';
import { AppError } from '../../shared/errors.js';

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
  /** Of the image, which it keeps: `jpeg`, `png`, `gif` or `webp`. */
  format: string;
  target: string;
  thumbnail: string;
}

/** More pixels than this (in all frames together) are refused before they are unpacked. */
const MAX_PIXELS = 64_000_000;
/** No side may be longer, whatever the other is. */
const MAX_SIDE = 16_384;
/** A minute and more of an animation; each frame costs time beside its pixels. */
const MAX_FRAMES = 2000;
const THUMBNAIL_SIDE = 320;
/** Longest time for unpacking and packing, in seconds. */
const TIMEOUT_S = 30;
/**
 * How each format is packed. PNG and GIF lose nothing by it: sharp would take a quality for a wish to
 * have the colours of a PNG reduced to 256.
 */
const PACKING = { jpeg: { quality: 85 }, png: {}, gif: {}, webp: { quality: 85 } };
type Format = keyof typeof PACKING;

/** A cache of unpacked images would only hold memory: no upload is worked on twice. */
sharp.cache(false);
sharp.concurrency(1);

/**
 * Unpacks an image and packs it anew, and makes its thumbnail. Animations stay animated.
 *
 * @throws {AppError} PAYLOAD_TOO_LARGE for too many pixels or frames, INSUFFICIENT_STORAGE.
 * @throws for an image that cannot be unpacked.
 */
export const repackImage = async (paths: ImagePaths): Promise<ProcessedImage> => {
  const { source, target, thumbnail } = paths;
  const format = paths.format as Format;
  if (format === 'gif') {
    const { frames, width, height } = await gifSize(source, MAX_FRAMES);
    // Without a frame it is none, whatever size it announces.
    if (frames > 0) checkSize(width, height, frames);
  }
  try {
    const header = await sharp(source, { limitInputPixels: false, animated: true }).metadata();
    const { width, height, pages = 1 } = header;
    checkSize(width, header.pageHeight ?? height / pages, pages);
    const options = { limitInputPixels: MAX_PIXELS, failOn: 'error' as const };
    const full = await sharp(source, { ...options, pages })
      .timeout({ seconds: TIMEOUT_S })
      .autoOrient()
      .toFormat(format, PACKING[format])
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
    if (error instanceof Error && /no space left|write error/i.test(error.message)) {
      throw noRoomForUploads(error);
    }
    throw error;
  }
};

const checkSize = (width: number, height: number, frames: number): void => {
  if (frames > MAX_FRAMES) {
    throw tooLarge(`The image has too many frames; at most ${MAX_FRAMES} are taken`);
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw tooLarge(`The image is too large; no side may have more than ${MAX_SIDE} pixels`);
  }
  if (width * height * frames > MAX_PIXELS) {
    throw tooLarge(
      `The image has too many pixels; at most ${MAX_PIXELS / 1e6} million are taken, all frames together`,
    );
  }
};

const tooLarge = (message: string): AppError => new AppError('PAYLOAD_TOO_LARGE', message);

/** What a GIF announces. */
export interface GifSize {
  frames: number;
  /** Pixels of the canvas, grown to what frames reach beyond it. */
  width: number;
  height: number;
}

/** Bytes read at a time. */
const PORTION = 65_536;
const EXTENSION = 0x21;
const FRAME = 0x2c;
/** Bytes of the colour table that a packed field announces. */
const tableBytes = (packed: number): number => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);

/**
 * Counts the frames of a GIF from its blocks, without unpacking any. Decoders go through all frames before
 * they say how many there are, which for a hostile file takes a minute and a gigabyte.
 *
 * @param enough counting ends beyond this number.
 * @returns what the blocks say up to the first one that is none, or to the end of the file.
 */
export const gifSize = async (path: string, enough: number): Promise<GifSize> => {
  const file = await open(path, 'r');
  let portion = Buffer.alloc(0);
  let start = 0;
  let at = 6;
  /** The next bytes; undefined at the end of the file. */
  const take = async (count: number): Promise<Buffer | undefined> => {
    if (at < start || at + count > start + portion.length) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(PORTION), 0, PORTION, at);
      [portion, start] = [buffer.subarray(0, bytesRead), at];
    }
    if (portion.length < at - start + count) return undefined;
    const taken = portion.subarray(at - start, at - start + count);
    at += count;
    return taken;
  };
  /** Goes past blocks of data, to behind the empty one that ends them. */
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
    await file.close();
  }
};
