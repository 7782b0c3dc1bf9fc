import { describe, expect, it } from '@jest/globals';
import { WordMatcher, isPattern, masked, patternKey } from './word-matcher.js';

/** A text after the words of some patterns are masked. */
const mask = (patterns: string[], text: string): string => {
  const matcher = new WordMatcher(patterns.map((pattern) => ({ pattern, action: 'mask' })));
  return masked(text, matcher.hits(text));
};

describe('a filtered word', () => {
  it.each([
    ['Latin', 'casino', 'My Casino, CASINO!', 'My ******, ******!'],
    ['Latin with accents', 'perche', 'Ma perché no', 'Ma ****** no'],
    ['Cyrillic', 'дурак', 'Ты Дурак?', 'Ты *****?'],
    ['Greek', 'βλάκας', 'είσαι ΒΛΑΚΑΣ', 'είσαι ******'],
    ['Arabic', 'كلب', 'أنت كَلْب', 'أنت ***'],
    ['Hindi', 'मूर्ख', 'तुम मूर्ख हो', 'तुम ** हो'],
    ['Thai', 'ควาย', 'คุณเป็นควายมาก', 'คุณเป็น****มาก'],
    ['Japanese', '馬鹿', 'お前は馬鹿だ', 'お前は**だ'],
    ['Chinese', '笨蛋', '你是笨蛋', '你是**'],
    ['Korean', '바보', '너 바보 아니야', '너 ** 아니야'],
    ['emoji', '🖕', 'take this 🖕🏽 now', 'take this * now'],
    ['several words', 'buy now', 'please BUY  now!', 'please ***  ***!'],
  ])('is masked, a character by an asterisk: %s', (_script, pattern, text, result) => {
    expect(mask([pattern], text)).toBe(result);
  });

  it.each([
    ['ass', 'a class of bass players'],
    ['cat', 'concatenate'],
    ['casino', 'casinos'],
    ['сор', 'a cop'],
    ['casino', ''],
  ])('is not found inside another word: %s in “%s”', (pattern, text) => {
    expect(mask([pattern], text)).toBe(text);
  });

  it.each([
    ['width', 'ｃａｓｉｎｏ', '******'],
    ['a soft hyphen', 'cas\u00ADino', '******'],
    ['a space without width', 'cas\u200Bino', '******'],
    ['a Cyrillic letter', 'cаsino', '******'],
    ['a dot behind it', 'casino.example', '******.example'],
    ['underscores', '_casino_', '_******_'],
  ])('is found in other signs: %s', (_what, text, result) => {
    expect(mask(['casino'], text)).toBe(result);
  });

  it('is another word with digits for letters', () => {
    expect(mask(['casino'], 'c4sino')).toBe('c4sino');
  });

  it('is masked to the end of the word at an asterisk', () => {
    expect(mask(['casino*'], 'casinos and Casinoroyale, my casino')).toBe(
      '******* and ************, my ******',
    );
    expect(mask(['*coin'], 'Bitcoin and coin, coinage')).toBe('******* and ****, coinage');
    expect(mask(['*coin*'], 'bitcoiners')).toBe('**********');
  });

  it('is masked once where words overlap', () => {
    expect(mask(['buy now', 'now or never', 'now'], 'buy now or never')).toBe('*** *** ** *****');
  });
});

describe('a pattern', () => {
  it.each(['', '*', '**', '...', 'a*b', '* *'])('without a word is none: “%s”', (pattern) => {
    expect(isPattern(pattern)).toBe(false);
  });

  it.each(['casino', '*coin*', 'buy now', '🖕', '殺す'])('names a word: “%s”', (pattern) => {
    expect(isPattern(pattern)).toBe(true);
  });

  it('is the same as another spelling of it', () => {
    expect(patternKey(' ＣＡＳＩＮＯ* ')).toBe(patternKey('casino*'));
  });
});

it('a long list costs a text without its words little', () => {
  const matcher = new WordMatcher(
    Array.from({ length: 5000 }, (_, i) => ({ pattern: `word${i}x`, action: 'refuse' })),
  );
  const text = 'a usual message of some words, as people write them all day long';
  matcher.hits(text);
  const began = performance.now();
  let found = 0;
  for (let i = 0; i < 1000; i += 1) found += matcher.hits(text).length;
  expect(found).toBe(0);
  // 1000 messages: far less than a tenth of a millisecond each, on a busy machine too.
  expect(performance.now() - began).toBeLessThan(500);
});
