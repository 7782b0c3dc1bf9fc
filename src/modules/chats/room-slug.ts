import { AppError } from '../../shared/errors.js';

/** Longest name of a room in addresses and commands. */
export const SLUG_MAX_LENGTH = 64;

const SLUG_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._-]*$/u;

/** A room's name, or the start of one, written as in slugs. */
export const asInSlug = (name: string): string =>
  name.normalize('NFKC').trim().toLowerCase().replace(/\s+/g, '-');

/**
 * The slug of a room's name: lower case, with dashes for white space. Two names that differ in case or
 * spacing are one room.
 *
 * @returns undefined for a name of which no slug can be made: empty, too long, or with other signs.
 */
export const roomSlug = (name: string): string | undefined => {
  const slug = asInSlug(name);
  return slug.length <= SLUG_MAX_LENGTH && SLUG_PATTERN.test(slug) ? slug : undefined;
};

/** The refusal of such a name. */
export const invalidRoomName = (path: string): AppError =>
  new AppError('VALIDATION', 'This cannot be the name of a room', {
    errors: [{ path, message: 'letters, digits, ".", "_", "-" and spaces, at most 64' }],
  });
