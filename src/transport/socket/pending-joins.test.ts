import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PendingJoins } from './pending-joins.js';

let now = 0;
/** Arrivals over a database that answers when told to. */
const setUp = () => {
  const questions: { userId: string; answer(chatIds: string[]): void; fail(): void }[] = [];
  const chatIdsOf = (userId: string) =>
    new Promise<string[]>((resolve, reject) => {
      const fail = () => {
        reject(new Error('no database'));
      };
      questions.push({ userId, answer: resolve, fail });
    });
  const joins = new PendingJoins({ now: () => now });
  const pendingJoins = {
    begin: (userId: string) => joins.begin(userId, chatIdsOf),
    move: joins.move.bind(joins),
    forget: joins.forget.bind(joins),
  };
  return { pendingJoins, questions };
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
    const { pendingJoins, questions } = setUp();
    const [laptop, phone, other] = ['alice', 'alice', 'bob'].map((id) => pendingJoins.begin(id));
    expect(questions.map(({ userId }) => userId)).toEqual(['alice', 'bob']);
    questions[0]!.answer(['c1']);
    questions[1]!.answer(['c2']);
    for (const arrival of [laptop!, phone!, other!]) await arrival.load();
    laptop!.end();
    phone!.end();
    now += 4999;
    const tablet = pendingJoins.begin('alice');
    await tablet.load();
    expect(questions).toHaveLength(2);
    expect([laptop, phone, tablet, other].map((arrival) => arrival!.chatIds())).toEqual([
      ['c1'],
      ['c1'],
      ['c1'],
      ['c2'],
    ]);
    now += 1;
    pendingJoins.begin('alice');
    expect(questions).toHaveLength(3);
  });

  it('take into account what moves the user before the socket is in its channel', async () => {
    const { pendingJoins, questions } = setUp();
    const first = pendingJoins.begin('alice');
    pendingJoins.move('alice', 'joined early', 'in');
    questions[0]!.answer(['old', 'left later']);
    await first.load();
    pendingJoins.move('alice', 'left later', 'out');
    pendingJoins.move('bob', 'not hers', 'in');
    expect(first.chatIds()).toEqual(['old', 'joined early']);
    first.end();
    const second = pendingJoins.begin('alice');
    await second.load();
    pendingJoins.move('alice', 'old', 'out');
    expect(second.chatIds()).toEqual(['joined early']);
  });

  it('do not count a move twice that the database already knew', async () => {
    const { pendingJoins, questions } = setUp();
    pendingJoins.begin('alice').end();
    questions[0]!.answer(['c1']);
    pendingJoins.move('alice', 'c1', 'out');
    now += 6000;
    // Back in since, which a node without Redis did not hear of.
    const later = pendingJoins.begin('alice');
    questions[1]!.answer(['c1']);
    await later.load();
    expect(later.chatIds()).toEqual(['c1']);
  });

  it('ask again after a failure, and when something may have gone unheard', async () => {
    const { pendingJoins, questions } = setUp();
    const failed = pendingJoins.begin('alice');
    questions[0]!.fail();
    await expect(failed.load()).rejects.toThrow('no database');
    pendingJoins.begin('alice');
    expect(questions).toHaveLength(2);
    questions[1]!.answer([]);
    pendingJoins.forget();
    pendingJoins.begin('alice');
    expect(questions).toHaveLength(3);
  });

  it('forget users who have arrived, and stop looking when there are none', async () => {
    const { pendingJoins, questions } = setUp();
    const [quick, slow] = [pendingJoins.begin('quick'), pendingJoins.begin('slow')];
    for (const question of questions) question.answer([]);
    await Promise.all([quick.load(), slow.load()]);
    quick.end();
    now += 5000;
    jest.advanceTimersByTime(5000);
    pendingJoins.move('slow', 'c1', 'in');
    expect(slow.chatIds()).toEqual(['c1']);
    slow.end();
    now += 5000;
    jest.advanceTimersByTime(5000);
    expect(jest.getTimerCount()).toBe(0);
  });
});
