import { open } from 'node:fs/promises';

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
