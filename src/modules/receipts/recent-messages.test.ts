import { describe, expect, it } from '@jest/globals';
import { RecentMessages } from './recent-messages.js';

const CHAT = 'chat';

const withMessages = (...seqs: number[]): RecentMessages => {
  const recent = new RecentMessages();
  for (const seq of seqs) recent.note(CHAT, { id: `m${seq}`, seq, senderId: 'ada' });
  return recent;
};
const seqsBetween = (recent: RecentMessages, after: number, upTo: number) =>
  recent.between(CHAT, after, upTo)?.map(({ seq }) => seq);

describe('the recent messages of a chat', () => {
  it('are answered in the order of their numbers, whatever order they came in', () => {
    expect(seqsBetween(withMessages(3, 5, 4), 2, 5)).toEqual([3, 4, 5]);
    expect(seqsBetween(withMessages(3, 5, 4), 3, 4)).toEqual([4]);
  });

  it('are not answered when one of them is missing', () => {
    expect(seqsBetween(withMessages(3, 5), 2, 5)).toBeUndefined();
    expect(seqsBetween(withMessages(3, 4), 1, 4)).toBeUndefined();
    expect(new RecentMessages().between(CHAT, 0, 1)).toBeUndefined();
  });

  it('say which of several is the newest only when all are known', () => {
    const recent = withMessages(7, 8, 9);
    expect(recent.newestSeqAmong(CHAT, ['m9', 'm7'])).toBe(9);
    expect(recent.newestSeqAmong(CHAT, ['m9', 'm6'])).toBeUndefined();
    expect(recent.newestSeqAmong('another chat', ['m9'])).toBeUndefined();
  });

  it('are forgotten from the oldest on when there are many', () => {
    const recent = withMessages(...Array.from({ length: 100 }, (_, i) => i + 1));
    expect(seqsBetween(recent, 98, 100)).toEqual([99, 100]);
    expect(seqsBetween(recent, 30, 40)).toBeUndefined();
    expect(seqsBetween(recent, 36, 100)).toHaveLength(64);
  });
});
