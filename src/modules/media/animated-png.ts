/**
 * Animated PNGs, of which sharp reads only the first frame. A PNG is a list of chunks, each with its length,
 * its name of four letters, its content and a checksum.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ContentReader, PORTION } from './content-reader.js';

/** Bytes around a chunk's content. */
const AROUND = 12;
const SIGNATURE = 8;
/** Bytes of the content of `IHDR`, the first of which are the width and the height. */
const HEADER_SIZE = 13;
/** What pictures are made of; texts, times, EXIF and colour profiles, which may hold anything, are none of it. */
const KEPT = new Set([
  ...['IHDR', 'PLTE', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'cICP', 'sBIT', 'bKGD', 'pHYs'],
  ...['acTL', 'fcTL', 'IDAT', 'fdAT', 'IEND'],
]);

interface Chunk {
  name: string;
  /** Where it begins, with its length. */
  start: number;
  end: number;
}

/** An animation, and how much of it is complete. */
export interface AnimatedPng {
  /** Pixels. */
  width: number;
  height: number;
  /** Complete frames. */
  frames: number;
  /** Where the last complete frame ends in the file. */
  end: number;
}

/** The chunks up to the first incomplete one; the last one may lack its checksum. */
async function* chunksOf(file: ContentReader): AsyncGenerator<Chunk> {
  for (let at = SIGNATURE; ;) {
    const head = await file.read(at, 8);
    if (!head) return;
    const name = head.toString('latin1', 4);
    const end = at + AROUND + head.readUInt32BE(0);
    const isWhole = name === 'IEND' || (end <= file.size && (await isSound(file, at, end)));
    if (!isWhole) return;
    yield { name, start: at, end };
    if (name === 'IEND') return;
    at = end;
  }
}

const isSound = async (file: ContentReader, start: number, end: number): Promise<boolean> => {
  let sum = 0;
  for (let at = start + 4; at < end - 4; at += PORTION) {
    sum = crc32((await file.read(at, Math.min(PORTION, end - 4 - at))) ?? '', sum);
  }
  return sum === (await file.read(end - 4, 4))?.readUInt32BE(0);
};

/**
 * What a PNG says of its animation; undefined for one that has fewer than two whole frames, or whose header is not
 * its first chunk and the only one.
 */
export const readAnimatedPng = async (path: string): Promise<AnimatedPng | undefined> => {
  const handle = await open(path, 'r');
  try {
    const file = new ContentReader(handle, (await handle.stat()).size);
    let size: Buffer | undefined;
    let isAnimated = false;
    let frames = 0;
    let end = 0;
    let place: 'before' | 'announced' | 'inside' = 'before';
    let last = SIGNATURE;
    for await (const chunk of chunksOf(file)) {
      // Viewers take the size from whichever header they find, so it must be one, at its place.
      if ((chunk.name === 'IHDR') !== (chunk.start === SIGNATURE)) return undefined;
      if (chunk.name === 'IHDR') {
        if (chunk.end - chunk.start !== HEADER_SIZE + AROUND) return undefined;
        size = await file.read(chunk.start + 8, 8);
      }
      if (chunk.name === 'acTL') isAnimated = true;
      if (chunk.name === 'IDAT' && !isAnimated) return undefined;
      const isData = chunk.name === 'IDAT' || chunk.name === 'fdAT';
      if (isData && place === 'announced') place = 'inside';
      if ((chunk.name === 'fcTL' || chunk.name === 'IEND') && place === 'inside') {
        frames += 1;
        end = chunk.start;
      }
      if (chunk.name === 'fcTL') place = 'announced';
      if (chunk.name === 'IEND') place = 'before';
      last = chunk.end;
    }
    // Cut off right behind a frame.
    if (place === 'inside' && last === file.size) [frames, end] = [frames + 1, last];
    if (!isAnimated || frames < 2 || !size) return undefined;
    return { width: size.readUInt32BE(0), height: size.readUInt32BE(4), frames, end };
  } finally {
    await handle.close();
  }
};

const chunkOf = (name: string, content: Buffer): Buffer => {
  const chunk = Buffer.alloc(content.length + AROUND);
  chunk.writeUInt32BE(content.length, 0);
  chunk.write(name, 4, 'latin1');
  content.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
  return chunk;
};

/**
 * Copies an animation: its complete frames, and only the chunks that pictures need.
 *
 * @returns bytes of the copy.
 */
export const copyAnimatedPng = async (
  source: string,
  target: string,
  { frames, end }: AnimatedPng,
): Promise<number> => {
  const [from, to] = [await open(source, 'r'), await open(target, 'w')];
  try {
    const file = new ContentReader(from, (await from.stat()).size);
    await copyBytes(file, to, 0, SIGNATURE);
    for await (const chunk of chunksOf(file)) {
      if (chunk.start >= end) break;
      if (chunk.name === 'acTL') {
        const control = Buffer.from((await file.read(chunk.start + 8, 8)) ?? Buffer.alloc(8));
        control.writeUInt32BE(frames, 0);
        await to.write(chunkOf('acTL', control));
      } else if (KEPT.has(chunk.name)) {
        await copyBytes(file, to, chunk.start, chunk.end);
      }
    }
    await to.write(chunkOf('IEND', Buffer.alloc(0)));
    return (await to.stat()).size;
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
};

const copyBytes = async (
  file: ContentReader,
  to: FileHandle,
  start: number,
  end: number,
): Promise<void> => {
  for (let at = start; at < end; at += PORTION) {
    await to.write((await file.read(at, Math.min(PORTION, end - at))) ?? Buffer.alloc(0));
  }
};
