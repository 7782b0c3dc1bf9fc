import type Joi from 'joi';
import { AppError } from './errors.js';

const OPTIONS: Joi.ValidationOptions = {
  abortEarly: false,
  // Numbers and booleans in a query are text; everything else must have its type.
  convert: true,
  errors: { wrap: { label: false } },
};

/** A lone surrogate cannot be written as UTF-8, and NUL ends strings in many programs behind us. */
const isStorable = (value: string): boolean => value.isWellFormed() && !value.includes('\0');

/** Where input holds something that no schema describes: broken text, or a key that is a trap. */
const findUnfit = (value: unknown, path: string, depth = 0): string | undefined => {
  if (typeof value === 'string') return isStorable(value) ? undefined : path;
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const memberPath = path ? `${path}.${key}` : key;
    // JSON.parse makes it an own key, which schemas overlook and assignments follow.
    if (key === '__proto__') return memberPath;
    const found = findUnfit(member, memberPath, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Deeper than any schema reaches; what lies below was refused for its shape. */
const MAX_DEPTH = 8;

/**
 * Checks input against a schema and returns it with defaults filled in.
 *
 * @throws {AppError} VALIDATION, with one entry in `errors` per wrong or unknown field.
 */
export const validate = <T>(schema: Joi.Schema<T>, input: unknown): T => {
  const { value, error } = schema.validate(input, OPTIONS);
  if (error) {
    const errors = error.details.map(({ path, message }) => ({ path: path.join('.'), message }));
    throw new AppError('VALIDATION', errors[0]?.message ?? 'Invalid input', { errors });
  }
  const unfit = findUnfit(input, '');
  if (unfit !== undefined) {
    const message = `${unfit || 'value'} is not allowed or not valid text`;
    throw new AppError('VALIDATION', message, { errors: [{ path: unfit, message }] });
  }
  return value as T;
};
