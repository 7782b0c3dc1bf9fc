import { mongoError, notSupported } from '../errors.js';
import { bsonTypeOf, fieldOf, isDocument } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import { readLanguage } from '../storage/index-spec.js';
import type { TextOptions } from '../storage/index-spec.js';
import { indexedTexts } from './indexed-text.js';
import type { IndexedText } from './indexed-text.js';
import { foldText, termsOf } from './tokenizer.js';

/** A `$text` that has been understood. */
export interface TextSearch {
  /** A document must have one of these terms. */
  readonly terms: readonly string[];
  /** The relevance of a document, or `undefined` when it does not match. */
  score(document: BsonDocument): number | undefined;
}

/**
 * Understands the operand of `$text`: words of which one is wanted, `"phrases"` of which all are,
 * and both with `-` in front that are not.
 * @throws MongoError for an operand that is malformed or an option that is not supported
 */
export function compileTextSearch(operand: BsonValue, options: TextOptions): TextSearch {
  const { search, language } = readOperand(operand, options);
  const query = parseSearch(search);
  const terms = new Set(termsOf(query.wanted, language));
  const unwanted = new Set(termsOf(query.unwanted, language));
  const phrases = query.phrases.map(foldText);
  const unwantedPhrases = query.unwantedPhrases.map(foldText);
  return {
    terms: [...terms],
    score(document) {
      const texts = indexedTexts(document, options);
      const relevance = new Map<string, number>();
      for (const text of texts) addRelevance(text, relevance);
      if ([...unwanted].some((term) => relevance.has(term))) return undefined;
      const folded = phrases.length + unwantedPhrases.length > 0 ? foldAll(texts) : [];
      const has = (phrase: string) => folded.some((text) => text.includes(phrase));
      if (!phrases.every(has) || unwantedPhrases.some(has)) return undefined;
      let score = 0;
      for (const term of terms) score += relevance.get(term) ?? 0;
      return score > 0 ? score : undefined;
    },
  };
}

const OPTIONS = ['$search', '$language', '$caseSensitive', '$diacriticSensitive'];

function readOperand(operand: BsonValue, options: TextOptions) {
  if (!isDocument(operand)) throw mongoError('BadValue', '$text expects an object');
  const unknown = Object.keys(operand).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw mongoError('BadValue', `extra fields in $text: ${unknown}`);
  const search = fieldOf(operand, '$search');
  if (typeof search !== 'string') {
    throw mongoError(
      'TypeMismatch',
      search === undefined
        ? '"$search" had the wrong type. Expected string, found missing'
        : `"$search" had the wrong type. Expected string, found ${bsonTypeOf(search)}`,
    );
  }
  for (const option of ['$caseSensitive', '$diacriticSensitive']) {
    const value = fieldOf(operand, option);
    if (value === true) throw notSupported(`The $text option ${option}`);
    if (value !== undefined && value !== false) {
      throw mongoError('TypeMismatch', `${option} requires a boolean value`);
    }
  }
  const language = fieldOf(operand, '$language');
  return { search, language: language === undefined ? options.language : readLanguage(language) };
}

interface ParsedSearch {
  wanted: string;
  unwanted: string;
  phrases: string[];
  unwantedPhrases: string[];
}

/** Pieces: a quoted phrase or a run without blanks or quotes; `-` counts at the start of a word. */
const PIECE = /(^|\s)?(-)?(?:"([^"]*)(?:"|$)|([^\s"]+))/gu;

function parseSearch(search: string): ParsedSearch {
  const parsed: ParsedSearch = { wanted: '', unwanted: '', phrases: [], unwantedPhrases: [] };
  for (const [, blank, minus, phrase, word] of search.matchAll(PIECE)) {
    const isUnwanted = minus !== undefined && blank !== undefined;
    if (phrase !== undefined) {
      (isUnwanted ? parsed.unwantedPhrases : parsed.phrases).push(phrase.trim());
      if (!isUnwanted) parsed.wanted += ` ${phrase}`;
    } else if (isUnwanted) {
      parsed.unwanted += ` ${word!}`;
    } else {
      parsed.wanted += ` ${word!}`;
    }
  }
  return parsed;
}

function foldAll(texts: readonly IndexedText[]): string[] {
  return texts.map(({ text }) => foldText(text));
}

/**
 * Adds one string's share to the relevance of each of its terms, by MongoDB's formula: repeated terms
 * count half as much each time, long texts dilute, and a text that is the term itself counts a tenth
 * more.
 */
function addRelevance(
  { text, weight, language }: IndexedText,
  relevance: Map<string, number>,
): void {
  const terms = termsOf(text, language);
  const frequencies = new Map<string, { count: number; sum: number }>();
  for (const term of terms) {
    const frequency = frequencies.get(term) ?? { count: 0, sum: 0 };
    frequency.sum += 1 / 2 ** frequency.count;
    frequency.count += 1;
    frequencies.set(term, frequency);
  }
  for (const [term, { count, sum }] of frequencies) {
    const density = 0.5 * (count / terms.length) + 0.5;
    const isWholeText = text.length === term.length && text.toLowerCase() === term;
    const score = weight * sum * density * (isWholeText ? 1.1 : 1);
    relevance.set(term, (relevance.get(term) ?? 0) + score);
  }
}
