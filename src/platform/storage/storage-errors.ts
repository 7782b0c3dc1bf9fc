import { AppError } from '../../shared/errors.js';

/** Seconds after which a client may try again when the store is away. */
const RETRY_AFTER = 5;
/** Seconds after which there may be room again. */
const RETRY_WHEN_FULL = 10;
/** Codes of the system for "no room left": on the disk, for the user, for one file. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** Codes of connections that were never made. */
const NOT_CONNECTED = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** A store has answered, and not as it was hoped. */
export class StoreAnswer extends Error {
  constructor(
    store: string,
    readonly status: number,
  ) {
    super(`${store} answered ${status}`);
  }
}

/** A file that was sent to a store which has not said whether it has it. */
export class UnansweredUpload extends AppError {
  constructor(cause: unknown) {
    super('STORAGE_UNAVAILABLE', 'The file storage does not answer; try again', {
      retryAfter: RETRY_AFTER,
      cause,
    });
  }
}

/** Whether a failure of the file system means that there is no room left. */
export const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && FULL.has(String(error.code));

/** The disk or store is full, which passes; a user's own quota is refused without `retryAfter`. */
export const noRoomForUploads = (cause: unknown): AppError =>
  new AppError('INSUFFICIENT_STORAGE', 'There is no room left for uploads', {
    retryAfter: RETRY_WHEN_FULL,
    cause,
  });

/** The error that a client gets when a file could not be stored. */
export const storageError = (error: unknown): AppError => {
  if (error instanceof AppError) return error;
  return isFull(error)
    ? noRoomForUploads(error)
    : new AppError('STORAGE_UNAVAILABLE', 'The file storage is not available; try again', {
        retryAfter: RETRY_AFTER,
        cause: error,
      });
};

/** The same, for a file that was being sent to a remote store, which may have it all the same. */
export const uploadError = (error: unknown): AppError =>
  error instanceof AppError || isFull(error) || isRefusal(error)
    ? storageError(error)
    : new UnansweredUpload(error);

/** Whether the store was not reached, or has said that it did not take what it was sent. */
const isRefusal = (error: unknown): boolean => {
  const status = statusOf(error);
  // Any other error of a server may come from a gateway, which knows nothing of the store behind it.
  if (status !== undefined) return status < 500 || status === 503;
  return causesOf(error).some((cause) => NOT_CONNECTED.has(String(cause.code)));
};

/** What drivers' libraries call the status of an answer. */
interface Answered {
  code?: unknown;
  status?: unknown;
  $metadata?: { httpStatusCode?: unknown };
}

const statusOf = (error: unknown): number | undefined => {
  const { status, $metadata } = error as Answered;
  return [status, $metadata?.httpStatusCode].find((value) => typeof value === 'number');
};

/** An error and what it was caused by; `fetch` and libraries wrap what the network said. */
const causesOf = (error: unknown): Answered[] =>
  error instanceof Error ? [error as Answered, ...causesOf(error.cause)] : [];
