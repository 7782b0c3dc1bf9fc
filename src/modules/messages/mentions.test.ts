import { describe, expect, it } from '@jest/globals';
import { canonicalEmoji, mentionedNames } from './content.js';

describe('mentionedNames', () => {
  it.each([
    ['@ada', ['ada']],
    ['Hi @Ada, and (@eve)!', ['ada', 'eve']],
    ['Ask @a.b-c_d.', ['a.b-c_d.', 'a.b-c_d']],
    ['mail ada@example.com', []],
    ['@@ada', []],
    ['@a b', []],
    ['no names', []],
  ])('finds the usernames in %j', (content, names) => {
    expect(mentionedNames(content)).toEqual(names);
  });

  it('finds at most 100 forms of usernames', () => {
    const content = Array.from({ length: 1000 }, (_, i) => `@user${i}`).join(' ');
    expect(mentionedNames(content)).toHaveLength(100);
  });
});

describe('canonicalEmoji', () => {
  it.each(['👍', '👍🏽', '❤️', '🇫🇷', '👨‍👩‍👧', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'])('takes %s as it is', (emoji) => {
    expect(canonicalEmoji(emoji)).toBe(emoji);
  });

  it('adds the colour to a heart without it', () => {
    expect(canonicalEmoji('\u2764')).toBe('\u2764\uFE0F');
  });

  it.each(['', 'a', '1', ':)', '👍👍', '👍 ', '\uFE0F', '🏽a', '<b>', '👍'.repeat(50)])(
    'refuses %j',
    (text) => {
      expect(canonicalEmoji(text)).toBeUndefined();
    },
  );
});
