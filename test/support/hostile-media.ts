/** Files whose headers are made to keep a reader busy; each is built from its format's own blocks. */
import { crc32 } from 'node:zlib';
import sharp from 'sharp';

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u32le = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u24le = (value: number): Buffer => u32le(value).subarray(0, 3);
const u16le = (value: number): Buffer => u32le(value).subarray(0, 2);
/** Bytes as often as they are wanted. */
const times = (count: number, bytes: Buffer): Buffer => Buffer.alloc(count * bytes.length, bytes);

/** A GIF whose frames have the size of its canvas and all its first colour; `offset` moves the last one. */
export const gifOf = (
  frames: number,
  { width = 1, height = 1, offset = 0 }: { width?: number; height?: number; offset?: number } = {},
): Buffer => {
  const frame = (left: number) =>
    Buffer.concat([
      // The delay, then a place, a size, and a picture that ends after its first pixel.
      Buffer.from([0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c]),
      ...[left, 0, width, height].map(u16le),
      Buffer.from([0, 2, 2, 0x44, 0x01, 0]),
    ]);
  return Buffer.concat([
    ascii('GIF89a'),
    u16le(width),
    u16le(height),
    Buffer.from([0x80, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff]),
    times(frames - 1, frame(0)),
    frame(offset),
    Buffer.from([0x3b]),
  ]);
};

const riff = (name: string, content: Buffer): Buffer =>
  Buffer.concat([ascii(name), u32le(content.length), content, Buffer.alloc(content.length % 2)]);

/** An animated WebP of one grey pixel, packed without loss. */
export const webpOf = (frames: number): Buffer => {
  const pixel = riff('VP8L', Buffer.from('2f00000010ff1fea3faa00', 'hex'));
  const place = Buffer.concat([0, 0, 0, 0, 100].map(u24le));
  return riff(
    'RIFF',
    Buffer.concat([
      ascii('WEBP'),
      riff('VP8X', Buffer.concat([u32le(2), u24le(0), u24le(0)])),
      riff('ANIM', Buffer.alloc(6)),
      times(frames, riff('ANMF', Buffer.concat([place, Buffer.from([0]), pixel]))),
    ]),
  );
};

/** A PNG with so many texts before its pixels. */
export const pngWithTexts = async (count: number): Promise<Buffer> => {
  const image = await sharp({
    create: { width: 2, height: 2, channels: 3, background: 'red' },
  })
    .png()
    .toBuffer();
  const body = Buffer.concat([ascii('tEXt'), ascii('a\0b')]);
  const chunk = Buffer.concat([u32(3), body, u32(crc32(body))]);
  // The signature and IHDR come first.
  return Buffer.concat([image.subarray(0, 33), times(count, chunk), image.subarray(33)]);
};

const box = (name: string, content: Buffer): Buffer =>
  Buffer.concat([u32(content.length + 8), ascii(name), content]);

/** An MP4 of empty boxes, one after the other inside its `moov`. */
export const mp4OfBoxes = (count: number): Buffer =>
  Buffer.concat([
    box('ftyp', ascii('isom\0\0\0\0isom')),
    box('moov', times(count, box('trak', Buffer.alloc(0)))),
  ]);

/** An MP4 with boxes in boxes. */
export const mp4Nested = (depth: number): Buffer => {
  const previews = Array.from({ length: depth }, (_, i) =>
    Buffer.concat([u32((depth - i) * 8), ascii('moov')]),
  );
  return Buffer.concat([box('ftyp', ascii('isom\0\0\0\0isom')), ...previews]);
};

/** A WebM whose segment has empty elements without an end. */
export const webmOfElements = (count: number): Buffer =>
  Buffer.concat([
    Buffer.from(
      '1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853',
      'hex',
    ),
    Buffer.from('806701ffffffffffffff', 'hex'),
    // Void elements of no length.
    times(count, Buffer.from([0xec, 0x80])),
  ]);

/** An MP3 by its tag, and no frame behind it. */
export const mp3WithoutFrames = (bytes: number): Buffer =>
  Buffer.concat([ascii('ID3'), Buffer.from([3, 0, 0, 0, 0, 0, 0]), Buffer.alloc(bytes, 0xff)]);

/** Ogg pages without a packet, of a stream that never ends. */
export const oggOfPages = (count: number): Buffer => {
  const head = Buffer.concat([
    ascii('OpusHead'),
    Buffer.from([1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0]),
  ]);
  const page = (flags: number, content: Buffer) =>
    Buffer.concat([
      ascii('OggS'),
      Buffer.from([0, flags]),
      Buffer.alloc(20),
      Buffer.from(content.length === 0 ? [0] : [1, content.length]),
      content,
    ]);
  return Buffer.concat([page(2, head), times(count, page(0, Buffer.alloc(0)))]);
};
