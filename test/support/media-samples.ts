/**
 * Recordings of known length, as small as their formats allow: silence, or one black second. Each is
 * built from its format's own headers, so that tests need no file that nobody can read.
 */

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
};
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

/** PCM, mono, 8 bits at 8 kHz. */
export const wavOf = (seconds: number): Buffer => {
  const samples = Buffer.alloc(8000 * seconds, 0x80);
  const format = Buffer.alloc(16);
  format.writeUInt16LE(1, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(8000, 4);
  format.writeUInt32LE(8000, 8);
  format.writeUInt16LE(1, 12);
  format.writeUInt16LE(8, 14);
  const chunks = Buffer.concat([
    ascii('WAVEfmt '),
    u32le(16),
    format,
    ascii('data'),
    u32le(samples.length),
    samples,
  ]);
  return Buffer.concat([ascii('RIFF'), u32le(chunks.length), chunks]);
};

/** Silent frames of 1152 samples at 44.1 kHz and 128 kbit/s; answers the exact length too. */
export const mp3Of = (frames: number): { content: Buffer; seconds: number } => {
  const frame = Buffer.alloc(417);
  frame.set([0xff, 0xfb, 0x90, 0x64]);
  return {
    content: Buffer.concat(Array.from({ length: frames }, () => frame)),
    seconds: (frames * 1152) / 44_100,
  };
};

const box = (name: string, ...content: Buffer[]): Buffer => {
  const body = Buffer.concat(content);
  return Buffer.concat([u32(body.length + 8), ascii(name), body]);
};

const IDENTITY = Buffer.concat(
  [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map((value) => u32(value)),
);

/** The headers of a film without any track. `isLong` writes the times in eight bytes. */
const filmOf = (brand: string, seconds: number, isLong: boolean): Buffer => {
  const scale = 1000;
  const times = isLong
    ? [u32(0x01000000), Buffer.alloc(16), u32(scale), u32(0), u32(seconds * scale)]
    : [u32(0), Buffer.alloc(8), u32(scale), u32(seconds * scale)];
  const header = box(
    'mvhd',
    ...times,
    u32(0x10000),
    u16(0x100),
    Buffer.alloc(10),
    IDENTITY,
    Buffer.alloc(24),
    u32(1),
  );
  return Buffer.concat([
    box('ftyp', ascii(brand), u32(0), ascii(brand)),
    box('mdat', Buffer.alloc(64)),
    box('moov', header),
  ]);
};

/** An MP4 without sound. */
export const mp4Of = (seconds: number): Buffer => filmOf('isom', seconds, false);
/** A QuickTime film without sound, with times of eight bytes. */
export const movOf = (seconds: number): Buffer => filmOf('qt  ', seconds, true);

const oggPage = (number: number, granule: number, flags: number, packet: Buffer): Buffer => {
  const head = Buffer.alloc(27);
  head.write('OggS', 0, 'latin1');
  head[5] = flags;
  head.writeBigUInt64LE(BigInt(granule), 6);
  head.writeUInt32LE(1, 14);
  head.writeUInt32LE(number, 18);
  head[26] = 1;
  return Buffer.concat([head, Buffer.from([packet.length]), packet]);
};

/** Opus in Ogg: its head, its tags, and one page at the end. */
export const oggOf = (seconds: number): Buffer => {
  const head = Buffer.concat([
    ascii('OpusHead'),
    Buffer.from([1, 1, 0, 0]),
    u32le(48_000),
    Buffer.from([0, 0, 0]),
  ]);
  const tags = Buffer.concat([ascii('OpusTags'), u32le(0), u32le(0)]);
  return Buffer.concat([
    oggPage(0, 0, 2, head),
    oggPage(1, 0, 0, tags),
    oggPage(2, seconds * 48_000, 4, Buffer.from([0xf8, 0xff, 0xfe])),
  ]);
};

const element = (id: number[], content: Buffer): Buffer =>
  Buffer.concat([Buffer.from(id), Buffer.from([0x80 | content.length]), content]);

/** WebM: the document's head and the segment's, which says the length in milliseconds. */
export const webmOf = (seconds: number): Buffer => {
  const length = Buffer.alloc(8);
  length.writeDoubleBE(seconds * 1000);
  const info = element(
    [0x15, 0x49, 0xa9, 0x66],
    Buffer.concat([
      element([0x2a, 0xd7, 0xb1], Buffer.from([0x0f, 0x42, 0x40])),
      element([0x44, 0x89], length),
    ]),
  );
  const head = Buffer.concat([
    element([0x42, 0x86], Buffer.from([1])),
    element([0x42, 0x82], ascii('webm')),
  ]);
  return Buffer.concat([
    element([0x1a, 0x45, 0xdf, 0xa3], head),
    element([0x18, 0x53, 0x80, 0x67], info),
  ]);
};
