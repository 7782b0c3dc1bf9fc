/**
 * Films and sound in the ISO base format: MP4, M4A, MOV, 3GP. A file is a list of boxes, each with its size, its
 * name of four letters and its content, which may be boxes again.
 */
import type { ContentReader } from './content-reader.js';

/** Whether a recording has video or only sound; undefined where its headers do not say. */
export type Tracks = 'film' | 'sound' | undefined;

interface Box {
  /** Empty for bytes that are no box. */
  name: string;
  start: number;
  /** Where its content begins. */
  body: number;
  end: number;
}

/** The boxes between two places; bytes left at the end come as one box without a name. */
async function* boxesIn(file: ContentReader, start: number, end: number): AsyncGenerator<Box> {
  for (let at = start; at < end;) {
    const box = await boxAt(file, at, end);
    yield box;
    at = box.end;
  }
}

const boxAt = async (file: ContentReader, at: number, end: number): Promise<Box> => {
  const rest = { name: '', start: at, body: at, end };
  const head = at + 8 <= end ? await file.read(at, 8) : undefined;
  if (!head) return rest;
  const short = head.readUInt32BE(0);
  // 1 means a long size behind the name, 0 a box that extends to the end.
  const long = short === 1 ? await file.read(at + 8, 8) : undefined;
  const headSize = long ? 16 : 8;
  const size = long ? Number(long.readBigUInt64BE(0)) : short === 0 ? end - at : short;
  if (size < headSize) return rest;
  const name = head.toString('latin1', 4, 8);
  return { name, start: at, body: at + headSize, end: Math.min(at + size, end) };
};

const childOf = async (
  file: ContentReader,
  parent: Box,
  name: string,
  skipped = 0,
): Promise<Box | undefined> => {
  for await (const box of boxesIn(file, parent.body + skipped, parent.end)) {
    if (box.name === name) return box;
  }
  return undefined;
};

const descendantOf = async (
  file: ContentReader,
  parent: Box,
  ...names: string[]
): Promise<Box | undefined> => {
  let box: Box | undefined = parent;
  for (const name of names) box = box && (await childOf(file, box, name));
  return box;
};

/** What a track or a list of metadata holds: `vide`, `soun`, `meta`, `mdir` and others. */
const handlerOf = async (file: ContentReader, box: Box | undefined): Promise<string | undefined> =>
  box && (await file.read(box.body + 8, 4))?.toString('latin1');

/** Brands of files that are sound, even where they have pictures of chapters. */
const SOUND_BRANDS = new Set(['M4A ', 'M4B ', 'M4P ', 'F4A ', 'F4B ']);

/** Whether a recording has pictures that move, by the list of its tracks. */
export const isoTracks = async (file: ContentReader): Promise<Tracks> => {
  const whole = { name: '', start: 0, body: 0, end: file.size };
  const brand = (await file.read(0, 12))?.toString('latin1', 4);
  if (brand?.startsWith('ftyp') && SOUND_BRANDS.has(brand.slice(4))) return 'sound';
  const movie = await childOf(file, whole, 'moov');
  if (!movie) return undefined;
  let tracks: Tracks;
  for await (const box of boxesIn(file, movie.body, movie.end)) {
    if (box.name !== 'trak') continue;
    const handler = await handlerOf(file, await descendantOf(file, box, 'mdia', 'hdlr'));
    if (handler === 'vide') return 'film';
    if (handler === 'soun') tracks = 'sound';
  }
  return tracks;
};

/** Boxes of a file's top level that players need. All others may hold anything. */
const OF_FILE = new Set([
  'ftyp',
  'styp',
  'pdin',
  'moov',
  'moof',
  'mdat',
  'imda',
  'mfra',
  'sidx',
  'ssix',
  'prft',
  'emsg',
]);
/** The same for `moov`. */
const OF_MOVIE = new Set([
  'mvhd',
  'trak',
  'mvex',
  'iods',
  'pssh',
  'clip',
  'ctab',
  'prfl',
  'cmov',
  'rmra',
]);
/** Names, authors, chapters, loudness: the user data of a film that players show or use. */
const USER_DATA = new Set([
  'name',
  'titl',
  'auth',
  'perf',
  'gnre',
  'albm',
  'yrrc',
  'cprt',
  'chpl',
  'hnti',
  'hinf',
  'ludt',
  'tsel',
  'kind',
  '\u00a9nam',
  '\u00a9ART',
  '\u00a9alb',
  '\u00a9day',
  '\u00a9gen',
  '\u00a9wrt',
]);
/** The same for the list that music programs write. */
const MUSIC_ITEMS = new Set([
  '\u00a9nam',
  '\u00a9ART',
  'aART',
  '\u00a9alb',
  '\u00a9day',
  '\u00a9gen',
  '\u00a9wrt',
  '\u00a9too',
  'gnre',
  'trkn',
  'disk',
  'cpil',
  'pgap',
  'tmpo',
  'cprt',
  'covr',
  'stik',
  'rtng',
  'hdvd',
]);
/** Texts that occur in a cover picture with metadata of its own. */
const PICTURE_METADATA = ['Exif\0', 'eXIf', 'ns.adobe.com/xap', 'Photoshop 3.0'];
/** Extensions that players need to decrypt a film, or to show it as spherical. */
const NEEDED_EXTENSIONS = new Set([
  'a2394f525a9b4f14a2446c427c648df4',
  '8974dbce7be74c5184f97148f9882554',
  'd08a4f1810f34a82b6c832d8aba183d3',
  '6d1d9b0542d544e680e2141daff757b2',
  'd4807ef2ca3946958e5426cb9e46a79f',
  'ffcc8263f8554a938814587a02521fdd',
]);
/** Tracks with the place and position of the camera at each moment. */
const METADATA_TRACKS = new Set(['meta', 'camm', 'gpmd', 'gps ']);
const UNUSED = new Set(['free', 'skip', 'wide']);

/**
 * Removes the place of a recording, and all metadata that might hold it: user data, Apple's and Android's
 * lists of keys, XMP, tracks with the place at each second, and bytes after the film. Everything is
 * overwritten in place, by boxes of the same size that players skip: nothing moves, so the offsets of the
 * pictures in the file stay valid.
 */
export const removeIsoMetadata = async (file: ContentReader): Promise<void> => {
  for await (const box of boxesIn(file, 0, file.size)) {
    if (box.name === 'moov') await cleanMovie(file, box);
    else if (box.name === 'moof') await cleanFragment(file, box);
    else if (!OF_FILE.has(box.name)) await erase(file, box);
  }
};

const cleanMovie = async (file: ContentReader, movie: Box): Promise<void> => {
  for await (const box of boxesIn(file, movie.body, movie.end)) {
    if (box.name === 'trak') await cleanTrack(file, box);
    else if (!(await isCleaned(file, box)) && !OF_MOVIE.has(box.name)) await erase(file, box);
  }
};

const cleanFragment = async (file: ContentReader, fragment: Box): Promise<void> => {
  for await (const box of boxesIn(file, fragment.body, fragment.end)) await isCleaned(file, box);
};

const cleanTrack = async (file: ContentReader, track: Box): Promise<void> => {
  const handler = await handlerOf(file, await descendantOf(file, track, 'mdia', 'hdlr'));
  if (METADATA_TRACKS.has(handler ?? '')) {
    await zeroSamples(file, track);
    await erase(file, track);
    return;
  }
  for await (const box of boxesIn(file, track.body, track.end)) await isCleaned(file, box);
};

/** Cleans a box that may hold metadata, at whatever level; false for every other one. */
const isCleaned = async (file: ContentReader, box: Box): Promise<boolean> => {
  if (box.name === 'udta') await cleanUserData(file, box);
  else if (box.name === 'meta') await cleanList(file, box);
  else if (UNUSED.has(box.name)) await file.zero(box.body, box.end);
  else if (box.name !== 'uuid') return false;
  else if (!(await isNeededExtension(file, box))) await erase(file, box);
  return true;
};

const isNeededExtension = async (file: ContentReader, { body }: Box): Promise<boolean> =>
  NEEDED_EXTENSIONS.has((await file.read(body, 16))?.toString('hex') ?? '');

const cleanUserData = async (file: ContentReader, userData: Box): Promise<void> => {
  for await (const box of boxesIn(file, userData.body, userData.end)) {
    if (box.name === 'meta') await cleanList(file, box);
    else if (!USER_DATA.has(box.name)) await erase(file, box);
  }
};

/** Keeps the list of a music program, without the entries that are not about music. */
const cleanList = async (file: ContentReader, list: Box): Promise<void> => {
  // In MOV files the boxes come first, in others after four bytes.
  const isPlain = (await file.read(list.body + 4, 4))?.toString('latin1') === 'hdlr';
  const skipped = isPlain ? 0 : 4;
  const handler = await handlerOf(file, await childOf(file, list, 'hdlr', skipped));
  if (handler !== 'mdir') {
    await erase(file, list);
    return;
  }
  for await (const box of boxesIn(file, list.body + skipped, list.end)) {
    if (box.name === 'ilst') await cleanItems(file, box);
    else if (box.name !== 'hdlr') await erase(file, box);
  }
};

const cleanItems = async (file: ContentReader, items: Box): Promise<void> => {
  for await (const box of boxesIn(file, items.body, items.end)) {
    const isKept =
      MUSIC_ITEMS.has(box.name) &&
      !(box.name === 'covr' && (await file.includes(PICTURE_METADATA, box.body, box.end)));
    if (!isKept) await erase(file, box);
  }
};

/** Turns a box, or stray bytes, into a box that players skip. */
const erase = async (file: ContentReader, { name, start, body, end }: Box): Promise<void> => {
  await file.zero(body, end);
  if (name !== '') {
    await file.overwrite(start + 4, Buffer.from('free'));
  } else if (end - start >= 8) {
    const head = Buffer.from('\0\0\0\0free');
    head.writeUInt32BE(end - start, 0);
    await file.overwrite(start, head);
  }
};

/** A table of a track, without the four bytes before it. */
interface Table {
  count: number;
  /** The numbers of one row. */
  row(index: number): Promise<number[]>;
}

const NO_TABLE: Table = { count: 0, row: () => Promise.resolve([]) };

/** Rows of a table read at a time; even, so that it begins with a whole byte. */
const ROWS_READ = 4096;

/** @param bits of a number: 4, 8, 16, 32 or 64. @param head bytes before the count. */
const tableOf = async (
  file: ContentReader,
  box: Box | undefined,
  columns: number,
  { bits = 32, head = 4 } = {},
): Promise<Table> => {
  const announced = box && (await file.read(box.body + head, 4))?.readUInt32BE(0);
  if (!box || announced === undefined) return NO_TABLE;
  const start = box.body + head + 4;
  const rowSize = (columns * bits) / 8;
  const count = Math.min(announced, Math.floor((box.end - start) / rowSize));
  // The file's reader looks at another place for each table, and forgets what it has read when it writes.
  let rows: Buffer = Buffer.alloc(0);
  let first = -1;
  return {
    count,
    row: async (index) => {
      const inRows = index % ROWS_READ;
      if (index - inRows !== first) {
        first = index - inRows;
        const size = Math.ceil(Math.min(ROWS_READ, count - first) * rowSize);
        rows = (await file.read(start + first * rowSize, size)) ?? Buffer.alloc(size);
      }
      return Array.from({ length: columns }, (_, i) => numberAt(rows, inRows * columns + i, bits));
    },
  };
};

const numberAt = (bytes: Buffer, index: number, bits: number): number => {
  if (bits === 64) return Number(bytes.readBigUInt64BE(index * 8));
  if (bits > 4) return bytes.readUIntBE((index * bits) / 8, bits / 8);
  return index % 2 === 0 ? bytes[index / 2]! >> 4 : bytes[(index - 1) / 2]! & 15;
};

/** Sizes of a track's samples in bytes: one of all, or else a table. */
const sampleSizes = async (
  file: ContentReader,
  table: Box,
): Promise<{ common: number; each: Table }> => {
  const sizes = await childOf(file, table, 'stsz');
  if (sizes) {
    const common = (await file.read(sizes.body + 4, 4))?.readUInt32BE(0) ?? 0;
    return { common, each: await tableOf(file, sizes, 1, { head: 8 }) };
  }
  const compact = await childOf(file, table, 'stz2');
  const bits = (compact && (await file.read(compact.body + 7, 1))?.[0]) ?? 0;
  const isKnown = [4, 8, 16].includes(bits);
  return {
    common: 0,
    each: isKnown ? await tableOf(file, compact, 1, { bits, head: 8 }) : NO_TABLE,
  };
};

/**
 * Overwrites what a track has in the file besides its headers. Samples that fragments (`moof`) describe are kept:
 * without the headers of their track nobody knows what they are, but their bytes stay.
 */
const zeroSamples = async (file: ContentReader, track: Box): Promise<void> => {
  const table = await descendantOf(file, track, 'mdia', 'minf', 'stbl');
  if (!table) return;
  const { common, each } = await sampleSizes(file, table);
  const long = await childOf(file, table, 'co64');
  const chunks = long
    ? await tableOf(file, long, 1, { bits: 64 })
    : await tableOf(file, await childOf(file, table, 'stco'), 1);
  const runs = await tableOf(file, await childOf(file, table, 'stsc'), 3);
  let sample = 0;
  let run = 0;
  for (let chunk = 0; chunk < chunks.count; chunk += 1) {
    while (run + 1 < runs.count && (await runs.row(run + 1))[0]! <= chunk + 1) run += 1;
    const [, perChunk = 0] = run < runs.count ? await runs.row(run) : [];
    // The number of samples in a chunk may be anything that the file says: nothing counts up to it.
    let length = common * perChunk;
    const last = common === 0 ? Math.min(sample + perChunk, each.count) : sample;
    for (; sample < last; sample += 1) length += (await each.row(sample))[0]!;
    const [start = 0] = await chunks.row(chunk);
    await file.zero(start, Math.min(start + length, file.size));
  }
};
