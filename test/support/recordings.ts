/** Films and sound with what cameras write into them, built from their formats' own boxes. */

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Numbers of four bytes. */
export const numbers = (...list: number[]): Buffer => {
  const bytes = Buffer.alloc(list.length * 4);
  list.forEach((number, i) => bytes.writeUInt32BE(number, i * 4));
  return bytes;
};

/** A box of the ISO base format; texts are written byte by byte. */
export const box = (name: string, ...parts: (Buffer | string)[]): Buffer => {
  const content = Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : ascii(part))));
  return Buffer.concat([numbers(content.length + 8), ascii(name), content]);
};

/** The same with a size of eight bytes. */
export const longBox = (name: string, ...parts: (Buffer | string)[]): Buffer => {
  const content = box(name, ...parts).subarray(8);
  return Buffer.concat([numbers(1), ascii(name), numbers(0, content.length + 16), content]);
};

const MATRIX = numbers(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** The header of a film of three seconds. */
export const movieHeader = (): Buffer =>
  box(
    'mvhd',
    numbers(0, 0, 0, 1000, 3000, 0x10000, 0x01000000, 0, 0),
    MATRIX,
    numbers(0, 0, 0, 0, 0, 0, 2),
  );

/** A track; `handler` is `vide`, `soun`, `meta` or another. */
export const track = (handler: string, extra: Buffer[] = [], table: Buffer[] = []): Buffer =>
  box(
    'trak',
    box('tkhd', numbers(7, 0, 0, 1, 0, 3000, 0, 0, 0, 0x01000000), MATRIX, numbers(0, 0)),
    box(
      'mdia',
      box('mdhd', numbers(0, 0, 0, 48_000, 144_000, 0x55c40000)),
      box('hdlr', numbers(0, 0), handler, numbers(0, 0, 0), 'Track\0'),
      box('minf', box('stbl', ...table)),
    ),
    ...extra,
  );

/** The beginning of a file. */
export const brandOf = (brand: string): Buffer => box('ftyp', brand, numbers(0), `${brand}mp42`);

/** A recording with these tracks. */
export const recordingOf = (brand: string, ...handlers: string[]): Buffer =>
  Buffer.concat([
    brandOf(brand),
    box('moov', movieHeader(), ...handlers.map((handler) => track(handler))),
    box('mdat', Buffer.alloc(4096, 1)),
  ]);

/** An element of WebM; a size of undefined is left unknown. */
export const element = (id: string, content: Buffer, isOpen = false): Buffer => {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(content.length, 4);
  size[0] = 1;
  const unknown = Buffer.from([1, 255, 255, 255, 255, 255, 255, 255]);
  return Buffer.concat([Buffer.from(id, 'hex'), isOpen ? unknown : size, content]);
};

const WEBM_HEAD = element('1a45dfa3', element('4282', ascii('webm')));

/** A WebM with these types of tracks (1 pictures, 2 sound) and other elements. */
export const webmWith = (types: number[], extra: Buffer[] = [], isOpen = false): Buffer =>
  Buffer.concat([
    WEBM_HEAD,
    element(
      '18538067',
      Buffer.concat([
        element('1549a966', element('2ad7b1', Buffer.from([0x0f, 0x42, 0x40]))),
        element(
          '1654ae6b',
          Buffer.concat(types.map((type) => element('ae', element('83', Buffer.from([type]))))),
        ),
        element(
          '1f43b675',
          Buffer.concat([element('e7', Buffer.from([0])), element('a3', Buffer.alloc(64, 7))]),
          isOpen,
        ),
        ...extra,
      ]),
      isOpen,
    ),
  ]);
