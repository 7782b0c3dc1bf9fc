import { isDuplicateKey } from './driver-error.js';
import { AppError } from '../shared/errors.js';

/** A write that takes the next number of a sequence, which a unique index guards. */
export interface NumberedWrite<T> {
  /** The newest number that the caller remembers; it spares the first read. */
  known?: number | undefined;
  /** Reads the newest number in use; 0 when there is none. */
  newest(): Promise<number>;
  /** Writes under this number; rejects with a duplicate key when somebody else has taken it. */
  write(number: number): Promise<T>;
  /** How often the number may be lost to somebody else before the write is given up. */
  maxAttempts: number;
  /** What the error says then. */
  refusal: string;
}

/**
 * Writes something under the next number of a sequence, so that its numbers have no holes: no counter is
 * moved on ahead of a write that may fail. Of two writers with the same number, one gets a duplicate-key
 * error from the unique index, reads the newest number and tries again.
 *
 * The message log does not use it: it numbers many messages of many chats in one write, of which a part may
 * be written, and what has lost goes back to its queue, whose next batch reads the numbers anyway. Trying again
 * here would cost a read per message.
 *
 * @throws {AppError} UNAVAILABLE after `maxAttempts` lost numbers; and whatever `newest` and `write` throw.
 */
export const writeNumbered = async <T>({
  known,
  newest,
  write,
  maxAttempts,
  refusal,
}: NumberedWrite<T>): Promise<T> => {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const last = attempt === 0 && known !== undefined ? known : await newest();
    try {
      return await write(last + 1);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }
  throw new AppError('UNAVAILABLE', refusal, { retryAfter: 1 });
};
