import { describe, expect, it } from '@jest/globals';
import { UserTurns } from './user-turns.js';

/** Work that ends when told to, and notes when it begins. */
const manualWork = () => {
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  const work = (n: number) => () =>
    new Promise<number>((resolve) => {
      begun.push(n);
      ends.push(() => {
        resolve(n);
      });
    });
  return { begun, ends, work };
};

const settled = () => new Promise((resolve) => setImmediate(resolve));
const refused = { code: 'RATE_LIMITED', retryAfter: 1 };

describe("a user's turns", () => {
  it.each([1, 2, 8, 50])(
    'let %i pieces of work be under way, and the next as one ends',
    async (n) => {
      const { begun, ends, work } = manualWork();
      const turns = new UserTurns(n);
      const all = Array.from({ length: n + 3 }, (_, i) => turns.run('u', work(i)));
      await settled();
      expect(begun).toHaveLength(n);
      ends[0]!();
      await settled();
      expect(begun).toEqual(Array.from({ length: n + 1 }, (_, i) => i));
      for (let i = 1; i < n + 3; i += 1) {
        ends[i]!();
        await settled();
      }
      expect(await Promise.all(all)).toEqual(all.map((_, i) => i));
    },
  );

  it.each([1, 8])('with %i under way let 100 wait, and refuse the next', async (n) => {
    const { ends, work } = manualWork();
    const turns = new UserTurns(n);
    const all = Array.from({ length: n + 100 }, (_, i) => turns.run('u', work(i)));
    await expect(turns.run('u', work(-1))).rejects.toMatchObject(refused);
    await expect(turns.runWithin('u', 1000, work(-1))).rejects.toMatchObject(refused);
    for (let i = 0; i < all.length; i += 1) {
      ends[i]!();
      await settled();
    }
    await Promise.all(all);
    expect(await turns.run('u', () => Promise.resolve('again'))).toBe('again');
  });

  it('of one user hold up nobody else', async () => {
    const { ends, work } = manualWork();
    const turns = new UserTurns(1);
    const held = turns.run('u', work(0));
    const waiting = turns.run('u', work(1));
    expect(await turns.run('other', () => Promise.resolve('done'))).toBe('done');
    ends[0]!();
    await settled();
    ends[1]!();
    await Promise.all([held, waiting]);
  });

  it('are forgotten when the last piece of work has ended, whether or not it failed', async () => {
    const turns = new UserTurns(1);
    const fail = () => Promise.reject(new Error('failed'));
    const works = [() => Promise.resolve(), fail, () => Promise.resolve(), fail];
    await Promise.allSettled(works.map((work) => turns.run('u', work)));
    expect(turns.users).toBe(0);
  });

  it('are without a bound when it is 0', async () => {
    const { begun, ends, work } = manualWork();
    const turns = new UserTurns(0);
    const all = Array.from({ length: 500 }, (_, i) => turns.run('u', work(i)));
    expect(begun).toHaveLength(500);
    for (const end of ends) end();
    await Promise.all(all);
  });

  it('end at their deadline: what is lost keeps the user out no longer', async () => {
    const turns = new UserTurns(2);
    const lost = () => new Promise<never>(() => undefined);
    const all = [1, 2].map(() => turns.runWithin('u', 50, lost));
    for (const turn of all) await expect(turn).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await turns.runWithin('u', 50, () => Promise.resolve('done'))).toBe('done');
  });

  it('are not given to what has waited longer than its deadline', async () => {
    const { begun, ends, work } = manualWork();
    const turns = new UserTurns(1);
    const held = turns.run('u', work(0));
    const late = turns.runWithin('u', 30, work(1));
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
    const next = turns.runWithin('u', 10_000, work(2));
    ends[0]!();
    await settled();
    expect(begun).toEqual([0, 2]);
    ends[1]!();
    expect(await Promise.all([held, next])).toEqual([0, 2]);
  });

  it('are not given to what nobody waits for any more', async () => {
    const { begun, ends, work } = manualWork();
    const turns = new UserTurns(1);
    const held = turns.run('u', work(0));
    const unwanted = turns.run('u', work(1), () => false);
    unwanted.catch(() => undefined);
    ends[0]!();
    await held;
    await expect(unwanted).rejects.toMatchObject(refused);
    expect(begun).toEqual([0]);
  });
});
