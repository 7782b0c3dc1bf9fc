import { fold, UNSPACED, wordsOf } from '../../shared/fold.js';

/**
 * The rules by which {@link nameWords} makes words. Every change to them, or to `fold`, increments the number
 * and adds the former one to {@link FORMER_NAME_RULES}.
 */
export const NAME_RULES = 2;
/** Rules of older versions; null: before they had a number. */
export const FORMER_NAME_RULES: (number | null)[] = [null, 1];

/** Words under which one account is found; only the longest names in unspaced scripts have so many. */
const MAX_WORDS = 200;
/** Most words of a search: each costs a query of a range. Others are ignored. */
const MAX_SEARCH_WORDS = 5;

/** The folded parts between white space. */
const writtenWords = (text: string): string[] => fold(text).split(/\s+/).filter(Boolean);

/** Apostrophes are often left out. */
const withoutApostrophes = (word: string): string => word.replaceAll("'", '');

/** A word itself, without its signs, and the parts between these. */
const withParts = (word: string): string[] => [
  withoutApostrophes(word),
  word.replace(SIGNS, ''),
  ...wordsOf(word),
];
const SIGNS = /[^\p{L}\p{N}\p{M}]/gu;

/** All endings of a word of an unspaced script: a search may begin anywhere in it. */
const endings = (word: string): string[] => {
  if (!UNSPACED.test(word)) return [];
  const characters = [...word];
  return characters.map((_, i) => characters.slice(i).join(''));
};

/**
 * The words under which somebody is found who has these names: each is looked up by its beginning. In scripts without
 * spaces the full name, in either order, is one word too.
 */
export const nameWords = (names: {
  username: string;
  firstName?: string;
  lastName?: string;
}): string[] => {
  const { username, firstName = '', lastName = '' } = names;
  const words = [username, firstName, lastName].flatMap(writtenWords);
  const joined = [firstName + lastName, lastName + firstName].flatMap(writtenWords);
  const all = [...words.flatMap(withParts), ...[...words, ...joined].flatMap(endings)];
  return [...new Set(all)].filter(Boolean).slice(0, MAX_WORDS);
};

/**
 * The words of a people search: each must begin one of a person's {@link nameWords}. An @ before a username
 * and commas do not count. A word that is the beginning of another one is left out: a name that starts with
 * the longer starts with it, too.
 */
export const searchWords = (q: string): string[] => {
  const typed = writtenWords(q)
    .map((word) => withoutApostrophes(word).replace(/^@+|[,;:!?]+$/gu, ''))
    .filter(Boolean);
  // No name consists of signs alone, and an empty list of words would find everybody.
  const words = typed.length > 0 ? [...new Set(typed)] : [fold(q)];
  return words
    .filter((word) => !words.some((other) => other !== word && other.startsWith(word)))
    .slice(0, MAX_SEARCH_WORDS);
};
