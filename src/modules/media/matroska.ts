/**
 * Films and sound in WebM, a kind of Matroska. A file is a list of elements, each with its id, its size and its
 * content, which may be elements again.
 */
import type { ContentReader } from './content-reader.js';
import type { Tracks } from './iso-media.js';

interface Element {
  id: number;
  start: number;
  /** Where its content begins. */
  body: number;
  /** Undefined where it does not say its size: it is being recorded, or was cut off. */
  end: number | undefined;
}

const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const TRACK = 0xae;
const TRACK_TYPE = 0x83;
const TAGS = 0x1254c367;
const ATTACHMENTS = 0x1941a469;
const VOID = 0xec;
const HEADER = 0x1a45dfa3;

const elementAt = async (file: ContentReader, at: number): Promise<Element | undefined> => {
  const first = (await file.read(at, 1))?.[0] ?? 0;
  const idLength = Math.clz32(first) - 23;
  const id = idLength <= 4 ? await file.read(at, idLength) : undefined;
  const sizeFirst = id && (await file.read(at + idLength, 1))?.[0];
  if (!id || !sizeFirst) return undefined;
  const sizeLength = Math.clz32(sizeFirst) - 23;
  const size = await file.read(at + idLength, sizeLength);
  if (!size) return undefined;
  const marker = 0x80 >> (sizeLength - 1);
  const bits = Buffer.from(size);
  bits[0]! &= marker - 1;
  const isUnknown = bits[0] === marker - 1 && bits.subarray(1).every((byte) => byte === 0xff);
  const length = Number(BigInt(`0x${bits.toString('hex')}`));
  const body = at + idLength + sizeLength;
  return {
    id: id.readUIntBE(0, idLength),
    start: at,
    body,
    end: isUnknown ? undefined : Math.min(body + length, file.size),
  };
};

/**
 * The elements between two places. An element without a size is followed by its content: elements of
 * different levels have different ids, so they cannot be confused.
 */
async function* elementsIn(
  file: ContentReader,
  start: number,
  end: number,
): AsyncGenerator<Element> {
  for (let at = start; at < end;) {
    const element = await elementAt(file, at);
    if (!element) return;
    yield element;
    at = element.end ?? element.body;
  }
}

/** The elements of a segment; where one is none, players stop, and nobody looks for what follows. */
async function* elementsOfSegment(
  file: ContentReader,
  start: number,
  end: number,
): AsyncGenerator<Element> {
  let at = start;
  for await (const element of elementsIn(file, start, end)) {
    yield element;
    at = element.end ?? element.body;
  }
  if (at < end) yield { id: ATTACHMENTS, start: at, body: at, end };
}

/** The elements of all segments. */
async function* elementsOfFile(file: ContentReader): AsyncGenerator<Element> {
  for (let at = 0; at < file.size;) {
    const element = await elementAt(file, at);
    if (element?.id === SEGMENT) {
      yield* elementsOfSegment(file, element.body, element.end ?? file.size);
    } else if (element?.id !== HEADER && element?.id !== VOID) {
      // Nothing is needed after the film.
      if (at > 0) yield { id: ATTACHMENTS, start: at, body: at, end: file.size };
      return;
    }
    at = element.end ?? file.size;
  }
}

/** Whether a recording has pictures that move, by the list of its tracks. */
export const matroskaTracks = async (file: ContentReader): Promise<Tracks> => {
  for await (const { id, body, end } of elementsOfFile(file)) {
    if (id !== TRACKS) continue;
    let tracks: Tracks;
    for await (const track of elementsIn(file, body, end ?? file.size)) {
      const type = track.id === TRACK ? await typeOfTrack(file, track) : undefined;
      if (type === 1) return 'film';
      if (type === 2) tracks = 'sound';
    }
    return tracks;
  }
  return undefined;
};

const typeOfTrack = async (
  file: ContentReader,
  { body, end }: Element,
): Promise<number | undefined> => {
  for await (const part of elementsIn(file, body, end ?? file.size)) {
    if (part.id === TRACK_TYPE) return (await file.read(part.body, 1))?.[0];
  }
  return undefined;
};

/**
 * Removes tags and attached files, which may say where a recording was made. They are overwritten in place,
 * by an element of the same size that players skip: nothing moves.
 */
export const removeMatroskaMetadata = async (file: ContentReader): Promise<void> => {
  for await (const { id, start, body, end = file.size } of elementsOfFile(file)) {
    if (id === VOID) await file.zero(body, end);
    else if (id === TAGS || id === ATTACHMENTS) await erase(file, start, end);
  }
};

/** Bytes of the id and the size of a {@link VOID} element of any length. */
const VOID_HEAD = 9;

const erase = async (file: ContentReader, start: number, end: number): Promise<void> => {
  await file.zero(start, end);
  const length = end - start;
  const head = Buffer.from([VOID, 1, 0, 0, 0, 0, 0, 0, 0]);
  if (length >= VOID_HEAD) head.writeUIntBE(length - VOID_HEAD, 3, 6);
  if (length >= VOID_HEAD) await file.overwrite(start, head);
  else if (length >= 2) await file.overwrite(start, Buffer.from([VOID, 0x80 | (length - 2)]));
};
