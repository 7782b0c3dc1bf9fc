import type { FileHandle } from 'node:fs/promises';

/** Bytes read, and written, at a time. */
export const PORTION = 65_536;

/** Reads and overwrites parts of a file; reads are buffered, because headers are close together. */
export class ContentReader {
  private portion = Buffer.alloc(0);
  private start = 0;

  constructor(
    private readonly file: FileHandle,
    /** Bytes of the file. */
    readonly size: number,
  ) {}

  /** The bytes at a place; undefined where the file ends before them. */
  async read(at: number, count: number): Promise<Buffer | undefined> {
    if (at + count > this.size) return undefined;
    if (at < this.start || at + count > this.start + this.portion.length) {
      const length = Math.max(count, PORTION);
      const { buffer, bytesRead } = await this.file.read(Buffer.alloc(length), 0, length, at);
      [this.portion, this.start] = [buffer.subarray(0, bytesRead), at];
    }
    const bytes = this.portion.subarray(at - this.start, at - this.start + count);
    return bytes.length === count ? bytes : undefined;
  }

  /** Overwrites bytes at a place. */
  async overwrite(at: number, bytes: Buffer): Promise<void> {
    await this.file.write(bytes, 0, bytes.length, at);
    this.portion = Buffer.alloc(0);
  }

  /** Overwrites with zeros. */
  async zero(start: number, end: number): Promise<void> {
    for (let at = start; at < end; at += PORTION) {
      await this.overwrite(at, Buffer.alloc(Math.min(PORTION, end - at)));
    }
  }

  /** Whether one of the texts occurs between two places. */
  async includes(texts: string[], start: number, end: number): Promise<boolean> {
    const overlap = Math.max(...texts.map((text) => text.length));
    for (let at = start; at < end; at += PORTION) {
      const bytes = await this.read(at, Math.min(PORTION + overlap, end - at));
      if (texts.some((text) => bytes?.includes(text, 0, 'latin1'))) return true;
    }
    return false;
  }
}
