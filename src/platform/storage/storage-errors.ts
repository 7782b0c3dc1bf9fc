import { AppError } from '../../shared/errors.js';

/** Seconds after which a client may try again when the store is away. */
const RETRY_AFTER = 5;
/** Codes of the system for "no room left": on the disk, for the user, for one file. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether a failure of the file system means that there is no room left. */
export const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && FULL.has(String(error.code));

/** What a client is told when a file could not be stored. */
export const storageError = (error: unknown): AppError => {
  if (error instanceof AppError) return error;
  return isFull(error)
    ? new AppError('INSUFFICIENT_STORAGE', 'There is no room left for uploads', { cause: error })
    : new AppError('STORAGE_UNAVAILABLE', 'The file storage is not available; try again', {
        retryAfter: RETRY_AFTER,
        cause: error,
      });
};
