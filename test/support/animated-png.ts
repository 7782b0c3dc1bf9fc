import { crc32, deflateSync } from 'node:zlib';

/** A chunk of a PNG. */
export const pngChunk = (name: string, content: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  return Buffer.concat([numbers(content.length), body, numbers(crc32(body))]);
};

const numbers = (...list: number[]): Buffer => {
  const bytes = Buffer.alloc(list.length * 4);
  list.forEach((number, i) => bytes.writeUInt32BE(number, i * 4));
  return bytes;
};

const HEIGHT = 16;

/**
 * An animated PNG of plain frames.
 *
 * @param extra chunks that have nothing to do with pictures.
 * @returns the file, and its chunks without those.
 */
export const apngOf = (
  frames: number,
  extra: Buffer[] = [],
  width = 16,
): { whole: Buffer; chunks: Buffer[] } => {
  const row = (value: number) => Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, value)]);
  const pixels = (value: number) =>
    deflateSync(Buffer.concat(Array.from({ length: HEIGHT }, () => row(value))));
  let sequence = 0;
  const control = () =>
    pngChunk(
      'fcTL',
      Buffer.concat([numbers(sequence++, width, HEIGHT, 0, 0), Buffer.from([0, 20, 0, 100, 0, 0])]),
    );
  const start = [
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', Buffer.concat([numbers(width, HEIGHT), Buffer.from([8, 2, 0, 0, 0])])),
    pngChunk('acTL', numbers(frames, 0)),
  ];
  const rest = [control(), pngChunk('IDAT', pixels(40))];
  for (let i = 1; i < frames; i += 1) {
    rest.push(control());
    rest.push(pngChunk('fdAT', Buffer.concat([numbers(sequence++), pixels((i * 60) % 256)])));
  }
  rest.push(pngChunk('IEND', Buffer.alloc(0)));
  return { whole: Buffer.concat([...start, ...extra, ...rest]), chunks: [...start, ...rest] };
};
