import { describe, expect, it } from '@jest/globals';
import { cutText, graphemeEnd, graphemeStart, isVisible, lengthOf } from './text.js';

describe('isVisible', () => {
  it.each([
    ['nothing', ''],
    ['spaces', ' \n\t '],
    ['a no-break space', '\u00A0'],
    ['an ideographic space', '\u3000'],
    ['a zero-width space', '\u200B'],
    ['joiners', '\u200C\u200D'],
    ['a word joiner', '\u2060'],
    ['a soft hyphen', '\u00AD'],
    ['marks for the direction', '\u200E\u200F\u061C\u202E\u2068'],
    ['a byte order mark', '\uFEFF'],
    ['an empty Braille cell', '\u2800'],
    ['Hangul fillers', '\u3164\u115F\u1160\uFFA0'],
    ['Khmer vowels without a sign', '\u17B4\u17B5'],
    ['a Mongolian separator', '\u180E'],
    ['a bare variation selector', '\uFE0F'],
    ['tags', '\u{E0020}\u{E0061}'],
    ['an interlinear anchor and the place of an object', '\uFFF9\uFFFC'],
    ['a note without a head', '\u{1D159}'],
    ['a control character', '\u0007'],
  ])('is false of %s', (_what, text) => {
    expect(isVisible(text)).toBe(false);
    expect(isVisible(`${text}.${text}`)).toBe(true);
  });

  it.each(['a', '👍', '🏳️‍🌈', '\u0301', '\u{1FAFF}', 'م', '\uE000', 'ก็'])('is true of %j', (text) => {
    expect(isVisible(text)).toBe(true);
  });
});

describe('lengthOf', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['😀😀', 2],
    ['👨‍👩‍👧', 5],
    ['\uD83D', 1],
    ['\uDE00\uD83D', 2],
    ['a😀\uD83D😀', 4],
  ])('counts the code points of %j', (text, length) => {
    expect(lengthOf(text)).toBe(length);
    expect(lengthOf(text)).toBe([...text].length);
  });
});

describe('cutText', () => {
  it.each([
    ['a short text', 'abc', 3, 'abc'],
    ['a long one', 'abcd', 3, 'abc'],
    ['a text that is short in code points', '😀😀😀', 3, '😀😀😀'],
    ['between emoji', '😀😀😀', 2, '😀😀'],
    ['before a family that does not fit', 'ab👨‍👩‍👧c', 4, 'ab'],
    ['behind a family that fits', 'ab👨‍👩‍👧c', 7, 'ab👨‍👩‍👧'],
    ['before a skin tone', 'a👍🏽b', 2, 'a'],
    ['between flags', '🇫🇷🇯🇵🇩🇪', 5, '🇫🇷🇯🇵'],
    ['before an accent', 'abe\u0301', 3, 'ab'],
    ['before a keycap', 'ab1\uFE0F\u20E3', 4, 'ab'],
    ['before a syllable of Devanagari', 'नमस्ते', 3, 'नम'],
    ['before a Thai vowel', 'กขกำ', 3, 'กข'],
    ['between syllables of jamo', '\u1112\u1161\u11AB\u1100\u1173\u11AF', 5, '\u1112\u1161\u11AB'],
    ['before the end of a line', 'ab\r\nc', 3, 'ab'],
    ['in Han', '東京都に', 2, '東京'],
    [
      'in a character that is longer than all',
      `a${'\u0301'.repeat(50)}`,
      5,
      `a${'\u0301'.repeat(4)}`,
    ],
  ])('cuts %s where a character begins', (_what, text, length, cut) => {
    expect(cutText(text, length)).toBe(cut);
  });

  it('never leaves half a character, wherever it cuts', () => {
    const text = 'Zoë e\u0301👍🏽 🇫🇷🇯🇵 👨‍👩‍👧‍👦 नमस्ते กำลัง 한국 1️⃣ 東京 '.repeat(8);
    const starts = new Set([...new Intl.Segmenter().segment(text)].map(({ index }) => index));
    starts.add(text.length);
    for (let length = 1; length < 300; length += 1) {
      const cut = cutText(text, length);
      expect(starts.has(cut.length)).toBe(true);
      expect(lengthOf(cut)).toBeLessThanOrEqual(length);
    }
    for (let at = 0; at < text.length; at += 1) {
      expect(starts.has(graphemeStart(text, at))).toBe(true);
      expect(starts.has(graphemeEnd(text, at))).toBe(true);
      expect(graphemeStart(text, at)).toBeLessThanOrEqual(at);
      expect(graphemeEnd(text, at)).toBeGreaterThanOrEqual(at);
    }
  });
});
