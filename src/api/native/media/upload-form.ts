import type { Request, RequestHandler } from 'express';
import multer from 'multer';
import { whenClosed } from '../../../transport/http/when-closed.js';
import { isFull } from '../../../platform/storage/storage-errors.js';
import { storageError } from '../../../platform/storage/storage-errors.js';
import { AppError, invalidInput } from '../../../shared/errors.js';
import type { IncomingFile, TemporaryFiles } from '../../../modules/media/index.js';
import { MEGABYTE } from '../../../modules/media/index.js';

/** A form with files. */
export interface UploadFormRule {
  /** Name of the field that carries the files. */
  field: string;
  maxFiles: number;
  /** Bytes of one file. */
  maxSize: number;
}

/** Most text fields of a form, and the longest field and field name in bytes. */
const MAX_FIELDS = 4;
const MAX_FIELD_BYTES = 1024;
const MAX_NAME_BYTES = 64;

const refusalOf = (error: unknown, { field, maxFiles, maxSize }: UploadFormRule): AppError => {
  if (!(error instanceof multer.MulterError)) {
    if (isFull(error)) return storageError(error);
    // Busboy's errors for a form that ends too early or is malformed.
    return new AppError('BAD_REQUEST', 'The form is malformed or incomplete', { cause: error });
  }
  if (error.code === 'LIMIT_FILE_SIZE') {
    const megabytes = Math.floor(maxSize / MEGABYTE);
    return new AppError('PAYLOAD_TOO_LARGE', `A file may have ${megabytes} MB at most`, {
      details: { reason: 'size', limit: maxSize },
    });
  }
  if (error.code === 'LIMIT_FILE_COUNT' || error.code === 'LIMIT_UNEXPECTED_FILE') {
    return invalidInput(field, maxFiles === 1 ? 'one file' : `up to ${maxFiles} files`);
  }
  return invalidInput(error.field ?? '', 'the form has a field that does not belong there');
};

/**
 * Reads a form with files, the files to disk and never to memory. Files that are left after the answer are
 * removed, also after an error.
 */
export const uploadForm = (temporary: TemporaryFiles, rule: UploadFormRule): RequestHandler => {
  const parse = multer({
    // Given a path alone, multer would make the directory, also where routes are only listed.
    storage: multer.diskStorage({
      destination: (_req, _file, done) => {
        done(null, temporary.directory);
      },
    }),
    limits: {
      fileSize: rule.maxSize,
      files: rule.maxFiles,
      fields: MAX_FIELDS,
      parts: MAX_FIELDS + rule.maxFiles,
      fieldSize: MAX_FIELD_BYTES,
      fieldNameSize: MAX_NAME_BYTES,
      headerPairs: 20,
      // A field named `a[4294967294]` would otherwise make a list of that length.
      fieldNestingDepth: 0,
      fieldArrayIndexLimit: 0,
    } as multer.Options['limits'],
    defParamCharset: 'utf8',
  } as multer.Options).array(rule.field, rule.maxFiles);
  return (req, res, next) => {
    if (!req.is('multipart/form-data')) {
      next(new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the file as multipart/form-data'));
      return;
    }
    whenClosed(req, res, () => {
      for (const { path } of filesOf(req)) {
        // A file that cannot be removed takes disk space, but must not crash the process.
        temporary.remove(path).catch(() => undefined);
      }
    });
    void parse(req, res, (error: unknown) => {
      next(error === undefined || error === null ? undefined : refusalOf(error, rule));
    });
  };
};

/** After an interrupted form there are files that multer has not named yet, or has removed itself. */
const filesOf = (req: Request): Express.Multer.File[] =>
  Array.isArray(req.files)
    ? req.files.filter(({ path }) => (path as string | undefined) !== undefined)
    : [];

/**
 * The files of a form that {@link uploadForm} has read.
 *
 * @throws {AppError} VALIDATION when there is none.
 */
export const receivedFiles = (req: Request, field: string): IncomingFile[] => {
  const files = filesOf(req).map(({ path, originalname, mimetype, size }) => ({
    path,
    name: originalname,
    mimeType: mimetype,
    size,
  }));
  if (files.length === 0) {
    throw invalidInput(field, 'a file is required');
  }
  return files;
};
