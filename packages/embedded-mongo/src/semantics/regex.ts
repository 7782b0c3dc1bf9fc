import type { BSONRegExp } from 'bson';
import { locationError } from '../errors.js';
import { BoundedRegExp } from './bounded-regex.js';
import { translatePattern } from './regex-translation.js';

const OPTIONS = 'imsxu';

/** MongoDB's limit, in characters. */
const MAX_PATTERN_LENGTH = 32_764;

/**
 * Checks the options of a regular expression.
 * @throws MongoError 51108 for an unknown one
 */
export function checkRegexOptions(options: string): void {
  for (const option of options) {
    if (!OPTIONS.includes(option)) {
      throw locationError(51108, `invalid flag in regex options: ${option}`);
    }
  }
}

/**
 * Compiles a MongoDB (PCRE2) regular expression to a JavaScript one.
 * @throws MongoError 51108 for an unknown option, 51091 for a pattern that is malformed or that
 *   JavaScript can't express
 */
export function compileRegex(pattern: string, options: string): RegExp {
  checkRegexOptions(options);
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw locationError(51091, 'Regular expression is invalid: pattern is too long');
  }
  const inline = /^\(\?([imsx]+)\)/.exec(pattern);
  const all = options + (inline?.[1] ?? '');
  const source = translatePattern(inline ? pattern.slice(inline[0].length) : pattern, {
    multiline: all.includes('m'),
    extended: all.includes('x'),
    dotAll: all.includes('s'),
  });
  try {
    return new BoundedRegExp(source, all.includes('i') ? 'iu' : 'u');
  } catch (error) {
    throw locationError(
      51091,
      `Regular expression is invalid: ${error instanceof Error ? error.message : pattern}`,
    );
  }
}

/** Compiles a decoded regular expression. */
export function compileBsonRegex(regex: BSONRegExp): RegExp {
  return compileRegex(regex.pattern, regex.options);
}
