import { EMOJI_SOURCE } from '../../shared/emoji.js';
import { fold, UNSPACED, wordsOf } from '../../shared/fold.js';

/** For original texts, where words may also contain invisible signs, such as soft hyphens. */
const WRITTEN_WORD = new RegExp(
  `${EMOJI_SOURCE}|[\\p{L}\\p{N}\\p{M}][\\p{L}\\p{N}\\p{M}\\p{Default_Ignorable_Code_Point}]*`,
  'gu',
);
const WHOLE_EMOJI = new RegExp(`^${EMOJI_SOURCE}$`, 'u');
/** Characters of a word's beginning that have a term of their own. */
const BEGINNING = 3;
/** Most distinct words of a query; others are ignored. */
const MAX_QUERY_WORDS = 16;
/** Most terms used to find blocks; a long run of an unspaced script has a hundred pairs. */
const MAX_REQUIRED_TERMS = 8;

/**
 * The rules by which texts are folded and cut into words. A block stores the number of its rules; blocks of
 * other rules are rebuilt (`refolding.ts`). Every change to `fold` or to the words increments the number, and
 * adds the former one to {@link FORMER_RULES}.
 */
export const FOLD_RULES = 2;
/** Rules of older versions; null: before they had a number. */
export const FORMER_RULES: (number | null)[] = [null, 1];

/** The only term of a block that is not full yet: it may hold any word. No word has this number. */
export const OPEN_TERM = 0;

/** The words of an original text, and their places. */
export const writtenWordsOf = (text: string): { word: string; start: number }[] =>
  [...text.matchAll(WRITTEN_WORD)].map(({ 0: word, index }) => ({ word, start: index }));

/**
 * A word as a number, so that an index over terms stays small; never {@link OPEN_TERM}. Two words may have
 * the same number: terms only narrow the search; the texts decide.
 */
const termOf = (kind: 'word' | 'beginning' | 'pair', text: string): number => {
  // FNV-1a, cut to what is a small integer both here and in the database.
  let hash = kind.charCodeAt(0);
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash & 0x3fffffff) + 1;
};

const pairsOf = (word: string): string[] => {
  const characters = [...word];
  return characters.slice(1).map((character, i) => characters[i]! + character);
};

/** The distinct terms under which folded texts can be found. */
export const termsOf = (lines: Iterable<string>): number[] => {
  const words = new Set<string>();
  for (const line of lines) for (const word of wordsOf(line)) words.add(word);
  const terms = new Set<number>();
  for (const word of words) {
    terms.add(termOf('word', word));
    terms.add(termOf('beginning', [...word].slice(0, BEGINNING).join('')));
    if (UNSPACED.test(word)) for (const pair of pairsOf(word)) terms.add(termOf('pair', pair));
  }
  return [...terms];
};

/** The conditions of a query: a message must have all of these words, anywhere. */
export interface SearchTerms {
  /** Whole words; in unspaced scripts, parts that a longer run must contain. */
  words: string[];
  /** The last word, which the searcher may still be typing: longer ones fit too. */
  beginning: string | undefined;
}

/** The words of a query. Its last one also finds longer words, unless something follows it. */
export const queryTerms = (query: string): SearchTerms => {
  const words = wordsOf(fold(query));
  const last = words.at(-1);
  const isWhole = last === undefined || UNSPACED.test(last) || WHOLE_EMOJI.test(last);
  const isTyping = !isWhole && !/\s$/.test(query);
  const ended = new Set(isTyping ? words.slice(0, -1) : words);
  return {
    words: [...ended].slice(0, MAX_QUERY_WORDS),
    beginning: isTyping ? last : undefined,
  };
};

/**
 * Terms that every text has that fits a query, the rarest first as far as their length tells, and no more
 * than a few. None when the query is too short.
 */
export const requiredTerms = ({ words, beginning }: SearchTerms): number[] => {
  const required = words.flatMap((word) =>
    UNSPACED.test(word)
      ? pairsOf(word).map((pair) => ({ term: termOf('pair', pair), length: pair.length }))
      : [{ term: termOf('word', word), length: word.length }],
  );
  const characters = [...(beginning ?? '')];
  if (characters.length >= BEGINNING) {
    const start = characters.slice(0, BEGINNING).join('');
    required.push({ term: termOf('beginning', start), length: BEGINNING });
  }
  required.sort((a, b) => b.length - a.length);
  return [...new Set(required.map(({ term }) => term))].slice(0, MAX_REQUIRED_TERMS);
};

/** Tests of folded texts for the words of a query. */
export interface Matcher {
  /** Whether a text, or any of its lines, can fit: cheap, with false positives but no false negatives. */
  mayFit: (text: string) => boolean;
  /** Whether a text has the words. */
  fits: (text: string) => boolean;
}

/** The tests for the words of a query. */
export const matcherOf = ({ words, beginning }: SearchTerms): Matcher => {
  const parts = [...words, ...(beginning === undefined ? [] : [beginning])];
  const whole = words.filter((word) => !UNSPACED.test(word));
  const isDecidedByParts = whole.length === 0 && beginning === undefined;
  const mayFit = (text: string) => parts.every((part) => text.includes(part));
  const fits = (text: string) => {
    // Most texts fail here, before they are cut into words.
    if (!mayFit(text)) return false;
    if (isDecidedByParts) return true;
    const found = new Set(wordsOf(text));
    if (!whole.every((word) => found.has(word))) return false;
    return beginning === undefined || [...found].some((word) => word.startsWith(beginning));
  };
  return { mayFit, fits };
};
