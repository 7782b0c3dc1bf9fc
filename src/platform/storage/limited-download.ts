import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { AppError } from '../../shared/errors.js';

/**
 * Writes the body of an answer to a file.
 *
 * @param signal gives up; an answer can also stop in its middle.
 * @throws {AppError} PAYLOAD_TOO_LARGE as soon as more than `maxSize` bytes have come.
 */
export const saveLimited = async (
  body: Readable | ReadableStream,
  path: string,
  maxSize: number,
  signal: AbortSignal,
): Promise<void> => {
  let size = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= maxSize) done(null, chunk);
      else done(tooLarge(maxSize));
    },
  });
  const source = body instanceof Readable ? body : Readable.fromWeb(body);
  await pipeline(source, limit, createWriteStream(path), { signal });
};

const tooLarge = (limit: number): AppError =>
  new AppError('PAYLOAD_TOO_LARGE', `The file is too large; it may have ${limit} bytes`, {
    details: { reason: 'size', limit },
  });
