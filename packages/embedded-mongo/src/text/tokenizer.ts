import { LRUCache } from 'lru-cache';
import type { TextLanguage } from '../storage/index-spec.js';
import { stemEnglish } from './english-stemmer.js';
import { ENGLISH_STOP_WORDS } from './stop-words.js';

/** What separates words; in English an apostrophe does not. */
const DELIMITERS: Readonly<Record<TextLanguage, RegExp>> = {
  none: /[\p{White_Space}\p{Pattern_Syntax}\p{Dash}\p{Quotation_Mark}\p{Terminal_Punctuation}\p{Cc}]+/u,
  english:
    /(?:(?!')[\p{White_Space}\p{Pattern_Syntax}\p{Dash}\p{Quotation_Mark}\p{Terminal_Punctuation}\p{Cc}])+/u,
};

/** The same for text that is ASCII and in lower case, where all else separates; much faster. */
const ASCII_DELIMITERS: Readonly<Record<TextLanguage, RegExp>> = {
  none: /[^a-z0-9_]+/,
  english: /[^a-z0-9_']+/,
};

const STEMS = new LRUCache<string, string>({ max: 20_000 });

/** The words of a text as they are searched for: lower case, stemmed, without accents or stop words. */
export function termsOf(text: string, language: TextLanguage): string[] {
  const lower = text.toLowerCase();
  const delimiters = isAscii(lower) ? ASCII_DELIMITERS : DELIMITERS;
  const words = lower.split(delimiters[language]);
  const terms: string[] = [];
  for (const word of words) {
    if (word === '') continue;
    if (language === 'none') {
      terms.push(withoutAccents(word));
    } else if (!ENGLISH_STOP_WORDS.has(word)) {
      const term = englishTerm(word);
      if (term !== '') terms.push(term);
    }
  }
  return terms;
}

function englishTerm(word: string): string {
  let term = STEMS.get(word);
  if (term === undefined) {
    term = withoutAccents(stemEnglish(word));
    STEMS.set(word, term);
  }
  return term;
}

/** Lower case, without accents: how phrases are compared. */
export function foldText(text: string): string {
  return withoutAccents(text.toLowerCase());
}

function withoutAccents(text: string): string {
  return isAscii(text) ? text : text.normalize('NFD').replace(/\p{Mn}+/gu, '');
}

/** Nothing in ASCII has an accent, and most text is ASCII. */
function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(text);
}
