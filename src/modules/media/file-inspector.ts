import { AppError } from '../../shared/errors.js';
import type { AllowedType } from './file-type.js';
import { typeNotAllowed, typeOf } from './file-type.js';
import type { MediaWorkers } from './media-workers.js';

/** Longest time for finding out a file's type, and how long it plays, in milliseconds. */
const DEADLINES_MS = { detect: 5000, playTime: 10_000 };

/** Finds out from a file's headers what it is. Its content may be anything, so each look has a deadline. */
export class FileInspector {
  constructor(
    private readonly workers: MediaWorkers,
    private readonly deadlinesMs = DEADLINES_MS,
  ) {}

  /**
   * The type of a file by its content.
   *
   * @throws {AppError} UNSUPPORTED_MEDIA_TYPE, also for one whose type is not found in time; OVERLOADED.
   */
  async type(
    userId: string,
    path: string,
    said: { name: string; mimeType: string },
  ): Promise<AllowedType> {
    const found = await this.workers
      .run(userId, 'detect', { path }, this.deadlinesMs.detect)
      .catch((error: unknown) => {
        throw error instanceof AppError ? error : typeNotAllowed();
      });
    return typeOf(found, said);
  }

  /**
   * Seconds that a recording plays; undefined where its headers do not say, or not in time.
   *
   * @throws {AppError} OVERLOADED.
   */
  async playTime(userId: string, path: string, type: AllowedType): Promise<number | undefined> {
    if (type.kind !== 'audio' && type.kind !== 'video') return undefined;
    return this.workers
      .run(userId, 'playTime', { path }, this.deadlinesMs.playTime)
      .catch((error: unknown) => {
        if (error instanceof AppError) throw error;
        return undefined;
      });
  }
}
