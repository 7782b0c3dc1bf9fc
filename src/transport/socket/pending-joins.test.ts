import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PendingJoins } from './pending-joins.js';

let now = 0;
/** Arrivals over a database that answers when told to. */
const setUp = () => {
  const questions: { userId: string; answer(chatIds: string[]): void; fail(): void }[] = [];
  const arrivals = new PendingJoins(
    (userId) =>
      new Promise((resolve, reject) => {
        const fail = () => {
          reject(new Error('no database'));
        };
        questions.push({ userId, answer: resolve, fail });
      }),
    { now: () => now },
  );
  return { arrivals, questions };
};

describe('arrivals', () => {
  beforeEach(() => {
    now = 1_000_000;
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('ask once for all sockets of a user that come together, and once for each user', async () => {
    const { arrivals, questions } = setUp();
    const [laptop, phone, other] = ['alice', 'alice', 'bob'].map((id) => arrivals.begin(id));
    expect(questions.map(({ userId }) => userId)).toEqual(['alice', 'bob']);
    questions[0]!.answer(['c1']);
    questions[1]!.answer(['c2']);
    for (const arrival of [laptop!, phone!, other!]) await arrival.load();
    laptop!.end();
    phone!.end();
    now += 4999;
    const tablet = arrivals.begin('alice');
    await tablet.load();
    expect(questions).toHaveLength(2);
    expect([laptop, phone, tablet, other].map((arrival) => arrival!.chatIds())).toEqual([
      ['c1'],
      ['c1'],
      ['c1'],
      ['c2'],
    ]);
    now += 1;
    arrivals.begin('alice');
    expect(questions).toHaveLength(3);
  });

  it('take into account what moves the user before the socket stands in its rooms', async () => {
    const { arrivals, questions } = setUp();
    const first = arrivals.begin('alice');
    arrivals.move('alice', 'joined early', 'in');
    questions[0]!.answer(['old', 'left later']);
    await first.load();
    arrivals.move('alice', 'left later', 'out');
    arrivals.move('bob', 'not hers', 'in');
    expect(first.chatIds()).toEqual(['old', 'joined early']);
    first.end();
    const second = arrivals.begin('alice');
    await second.load();
    arrivals.move('alice', 'old', 'out');
    expect(second.chatIds()).toEqual(['joined early']);
  });

  it('do not count a move twice that the database already knew', async () => {
    const { arrivals, questions } = setUp();
    arrivals.begin('alice').end();
    questions[0]!.answer(['c1']);
    arrivals.move('alice', 'c1', 'out');
    now += 6000;
    // Back in since, which a node without Redis did not hear of.
    const later = arrivals.begin('alice');
    questions[1]!.answer(['c1']);
    await later.load();
    expect(later.chatIds()).toEqual(['c1']);
  });

  it('ask again after a failure, and when something may have gone unheard', async () => {
    const { arrivals, questions } = setUp();
    const failed = arrivals.begin('alice');
    questions[0]!.fail();
    await expect(failed.load()).rejects.toThrow('no database');
    arrivals.begin('alice');
    expect(questions).toHaveLength(2);
    questions[1]!.answer([]);
    arrivals.forget();
    arrivals.begin('alice');
    expect(questions).toHaveLength(3);
  });

  it('forget users who have arrived, and stop looking when there are none', async () => {
    const { arrivals, questions } = setUp();
    const [quick, slow] = [arrivals.begin('quick'), arrivals.begin('slow')];
    for (const question of questions) question.answer([]);
    await Promise.all([quick.load(), slow.load()]);
    quick.end();
    now += 5000;
    jest.advanceTimersByTime(5000);
    arrivals.move('slow', 'c1', 'in');
    expect(slow.chatIds()).toEqual(['c1']);
    slow.end();
    now += 5000;
    jest.advanceTimersByTime(5000);
    expect(jest.getTimerCount()).toBe(0);
  });
});
