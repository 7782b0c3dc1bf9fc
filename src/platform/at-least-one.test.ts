import { describe, expect, it } from '@jest/globals';
import { AppError } from '../shared/errors.js';
import type { LossRecord } from './at-least-one.js';
import { loseInTurn } from './at-least-one.js';

interface Loss {
  who: string;
  decidedAt: Date;
}

/** People who have something, and what is stored of their losses. */
const setUp = (...have: string[]) => {
  const holders = new Set(have);
  const stored: LossRecord<Loss> = { revision: 0, pending: null };
  const done: string[] = [];
  const clock = { now: 1_000_000 };
  const steps = (who: string) => ({
    read: () => Promise.resolve({ ...stored }),
    propose: async () => {
      await Promise.resolve();
      if (!holders.has(who)) return undefined;
      if (holders.size === 1) throw new AppError('LAST_OWNER', 'last');
      return { who, decidedAt: new Date(clock.now) };
    },
    decide: async (revision: number, pending: Loss) => {
      await Promise.resolve();
      if (stored.revision !== revision || stored.pending) return false;
      Object.assign(stored, { revision: revision + 1, pending });
      return true;
    },
    carryOut: async (loss: Loss, revision: number) => {
      await Promise.resolve();
      holders.delete(loss.who);
      done.push(`${loss.who} ${revision}`);
    },
    drop: (loss: Loss, revision: number) => {
      done.push(`no ${loss.who} ${revision}`);
      return Promise.resolve();
    },
    settle: (revision: number) => {
      if (stored.revision === revision) stored.pending = null;
      return Promise.resolve();
    },
    now: () => clock.now,
    refusal: 'too many',
  });
  return { clock, done, holders, steps, stored, lose: (who: string) => loseInTurn(steps(who)) };
};

describe('a loss that must leave one', () => {
  it('is decided, carried out and settled', async () => {
    const { done, holders, lose, stored } = setUp('a', 'b');
    expect(await lose('a')).toBe(true);
    expect([[...holders], done, stored]).toEqual([['b'], ['a 1'], { revision: 1, pending: null }]);
  });

  it('is nothing for somebody who has nothing to lose', async () => {
    const { done, lose, stored } = setUp('a', 'b');
    expect(await lose('c')).toBe(false);
    expect([done, stored.revision]).toEqual([[], 0]);
  });

  it('leaves one, however many lose at once', async () => {
    const { holders, lose, stored } = setUp('a', 'b', 'c', 'd');
    const all = await Promise.allSettled(['a', 'b', 'c', 'd'].map((who) => lose(who)));
    const refusals = all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect([holders.size, stored.revision, stored.pending]).toEqual([1, 3, null]);
    expect(refusals).toMatchObject([{ code: 'LAST_OWNER' }]);
  });

  it('comes after one that a stopped server has decided, which it carries out', async () => {
    const { clock, done, lose, stored } = setUp('a', 'b', 'c');
    const decidedAt = new Date(clock.now - 60_000);
    Object.assign(stored, { revision: 7, pending: { who: 'a', decidedAt } });
    expect(await lose('b')).toBe(true);
    expect(done).toEqual(['a 7', 'b 8']);
  });

  it('comes after one that is overdue, which is dropped', async () => {
    const { clock, done, lose, stored } = setUp('a', 'b');
    const decidedAt = new Date(clock.now - 60_001);
    Object.assign(stored, { revision: 7, pending: { who: 'a', decidedAt } });
    expect(await lose('b')).toBe(true);
    expect(done).toEqual(['no a 7', 'b 8']);
  });

  it('is given up when others are always faster', async () => {
    const { steps } = setUp('a', 'b');
    const lost = loseInTurn({ ...steps('a'), decide: () => Promise.resolve(false) });
    await expect(lost).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'too many',
      retryAfter: 1,
    });
  });
});
