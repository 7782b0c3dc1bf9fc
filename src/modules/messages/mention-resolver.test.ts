import { describe, expect, it } from '@jest/globals';
import { mentionedNames } from './mention-resolver.js';

describe('mentionedNames', () => {
  it.each([
    ['@ada', ['ada']],
    ['Hi @Ada, and (@eve)!', ['ada', 'eve']],
    ['Ask @a.b-c_d.', ['a.b-c_d.', 'a.b-c_d']],
    ['mail ada@example.com', []],
    ['@@ada', []],
    ['@a b', []],
    ['no names', []],
  ])('%s', (content, names) => {
    expect(mentionedNames(content)).toEqual(names);
  });

  it('stops at a bound', () => {
    const content = Array.from({ length: 1000 }, (_, i) => `@user${i}`).join(' ');
    expect(mentionedNames(content)).toHaveLength(100);
  });
});
