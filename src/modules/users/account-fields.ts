import Joi from 'joi';
import { countedText, nameText } from '../../shared/text-schema.js';
import type { AccountBan } from './users.model.js';

/** 3–30 letters, digits, `_`, `.` or `-`; unique without regard to case. */
export const usernameSchema = Joi.string()
  .trim()
  .pattern(/^[A-Za-z0-9_.-]{3,30}$/, '3 to 30 letters, digits, _ . -')
  .example('ada');

/** Names that people or clients take for everybody, for a place, or for the server itself. */
const RESERVED_USERNAMES = new Set([
  'all',
  'here',
  'channel',
  'everyone',
  'room',
  'admin',
  'system',
  'parley',
  'me',
]);

/**
 * Whether this username may not be chosen: it is reserved, or contains no letter or digit. Accounts that have
 * such a name keep it, and the first admin may have one.
 */
export const isReservedUsername = (username: string): boolean =>
  RESERVED_USERNAMES.has(identityForm(username)) || !/[A-Za-z0-9]/.test(username);

/** The username of a new account. */
export const newUsernameSchema = usernameSchema.custom((username: string, { error }) =>
  isReservedUsername(username) ? error('username.reserved') : username,
);

/** An e-mail address; unique without regard to case. */
export const emailSchema = Joi.string()
  .trim()
  .max(254)
  .email({ tlds: { allow: false } })
  .example('ada@example.com');

/** A first or last name; may be empty. */
export const nameSchema = nameText(50).allow('');

/** bcrypt reads no further than this; of a longer password, only the beginning would be compared. */
const PASSWORD_MAX_BYTES = 72;

/**
 * The form in which passwords are hashed and compared: NFKC. Keyboards and systems write the same letters
 * differently, as one character or with their accents apart.
 */
export const passwordForm = (password: string): string => password.normalize('NFKC');

/** Whether bcrypt reads all of a text. */
export const canBeHashed = (text: string): boolean => Buffer.byteLength(text) <= PASSWORD_MAX_BYTES;

/** UTF-16 units: the longest text whose form {@link canBeHashed}. */
const PASSWORD_MAX_UNITS = 1000;

/**
 * The password given to sign in: at most 72 bytes, in its form or as given. Accounts from before the form
 * have hashes of the password as given.
 */
export const passwordSchema = countedText().custom((password: string, { error }) =>
  password.length <= PASSWORD_MAX_UNITS &&
  (canBeHashed(passwordForm(password)) || canBeHashed(password))
    ? password
    : error('string.max', { limit: PASSWORD_MAX_BYTES, encoding: 'utf8' }),
);

/**
 * Builds the schema of a new password from its shortest length in characters; both limits apply to its form.
 */
export const newPasswordSchema = (minLength: number): Joi.StringSchema =>
  countedText()
    .normalize('NFKC')
    .max(PASSWORD_MAX_BYTES, 'utf8')
    .minCharacters(minLength)
    .description(`At least ${minLength} characters and at most ${PASSWORD_MAX_BYTES} bytes`);

/** The form in which usernames and e-mail addresses are compared. */
export const identityForm = (text: string): string => text.normalize('NFKC').toLowerCase();

/** The ban that applies to an account at a time (milliseconds). */
export const banAt = ({ ban }: { ban?: AccountBan | null }, now: number): AccountBan | undefined =>
  ban && (ban.until === null || ban.until.getTime() > now) ? ban : undefined;
