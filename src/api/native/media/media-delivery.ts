import { stat } from 'node:fs/promises';
import type { Response } from 'express';
import type { StorageDriver } from '../../../platform/storage/storage-driver.js';
import { notFound } from '../../../shared/errors.js';
import { dispositionOf } from '../../../modules/media/index.js';
import type { MediaRecord, Variant } from '../../../modules/media/index.js';

/**
 * Seconds for which a remote store's address is valid, and for which clients may cache it; a cached one is
 * still valid for a while.
 */
const REDIRECT_S = 300;
const KEPT_REDIRECT_S = 60;
/** Keeps browsers from running, loading or framing anything in a file, however they open it. */
const SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** The server has repacked images, and players run no code; all other files are downloaded, never shown. */
const isShownInline = ({ kind }: MediaRecord): boolean => kind !== 'file';

/**
 * Answers with a file's content: from this machine's disk, in parts and conditionally where asked, or
 * by sending the client to the remote store for a short while.
 *
 * @throws {AppError} NOT_FOUND when the content is gone.
 */
export const deliver = async (
  storage: StorageDriver,
  file: MediaRecord,
  variant: Variant,
  res: Response,
): Promise<void> => {
  const thumbnail = variant === 'thumbnail' ? file.thumbnail : undefined;
  if (variant === 'thumbnail' && !thumbnail) throw notFound('Thumbnail');
  const { key, mimeType } = thumbnail ?? file;
  const disposition = dispositionOf(isShownInline(file) ? 'inline' : 'attachment', file.filename);
  res.set({
    'Cache-Control': cacheControl(storage, file),
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': SANDBOX,
    'Content-Disposition': disposition,
  });
  if (storage.signedUrl) {
    const url = await storage.signedUrl(key, {
      mimeType,
      disposition,
      filename: file.filename,
      expiresIn: REDIRECT_S,
    });
    res.redirect(302, url);
    return;
  }
  const path = storage.localPath?.(key) ?? '';
  if (!(await isFile(path))) throw notFound('File');
  res.set({ ETag: `"${file.digest ?? ''}${thumbnail ? '-t' : ''}"`, 'Content-Type': mimeType });
  // Express passes later errors, such as a range outside of the file or a failing disk, to the error handler.
  res.sendFile(path, { cacheControl: false, dotfiles: 'allow' });
};

const cacheControl = ({ signedUrl }: StorageDriver, { purpose }: MediaRecord): string => {
  if (signedUrl) return `private, max-age=${KEPT_REDIRECT_S}`;
  return purpose === 'avatar' ? 'public, max-age=86400' : 'private, max-age=300';
};

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
