import { EMOJI_SOURCE } from './emoji.js';

/** A text whose characters have no other spelling than their case. */
const ASCII = /^[\0-\x7f]*$/;

const EMOJI = new RegExp(EMOJI_SOURCE, 'gu');
/** What two spellings of an emoji differ in, and its skin tones. */
const EMOJI_VARIANTS = /[\uFE0E\uFE0F\p{Emoji_Modifier}]/gu;

/** Apostrophes that keyboards, word processors and transcriptions write for the same one. */
const APOSTROPHES = /[\u2018\u2019\u201B\u02BB\u02BC\u02B9\u2032\uA78B\uA78C\u0060\u00B4]/gu;
/** Dashes for the hyphen. */
const HYPHENS = /[\u2010-\u2015\u2212\u2E3A\u2E3B]/gu;

/**
 * Letters whose accents and points people leave out when they search, and their marks. In other scripts a mark
 * makes another letter: the dakuten of kana, the vowel signs of India, the vowels and tones of Thai.
 */
const ACCENTED =
  /([\p{Script=Latin}\p{Script=Greek}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}])\p{M}+/gu;
/** In Cyrillic the stress goes, and the dots of Ё, which are seldom written; Й and Ї are letters of their own. */
const CYRILLIC_ACCENTED = /(\p{Script=Cyrillic})(\p{M}+)/gu;
const withoutStress = (_: string, letter: string, marks: string): string =>
  letter + marks.replace(/[Ее]/u.test(letter) ? /[\u0300\u0301\u0308]/gu : /[\u0300\u0301]/gu, '');
/** Lengthens a line, and is no letter. */
const TATWEEL = /\u0640/gu;
/** Characters that show nothing inside a word: soft hyphens, joiners, marks for the direction. */
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/** Lower-case letters that have no accent to take away, as they are typed without their keyboard. */
const PLAIN_LETTERS = new Map(
  Object.entries({
    ß: 'ss',
    æ: 'ae',
    œ: 'oe',
    ø: 'o',
    ð: 'd',
    đ: 'd',
    þ: 'th',
    ł: 'l',
    ħ: 'h',
    ı: 'i',
    ŋ: 'n',
    ŧ: 't',
    ƀ: 'b',
    ȼ: 'c',
    ɇ: 'e',
    ǥ: 'g',
    ɨ: 'i',
    ɉ: 'j',
    ƚ: 'l',
    ɍ: 'r',
    ʉ: 'u',
    ɏ: 'y',
    ƶ: 'z',
    ⱥ: 'a',
    ⱦ: 't',
    ς: 'σ',
  }),
);
const PLAIN = new RegExp(`[${[...PLAIN_LETTERS.keys()].join('')}]`, 'gu');

/**
 * One form for all spellings that a searcher takes as the same: case, width, accents where people leave them out,
 * stroked letters, ß, apostrophes, dashes, and the variants of an emoji. Marks that make another letter stay.
 */
export const fold = (text: string): string => {
  if (ASCII.test(text)) return text.toLowerCase();
  let folded = '';
  let at = 0;
  // Emoji go their own way: other rules would take ™ apart, and the joiners out of a family.
  for (const { 0: emoji, index } of text.matchAll(EMOJI)) {
    folded += foldLetters(text.slice(at, index)) + emoji.replace(EMOJI_VARIANTS, '');
    at = index + emoji.length;
  }
  return folded + foldLetters(text.slice(at));
};

const foldLetters = (text: string): string =>
  ASCII.test(text)
    ? text.toLowerCase()
    : text
        .replace(APOSTROPHES, "'")
        .replace(HYPHENS, '-')
        .normalize('NFKD')
        .replace(IGNORABLE, '')
        .replace(TATWEEL, '')
        .replace(ACCENTED, '$1')
        .replace(CYRILLIC_ACCENTED, withoutStress)
        .normalize('NFKC')
        .toLowerCase()
        .replace(PLAIN, (letter) => PLAIN_LETTERS.get(letter)!);

/** Scripts that are written without spaces between words. */
export const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** In a folded text: an emoji, or a run of letters, digits and the marks that belong to them. */
const WORD = new RegExp(`${EMOJI_SOURCE}|[\\p{L}\\p{N}\\p{M}]+`, 'gu');
/** The words of a folded text, in their order. */
export const wordsOf = (folded: string): string[] => folded.match(WORD) ?? [];
