import { describe, expect, it } from '@jest/globals';
import { AppError } from '../shared/errors.js';
import { FairLimiter } from './fair-limiter.js';

/** A limiter, and pieces of work that end when told to. */
const setUp = (maxWaiting = 20) => {
  const limiter = new FairLimiter({
    concurrency: 2,
    concurrencyPerKey: 1,
    maxWaiting,
    maxWaitingPerKey: 3,
    refusal: () => new AppError('OVERLOADED', 'full'),
  });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (name: string, isWanted?: () => boolean) =>
    limiter.run(
      name[0]!,
      () => {
        begun.push(name);
        return new Promise<string>((resolve) => {
          ends.set(name, () => {
            resolve(name);
          });
        });
      },
      isWanted,
    );
  const end = async (name: string) => {
    ends.get(name)!();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { limiter, begun, start, end };
};

const refused = { code: 'OVERLOADED' };

describe('fair limiter', () => {
  it('leaves a place free that one key alone may not take', async () => {
    const { begun, start, end } = setUp();
    const all = [start('a1'), start('a2')];
    expect(begun).toEqual(['a1']);
    all.push(start('b1'));
    expect(begun).toEqual(['a1', 'b1']);
    await end('a1');
    expect(begun).toEqual(['a1', 'b1', 'a2']);
    await end('a2');
    await end('b1');
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'b1']);
  });

  it('gives the keys their turns one after the other, however much one of them brings', async () => {
    const { begun, start, end } = setUp();
    const all = ['a1', 'b1', 'a2', 'a3', 'a4', 'c1', 'd1'].map((name) => start(name));
    for (const name of ['a1', 'b1']) await end(name);
    expect(begun).toEqual(['a1', 'b1', 'a2', 'c1']);
    for (const name of ['a2', 'c1', 'd1', 'a3', 'a4']) await end(name);
    expect(begun).toEqual(['a1', 'b1', 'a2', 'c1', 'd1', 'a3', 'a4']);
    await Promise.all(all);
  });

  it('refuses what one key brings too much of, and takes what others bring', async () => {
    const { start, end } = setUp();
    const all = ['a1', 'a2', 'a3', 'a4'].map((name) => start(name));
    await expect(start('a5')).rejects.toMatchObject(refused);
    const b = start('b1');
    for (const name of ['a1', 'b1', 'a2', 'a3', 'a4']) await end(name);
    expect(await b).toBe('b1');
    await Promise.all(all);
  });

  it('refuses what would wait behind too many others', async () => {
    const { start, end } = setUp(1);
    const all = ['a1', 'b1', 'c1'].map((name) => start(name));
    await expect(start('d1')).rejects.toMatchObject(refused);
    for (const name of ['a1', 'b1', 'c1']) await end(name);
    await Promise.all(all);
  });

  it('passes over the work of one key that nobody wants any more, to that of the next', async () => {
    const { begun, start, end, limiter } = setUp();
    const all = ['a1', 'b1'].map((name) => start(name));
    const unwanted = ['c1', 'c2'].map((name) => start(name, () => false));
    all.push(start('d1'));
    const refusals = Promise.allSettled(unwanted);
    await end('a1');
    expect([begun, limiter.keys, limiter.waiting]).toEqual([['a1', 'b1', 'd1'], 2, 0]);
    expect(await refusals).toMatchObject([{ reason: refused }, { reason: refused }]);
    for (const name of ['b1', 'd1']) await end(name);
    await Promise.all(all);
    expect(limiter.keys).toBe(0);
  });

  it('gives the place back when the work fails', async () => {
    const { limiter, start, end } = setUp();
    const failing = limiter.run('a', () => Promise.reject(new Error('broken')));
    const next = start('a2');
    await expect(failing).rejects.toThrow('broken');
    await end('a2');
    expect(await next).toBe('a2');
  });
});
