import Joi from 'joi';
import { AppError, fieldError, invalidInput } from './errors.js';
import type { FieldError } from './errors.js';
import type { ExternalIds } from './external-ids.js';
import { graphemeStart } from './text.js';
import { checkBounds, shortPath } from './input-bounds.js';
import { VALIDATION_MESSAGES } from './validation-messages.js';

/** Numbers and booleans in a query are text; everything else must have its type. */
const FITS_OR_NOT: Joi.ValidationOptions = { abortEarly: true, convert: true };
/** Joi makes its messages of the texts at each call, and takes longer for that than for most inputs. */
const FIRST_ONLY: Joi.ValidationOptions = {
  ...FITS_OR_NOT,
  errors: { wrap: { label: false, array: false, string: false } },
  messages: Object.fromEntries(
    Object.entries(VALIDATION_MESSAGES).map(([code, text]) => [code, Joi.expression(text)]),
  ),
};
const ALL_ERRORS: Joi.ValidationOptions = { ...FIRST_ONLY, abortEarly: false };

/** Errors of one input that are told; whoever has made so many reads no more of them. */
export const MAX_ERRORS = 20;
/**
 * Joi cannot stop at the twentieth error, and each costs some 50 µs: so an input of more values than this
 * is told the first one only.
 */
const MAX_COLLECTED_VALUES = 100;
/** Characters of a message, which may quote what was sent. */
const MAX_MESSAGE = 300;

/** A lone surrogate cannot be written as UTF-8, and NUL ends strings in many programs behind us. */
const isStorable = (value: string): boolean => value.isWellFormed() && !value.includes('\0');

/** Where input holds something that no schema describes: broken text, or a key that is a trap. */
const findUnfit = (value: unknown, path: string): string | undefined => {
  if (typeof value === 'string') return isStorable(value) ? undefined : path;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const memberPath = path ? `${path}.${key}` : key;
    // JSON.parse makes it an own key, which schemas overlook and assignments follow.
    if (key === '__proto__') return memberPath;
    const found = findUnfit(member, memberPath);
    if (found !== undefined) return found;
  }
  return undefined;
};

const shortMessage = (message: string): string =>
  message.length <= MAX_MESSAGE
    ? message
    : `${message.slice(0, graphemeStart(message, MAX_MESSAGE))}…`;

const toFieldError = ({ path, message }: Joi.ValidationErrorItem): FieldError =>
  fieldError(shortPath(path.join('.')), shortMessage(message));

const refusalOf = (errors: FieldError[]): AppError =>
  new AppError('VALIDATION', errors[0]?.message ?? 'Invalid input', { errors });

/**
 * Checks input against a schema and returns it with defaults filled in. What it costs is bounded by the
 * schema, not by the sender: {@link checkBounds} comes first.
 *
 * @param externalIds notes the external ids in the input, or puts Parley's in their place; without it they are refused.
 * @throws {AppError} VALIDATION, with one entry in `errors` per wrong or unknown field: {@link MAX_ERRORS} at
 *   most, and the first alone where the input is long or too large.
 */
export const validate = <T>(
  schema: Joi.Schema<T>,
  input: unknown,
  externalIds?: ExternalIds,
): T => {
  const isLong = checkBounds(schema, input) > MAX_COLLECTED_VALUES;
  // Nearly all input is right: what is wrong with the rest is looked up afterwards.
  const context = { externalIds };
  const { value, error } = schema.validate(input, { ...FITS_OR_NOT, context });
  if (error) {
    const options = { ...(isLong ? FIRST_ONLY : ALL_ERRORS), context };
    const found = schema.validate(input, options).error ?? error;
    throw refusalOf(found.details.slice(0, MAX_ERRORS).map(toFieldError));
  }
  const unfit = findUnfit(input, '');
  if (unfit !== undefined) {
    throw invalidInput(shortPath(unfit), 'not allowed, or not valid text');
  }
  return value as T;
};

/**
 * Checks the parts of one request, each against its schema, as {@link validate} does.
 *
 * @throws {AppError} VALIDATION with the errors of all parts together, {@link MAX_ERRORS} at most.
 */
export const validateParts = <Parts extends Record<string, unknown>>(
  parts: { [Part in keyof Parts]: { schema: Joi.Schema<Parts[Part]>; input: unknown } },
  externalIds?: ExternalIds,
): Parts => {
  const values: Partial<Parts> = {};
  const errors: FieldError[] = [];
  for (const part of Object.keys(parts) as (keyof Parts)[]) {
    const { schema, input } = parts[part];
    try {
      values[part] = validate(schema, input, externalIds);
    } catch (error) {
      if (!(error instanceof AppError) || !error.errors) throw error;
      errors.push(...error.errors);
    }
  }
  if (errors.length > 0) throw refusalOf(errors.slice(0, MAX_ERRORS));
  return values as Parts;
};
