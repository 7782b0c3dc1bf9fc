import { AppError, notFound } from '../shared/errors.js';
import { fromDriverError } from './driver-error.js';

/** Errors of the body parsers and of multer, by their `type` or `code`. */
const FOREIGN_ERRORS: Record<string, () => AppError> = {
  'entity.parse.failed': () => new AppError('BAD_JSON', 'The body is not valid JSON'),
  'entity.too.large': () => new AppError('PAYLOAD_TOO_LARGE', 'The body is too large'),
  'encoding.unsupported': () =>
    new AppError('UNSUPPORTED_MEDIA_TYPE', 'Unsupported content encoding'),
  'charset.unsupported': () => new AppError('UNSUPPORTED_MEDIA_TYPE', 'Unsupported charset'),
  'request.size.invalid': () =>
    new AppError('BAD_REQUEST', 'The body does not have the announced length'),
  'request.aborted': () => new AppError('BAD_REQUEST', 'The request was aborted'),
};

/** What sending a file may answer, by the status. */
const FILE_ERRORS: Record<number, () => AppError> = {
  404: () => notFound('File'),
  412: () => new AppError('PRECONDITION_FAILED', 'The file is not what the request expects'),
  416: () => new AppError('RANGE_NOT_SATISFIABLE', 'The file does not have that range'),
};

/** Turns whatever was thrown into an error that may be shown. */
export const toAppError = (error: unknown): AppError => {
  if (error instanceof AppError) return error;
  const driverError = fromDriverError(error);
  if (driverError) return driverError;
  if (typeof error === 'object' && error !== null) {
    const { type, status } = error as { type?: unknown; status?: unknown };
    const known = typeof type === 'string' ? FOREIGN_ERRORS[type] : undefined;
    if (known) return known();
    const ofFile = typeof status === 'number' ? FILE_ERRORS[status] : undefined;
    if (ofFile) return ofFile();
    // Whoever says so has seen that it is the client's doing: broken gzip, for example.
    const isClients = typeof status === 'number' && status >= 400 && status < 500;
    if (error instanceof URIError || isClients) {
      return new AppError('BAD_REQUEST', 'The request is malformed');
    }
  }
  return new AppError('INTERNAL', 'Something went wrong', { cause: error });
};
