import { describe, expect, it } from '@jest/globals';
import { canonicalEmoji } from './emoji.js';

const RECOMMENDED = new RegExp('^\\p{RGI_Emoji}$', 'v');

/** A text in the invisible letters of flags, and their end. */
const tags = (text: string): string =>
  text.replace(/./g, (sign) => String.fromCodePoint(0xe0000 + sign.charCodeAt(0))) + '\u{E007F}';

describe('canonicalEmoji', () => {
  it.each(['gbeng', 'gbsct', 'gbwls', 'usca', 'fr75', 'cat', 'jp13', 'gbabcd'])(
    'takes the flag of the region %s',
    (region) => {
      expect(canonicalEmoji(`🏴${tags(region)}`)).toBe(`🏴${tags(region)}`);
      expect(canonicalEmoji(`🏴\uFE0F${tags(region)}`)).toBe(`🏴${tags(region)}`);
    },
  );

  it.each([
    '👍',
    '👍🏽',
    '❤️',
    '☝🏽',
    '🇫🇷',
    '👨‍👩‍👧',
    '1️⃣',
    '#️⃣',
    '🏴󠁧󠁢󠁳󠁣󠁴󠁿',
    '🏳️‍🌈',
    '👁️‍🗨️',
    '🧑🏿‍❤️‍💋‍🧑🏻',
    '🙂‍↔️',
    '🐦‍⬛',
    '🏴',
  ])('takes %s as it is', (emoji) => {
    expect(canonicalEmoji(emoji)).toBe(emoji);
  });

  it.each([
    ['\u2764', '\u2764\uFE0F'],
    ['\u2764\uFE0E', '\u2764\uFE0F'],
    ['\u{1F44D}\uFE0F', '\u{1F44D}'],
    ['\u{1F44D}\uFE0E', '\u{1F44D}'],
    ['\u261D\uFE0F\u{1F3FD}', '\u261D\u{1F3FD}'],
    ['\u{1F44D}\u{1F3FD}\uFE0F', '\u{1F44D}\u{1F3FD}'],
    ['1\u20E3', '1\uFE0F\u20E3'],
    ['\u{1F1EB}\u{1F1F7}\uFE0F', '\u{1F1EB}\u{1F1F7}'],
    ['\u{1F3F3}\u200D\u{1F308}', '\u{1F3F3}\uFE0F\u200D\u{1F308}'],
    ['\u{1F441}\u200D\u{1F5E8}', '\u{1F441}\uFE0F\u200D\u{1F5E8}\uFE0F'],
    ['\u{1F441}\uFE0F\u200D\u{1F5E8}', '\u{1F441}\uFE0F\u200D\u{1F5E8}\uFE0F'],
    [
      '\u{1F468}\uFE0F\u200D\u{1F469}\u200D\u{1F467}\uFE0F',
      '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
    ],
    ['\u26F9\uFE0F\u{1F3FB}\u200D\u2642', '\u26F9\u{1F3FB}\u200D\u2642\uFE0F'],
    ['\u00A9', '\u00A9\uFE0F'],
  ])('makes one form of the spelling %j', (spelling, emoji) => {
    expect(canonicalEmoji(spelling)).toBe(emoji);
    expect(canonicalEmoji(emoji)).toBe(emoji);
    expect(emoji).toMatch(RECOMMENDED);
  });

  it('knows every emoji of one code point, with and without its selector', () => {
    let known = 0;
    for (let code = 0xa9; code < 0x1fb00; code += 1) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const bare = String.fromCodePoint(code);
      const emoji = [bare, `${bare}\uFE0F`].find((spelling) => RECOMMENDED.test(spelling));
      if (emoji === undefined) continue;
      expect([bare, `${bare}\uFE0F`, `${bare}\uFE0E`].map(canonicalEmoji)).toEqual([
        emoji,
        emoji,
        emoji,
      ]);
      known += 1;
    }
    expect(known).toBeGreaterThan(1300);
  });

  it('takes families and new emoji that this Node does not know', () => {
    expect(canonicalEmoji('👨🏻‍👩🏽‍👧🏿')).toBe('👨🏻‍👩🏽‍👧🏿');
    expect(canonicalEmoji('\u{1FAFF}')).toBe('\u{1FAFF}');
  });

  it.each([
    ['nothing', ''],
    ['a letter', 'a'],
    ['a digit', '1'],
    ['a digit with a selector', '1\uFE0F'],
    ['a sign', '#'],
    ['a smiley of signs', ':)'],
    ['a name', ':thumbsup:'],
    ['a star that is no emoji', '\u2605'],
    ['two emoji', '👍👍'],
    ['two flags', '🇫🇷🇯🇵'],
    ['half a flag', '\u{1F1EB}'],
    ['a flag and a half', '🇫🇷\u{1F1EB}'],
    ['white space beside it', '👍 '],
    ['a letter beside it', 'a👍'],
    ['a bare selector', '\uFE0F'],
    ['a bare joiner', '\u200D'],
    ['a joiner without an end', '👍\u200D'],
    ['two bare skin tones', '\u{1F3FD}\u{1F3FD}'],
    ['two skin tones', '👍🏽🏽'],
    ['an accent upon it', '👍\u0301'],
    ['tags without an end', '🏴\u{E0067}\u{E0062}'],
    ['tags of no region', '🏴\u{E0067}\u{E0062}\u{E007F}'],
    ['tags of a long text', `🏴${tags('gbscotland')}`],
    ['tags of signs', `🏴${tags('gb-sct')}`],
    ['tags behind another emoji', `👍${tags('gbsct')}`],
    ['tags behind a skin tone', `👍🏽${tags('gbsct')}`],
    ['tags behind tags', `🏴${tags('gbsct')}${tags('gbwls')}`],
    ['tags within a family', `👨\u200D👩${tags('gbsct')}`],
    ['markup', '<b>'],
    ['half a character', '\uD83D'],
    ['a long row', '👍'.repeat(500)],
    ['an endless family', '👨\u200D'.repeat(500)],
  ])('refuses %s', (_what, text) => {
    expect(canonicalEmoji(text)).toBeUndefined();
  });
});
