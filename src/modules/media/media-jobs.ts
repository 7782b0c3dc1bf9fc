/**
 * The jobs on the content of uploads, which may be hostile. They run in a process of their own, see
 * {@link MediaWorkers}, which is killed when a job does not end in time: neither sharp's reading of headers
 * nor music-metadata can be stopped in another way.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { fileTypeFromFile } from 'file-type';
import { parseFile } from 'music-metadata';
import { storageError } from '../../platform/storage/storage-errors.js';
import type { ErrorCode, RefusalDetails } from '../../shared/errors.js';
import { ContentReader } from './content-reader.js';
import type { FoundType } from './files.js';
import { containerOf } from './files.js';
import { repackImage } from './images.js';
import type { ImageJob, ProcessedImage } from './images.js';
import { isoTracks, removeIsoMetadata } from './iso-media.js';
import { matroskaTracks, removeMatroskaMetadata } from './matroska.js';

/** The jobs, with their inputs and results. */
export interface MediaJobs {
  /** The type of a file by its first bytes and, of a recording, by its tracks. */
  detect: { input: { path: string }; output: FoundType };
  /** Removes the place of recording from a film or sound file; the file is changed in place. */
  clean: { input: { path: string; mimeType: string }; output: undefined };
  /** Seconds that a recording plays; undefined where its headers do not say. */
  playTime: { input: { path: string }; output: number | undefined };
  /** Repacks an image and makes its thumbnail. */
  repack: { input: ImageJob; output: ProcessedImage };
}

/** A job as it is sent to the process. */
export interface WorkerRequest {
  name: keyof MediaJobs;
  input: unknown;
}

/** The answer to it; `code`, `retryAfter` (seconds) and `details` are those of an {@link AppError}. */
export type WorkerAnswer =
  | { isDone: true; output: unknown }
  | {
      isDone: false;
      message: string;
      code?: ErrorCode;
      retryAfter?: number | undefined;
      details?: RefusalDetails | undefined;
    };

/** Does a job. @throws {AppError} as the job says. */
export const doMediaJob: {
  [Name in keyof MediaJobs]: (
    input: MediaJobs[Name]['input'],
  ) => Promise<MediaJobs[Name]['output']>;
} = {
  detect: async ({ path }) => {
    const mimeType = (await fileTypeFromFile(path).catch(() => undefined))?.mime;
    return { mimeType, tracks: await tracksOf(path, mimeType) };
  },
  clean: ({ path, mimeType }) => removeMetadata(path, mimeType),
  playTime: ({ path }) => playTimeOf(path),
  repack: repackImage,
};

/** Whether a recording has pictures that move. */
const tracksOf = async (
  path: string,
  mimeType: string | undefined,
): Promise<FoundType['tracks']> => {
  const container = containerOf(mimeType);
  if (!container) return undefined;
  const handle = await open(path, 'r');
  try {
    const file = new ContentReader(handle, (await handle.stat()).size);
    return await (container === 'iso' ? isoTracks : matroskaTracks)(file);
  } finally {
    await handle.close();
  }
};

const removeMetadata = async (path: string, mimeType: string): Promise<undefined> => {
  const handle = await open(path, 'r+');
  try {
    const file = new ContentReader(handle, (await handle.stat()).size);
    await (containerOf(mimeType) === 'iso' ? removeIsoMetadata : removeMatroskaMetadata)(file);
    return undefined;
  } catch (error) {
    throw storageError(error);
  } finally {
    await handle.close();
  }
};

/** Boxes of a film's top level that are read; a real film has a handful. */
const MAX_BOXES = 64;
/** Longer than any recording: a header that says so is wrong. In seconds. */
const MAX_SECONDS = 1_000_000;

/**
 * How long a recording plays, in seconds; undefined where its headers do not say or cannot be read. A wrong
 * answer does no harm, because players compute it themselves. A hostile file can make this run for ever, so
 * it is a job of {@link MediaWorkers}.
 */
const playTimeOf = async (path: string): Promise<number | undefined> => {
  const seconds = (await soundTime(path)) ?? (await filmTime(path));
  const isPlausible = seconds !== undefined && seconds > 0 && seconds < MAX_SECONDS;
  return isPlausible ? Math.round(seconds * 1000) / 1000 : undefined;
};

/** By the sound, which music-metadata reads in all formats. */
const soundTime = async (path: string): Promise<number | undefined> => {
  try {
    const options = { duration: true, skipCovers: true, skipPostHeaders: true };
    const { format } = await parseFile(path, options);
    return format.duration;
  } catch {
    return undefined;
  }
};

/** By the film's own header, for MP4 and MOV without sound. */
const filmTime = async (path: string): Promise<number | undefined> => {
  const file = await open(path, 'r');
  try {
    const movie = await findBox(file, 'moov', 0, (await file.stat()).size);
    const header = movie && (await findBox(file, 'mvhd', movie.start, movie.end));
    if (!header) return undefined;
    const { buffer: bytes } = await file.read(Buffer.alloc(32), 0, 32, header.start);
    // Version 1 has times of eight bytes: creation and change before the scale, the length behind it.
    const [scale, length] =
      bytes[0] === 1
        ? [bytes.readUInt32BE(20), Number(bytes.readBigUInt64BE(24))]
        : [bytes.readUInt32BE(12), bytes.readUInt32BE(16)];
    return scale > 0 ? length / scale : undefined;
  } finally {
    await file.close();
  }
};

/** The place of a box's content in the file. */
interface Box {
  start: number;
  end: number;
}

/** The first box of a name between two places. */
const findBox = async (
  file: FileHandle,
  name: string,
  start: number,
  end: number,
): Promise<Box | undefined> => {
  let at = start;
  for (let seen = 0; seen < MAX_BOXES && at + 8 <= end; seen += 1) {
    const { buffer: head, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, at);
    if (bytesRead < 8) return undefined;
    const short = head.readUInt32BE(0);
    // 1 means a long size behind the name, 0 a box that extends to the end.
    const size = short === 1 ? Number(head.readBigUInt64BE(8)) : short === 0 ? end - at : short;
    const headSize = short === 1 ? 16 : 8;
    if (size < headSize) return undefined;
    if (head.toString('latin1', 4, 8) === name) {
      return { start: at + headSize, end: Math.min(at + size, end) };
    }
    at += size;
  }
  return undefined;
};
