import { AppError } from '../shared/errors.js';
import { isDuplicateKey } from './driver-error.js';

/** How often the record in the way may have gone before it could be read. */
const MAX_ATTEMPTS = 5;

/**
 * Writes what a unique index allows once; where it is there already, answers what `find` reads. Between the two it
 * may have been removed: then the write is tried again.
 *
 * @param find undefined or null when the record in the way is no longer there.
 * @throws {AppError} UNAVAILABLE when records come and go faster than that; whatever `write` and `find` throw.
 */
export const writeOrFind = async <Written, Found>(
  write: () => Promise<Written>,
  find: () => Promise<Found | null | undefined>,
): Promise<Written | NonNullable<Found>> => {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    const found = await find();
    if (found !== null && found !== undefined) return found;
  }
  throw new AppError('UNAVAILABLE', 'Other requests do the same at this moment; try again', {
    retryAfter: 1,
  });
};
