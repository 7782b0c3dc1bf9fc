import { mongo, Error as MongooseError } from 'mongoose';
import { AppError } from '../shared/errors.js';

/** Seconds after which a client may try again when the database is away. */
const RETRY_AFTER = 1;

/** Whether the error is a violated unique index. */
export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof mongo.MongoServerError && error.code === 11000;

/** Server codes that mean "not now": a failing disk, time limits, stepping down, shutting down. */
const TRANSIENT_CODES = new Set([
  39, 50, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);

/** OutOfDiskSpace, of MongoDB and of the embedded database. */
const OUT_OF_DISK_SPACE = 14031;
/** Seconds after which there may be room again. */
const RETRY_WHEN_FULL = 10;

/** Whether the database had no room for a write; a batch says so in what is left of its first failure. */
export const isOutOfSpace = (error: unknown): boolean =>
  error instanceof mongo.MongoServerError && error.code === OUT_OF_DISK_SPACE;

/** No connection to the database came free in time. The driver keeps this error's class to itself. */
const isPoolExhausted = (error: unknown): boolean =>
  error instanceof mongo.MongoDriverError && error.name === 'MongoWaitQueueTimeoutError';

/**
 * The client's view of a database failure, or undefined when the error is not one. The database being
 * away or slow is a retryable condition, not a bug.
 */
export const fromDriverError = (error: unknown): AppError | undefined => {
  // A bulk write that could not be sent wraps the reason, whatever it was, in an error of the server's.
  if (error instanceof mongo.MongoBulkWriteError && error.errorResponse instanceof Error) {
    return fromDriverError(error.errorResponse);
  }
  if (isOutOfSpace(error)) {
    return new AppError('INSUFFICIENT_STORAGE', 'The database has no room left; try again later', {
      retryAfter: RETRY_WHEN_FULL,
      cause: error,
    });
  }
  if (isPoolExhausted(error)) {
    return new AppError('OVERLOADED', 'The database is busy; try again', {
      retryAfter: RETRY_AFTER,
      cause: error,
    });
  }
  const isAway =
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoOperationTimeoutError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoClientClosedError ||
    error instanceof MongooseError.MongooseServerSelectionError ||
    (error instanceof mongo.MongoServerError && TRANSIENT_CODES.has(Number(error.code))) ||
    (error instanceof MongooseError && error.message.includes('initial connection is complete'));
  return isAway
    ? new AppError('UNAVAILABLE', 'The database is not available; try again', {
        retryAfter: RETRY_AFTER,
        cause: error,
      })
    : undefined;
};
