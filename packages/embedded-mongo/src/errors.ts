/**
 * MongoDB's error codes by name: the ones this database answers with. Clients branch on `code` and
 * print `codeName`, so both must be MongoDB's own.
 */
export const ERROR_CODES = {
  InternalError: 1,
  BadValue: 2,
  NoSuchKey: 4,
  GraphContainsCycle: 5,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  Overflow: 15,
  InvalidLength: 16,
  ProtocolError: 17,
  IllegalOperation: 20,
  InvalidBSON: 22,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  CannotBackfillArray: 34,
  FileStreamFailed: 39,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  NotSingleValueField: 54,
  InvalidDBRef: 55,
  EmptyFieldName: 56,
  DottedFieldName: 57,
  CommandNotFound: 59,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  IndexAlreadyExists: 68,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  NotExactValueField: 111,
  WriteConflict: 112,
  CommandNotSupported: 115,
  DocumentValidationFailure: 121,
  CommandFailed: 125,
  CursorInUse: 143,
  ExceededMemoryLimit: 146,
  CommandNotSupportedOnView: 166,
  InvalidIndexSpecificationOption: 197,
  AmbiguousIndexKeyPattern: 181,
  InvalidPipelineOperator: 168,
  QueryPlanKilled: 175,
  QueryFeatureNotAllowed: 224,
  MaxSubPipelineDepthExceeded: 232,
  CursorKilled: 237,
  ConversionFailure: 241,
  IndexBuildAborted: 276,
  QueryExceededMemoryLimitNoDiskUseAllowed: 292,
  APIVersionError: 322,
  APIStrictError: 323,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  InterruptedAtShutdown: 11600,
  OutOfDiskSpace: 14031,
} as const;

/** A code name that MongoDB clients know. */
export type ErrorCodeName = keyof typeof ERROR_CODES;

/**
 * An error as MongoDB answers it: `{ ok: 0, errmsg, code, codeName, ...extra }`, or the same members
 * inside `writeErrors`.
 */
export class MongoError extends Error {
  override readonly name = 'MongoError';

  /**
   * @param code MongoDB's number for the error
   * @param codeName its name; MongoDB answers `Location<code>` for a code without one
   * @param message the `errmsg`
   * @param extra members beside code and message, such as `keyPattern` and `keyValue`
   */
  constructor(
    readonly code: number,
    readonly codeName: string,
    message: string,
    readonly extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** The error with this code name. */
export function mongoError(
  codeName: ErrorCodeName,
  message: string,
  extra: Readonly<Record<string, unknown>> = {},
): MongoError {
  return new MongoError(ERROR_CODES[codeName], codeName, message, extra);
}

const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
/** Kinds of SQLITE_IOERR that a write fails with when a quota or a limit, and not the disk, leaves no room. */
const FAILED_WRITES = new Set([
  778, // IOERR_WRITE
  1034, // IOERR_FSYNC: systems that give out blocks late
  1546, // IOERR_TRUNCATE
  4874, // IOERR_SHMSIZE: the index of the log
  5386, // IOERR_SHMMAP
]);

/** Any error as MongoDB's: what SQLite says of the disk has its code there, all else is an internal error. */
export function asMongoError(error: unknown): MongoError {
  if (error instanceof MongoError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const { errcode = 0 } = (error ?? {}) as { errcode?: number };
  if ((errcode & 0xff) === SQLITE_FULL || FAILED_WRITES.has(errcode)) {
    return mongoError('OutOfDiskSpace', `there is no room for the write: ${message}`);
  }
  if ((errcode & 0xff) === SQLITE_IOERR) {
    return mongoError('FileStreamFailed', `the disk fails: ${message}`);
  }
  return mongoError('InternalError', message);
}

/** Whether a write has failed for want of room. */
export function isOutOfSpace(error: unknown): boolean {
  return asMongoError(error).code === ERROR_CODES.OutOfDiskSpace;
}

/** An error whose code has no name of its own in MongoDB; `codeName` is then `Location<code>`. */
export function locationError(code: number, message: string): MongoError {
  return new MongoError(code, `Location${String(code)}`, message);
}

/**
 * The refusal of a command, option or operator that MongoDB has and this database has not.
 * @param instead what does the same here, where there is something
 */
export function notSupported(what: string, instead?: string): MongoError {
  const advice = instead === undefined ? 'use MongoDB' : `use MongoDB, or ${instead}`;
  return mongoError(
    'CommandNotSupported',
    `${what} is not supported by the embedded database; ${advice}`,
  );
}

/** What to do without a text index. */
export const WITHOUT_TEXT_INDEX =
  "keep a text's words in an array with an index and look for them there";
