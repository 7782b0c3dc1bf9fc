import { describe, expect, it } from '@jest/globals';
import { canonicalEmoji } from './emoji.js';

describe('canonicalEmoji', () => {
  it.each(['👍', '👍🏽', '❤️', '🇫🇷', '👨‍👩‍👧', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'])('takes %s as it is', (emoji) => {
    expect(canonicalEmoji(emoji)).toBe(emoji);
  });

  it('knows a heart without its colour as the same heart', () => {
    expect(canonicalEmoji('\u2764')).toBe('\u2764\uFE0F');
  });

  it.each(['', 'a', '1', ':)', '👍👍', '👍 ', '\uFE0F', '🏽a', '<b>', '👍'.repeat(50)])(
    'refuses %j',
    (text) => {
      expect(canonicalEmoji(text)).toBeUndefined();
    },
  );
});
