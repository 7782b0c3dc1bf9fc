import { describe, expect, it } from '@jest/globals';
import { failureOf } from './bson.fixture.js';
import { BoundedRegExp } from './bounded-regex.js';
import { compileRegex } from './regex.js';

describe('regular expressions', () => {
  it.each<[string, string, string[], string[]]>([
    ['^b$', '', ['b', 'b\n'], ['b\nc', 'ab', 'b\r']],
    ['^b$', 'm', ['a\nb\nc', 'b'], ['a\rb']],
    ['^$', '', ['', '\n'], ['\u{1F600}', 'a']],
    ['^$', 'm', ['', 'a\n\nb'], ['\u{1F600}', 'a\nb']],
    ['a.c', '', ['abc', 'a\rc', 'a\u{1F600}c'], ['a\nc']],
    ['a.c', 's', ['a\nc'], ['ac']],
    ['\\Ab\\z', 'm', ['b'], ['a\nb', 'b\n']],
    ['b\\Z', '', ['b\n'], ['b\nc']],
    ['^\\s$', '', [' ', '\t'], ['\u00a0', 'x']],
    ['^\\S$', '', ['\u00a0', 'x'], [' ']],
    ['^[[:alpha:]_]+$', '', ['ab_'], ['a1']],
    ['^[]a]+$', '', [']a'], ['b']],
    ['^[a\\-\\]\\s]+$', '', ['a-] '], ['b']],
    ['^\\Qa.b*\\E$', '', ['a.b*'], ['axb']],
    ['^a\\-b\\_c\\@$', '', ['a-b_c@'], []],
    ['^a{,2}b{x}$', '', ['a{,2}b{x}'], ['aa']],
    ['^a{2,3}?$', '', ['aa'], ['a']],
    ['^(?P<x>a)(?P=x)$', '', ['aa'], ['ab']],
    ['^(a)\\1$', '', ['aa'], ['a1']],
    ['a b # c', 'x', ['ab'], ['a b']],
    ['(?i)ÀB', '', ['àb'], ['ab']],
    ['^\\x41\\x{1F600}$', '', ['A\u{1F600}'], []],
    ['^\\p{Lu}$', '', ['É'], ['é']],
    ['(?<=a)b(?!c)', '', ['ab'], ['abc', 'b']],
    ['^[a-z]+@[a-z/|(){}]+$', '', ['x@a/|'], []],
  ])('%s with options "%s"', (pattern, options, matching, others) => {
    const expression = compileRegex(pattern, options);
    for (const text of matching) expect([text, expression.test(text)]).toEqual([text, true]);
    for (const text of others) expect([text, expression.test(text)]).toEqual([text, false]);
  });

  it.each([
    'a++',
    '(?>a)',
    '(?i:a)',
    'a(?i)b',
    '\\K',
    '\\R',
    '(',
    'a)',
    '[a',
    'a\\',
    '(*FAIL)',
    '[[:^alpha:]]',
    '*a',
  ])('%s is refused rather than misread', (pattern) => {
    expect(failureOf(() => compileRegex(pattern, ''))?.code).toBe(51091);
  });

  it.each([
    ['^(a+)+$', 'a'.repeat(60)],
    ['^(a|a)*$', 'a'.repeat(60)],
    ['^((a{1,9})|b){9,}$', 'a'.repeat(200)],
    ['a*a*a*a*a*b', 'a'.repeat(3000)],
  ])('%s fails on a text that it would work on for ever', (pattern, text) => {
    const expression = compileRegex(pattern, 'i');
    expect(failureOf(() => expression.test(`${text}!`))?.code).toBe(51156);
    expect(() => Array.from(`${text}!`.matchAll(new BoundedRegExp(expression, 'gu')))).toThrow(
      'too many steps',
    );
    expect(expression.test('aab')).toBe(compileRegex(pattern, 'i').test('AAB'));
  });

  it('long texts are matched as short ones are', () => {
    const text = `${'word '.repeat(2000)}needle ${'word '.repeat(2000)}`;
    expect(compileRegex('^(\\w+ )*needle (\\w+ )*$', '').test(text)).toBe(true);
    expect(compileRegex('w.*needle.*w', '').test(text)).toBe(true);
    expect(compileRegex('needle.*needle', '').test(text)).toBe(false);
    expect(failureOf(() => compileRegex('a'.repeat(40_000), ''))?.code).toBe(51091);
  });
});
