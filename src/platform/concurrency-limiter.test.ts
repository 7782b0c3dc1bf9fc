import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AppError } from '../shared/errors.js';
import { ConcurrencyLimiter } from './concurrency-limiter.js';

/** A limiter, and pieces of work that end when told to. */
const setUp = (options: { concurrency: number; maxWaiting: number; maxWaitMs?: number }) => {
  const limiter = new ConcurrencyLimiter({
    ...options,
    refusal: () => new AppError('OVERLOADED', 'full'),
  });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (name: string, isWanted?: () => boolean) =>
    limiter.run(() => {
      begun.push(name);
      return new Promise<string>((resolve) => {
        ends.set(name, () => {
          resolve(name);
        });
      });
    }, isWanted);
  const end = async (name: string) => {
    ends.get(name)!();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { limiter, begun, start, end };
};

const refused = { code: 'OVERLOADED' };

describe('the concurrency limiter', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('lets work through a few at a time, in the order in which it came', async () => {
    const { begun, start, end, limiter } = setUp({ concurrency: 2, maxWaiting: 10 });
    const all = ['a', 'b', 'c', 'd'].map((name) => start(name));
    expect([begun, limiter.waiting]).toEqual([['a', 'b'], 2]);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('a');
    expect([begun, limiter.waiting]).toEqual([['a', 'b', 'c', 'd'], 0]);
    await Promise.all([end('c'), end('d')]);
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('refuses what finds the queue full, and only that', async () => {
    const { start, end } = setUp({ concurrency: 1, maxWaiting: 1 });
    const [a, b] = [start('a'), start('b')];
    await expect(start('c')).rejects.toMatchObject(refused);
    await end('a');
    await end('b');
    expect(await Promise.all([a, b])).toEqual(['a', 'b']);
    const d = start('d');
    await end('d');
    expect(await d).toBe('d');
  });

  it('gives the place back when the work fails', async () => {
    const { start, end, limiter } = setUp({ concurrency: 1, maxWaiting: 1 });
    const failing = limiter.run(() => Promise.reject(new Error('broken')));
    const next = start('next');
    await expect(failing).rejects.toThrow('broken');
    await end('next');
    expect(await next).toBe('next');
  });

  it('refuses what has waited too long, however long the work before it takes', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { begun, start, end, limiter } = setUp({
      concurrency: 1,
      maxWaiting: 5,
      maxWaitMs: 50,
    });
    const a = start('a');
    const late = start('late').catch((error: unknown) => error);
    jest.advanceTimersByTime(50);
    expect(await late).toMatchObject(refused);
    expect(limiter.waiting).toBe(0);
    await end('a');
    expect([begun, await a]).toEqual([['a'], 'a']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('passes over what nobody wants any more', async () => {
    const { begun, start, end } = setUp({ concurrency: 1, maxWaiting: 5 });
    let isWanted = true;
    const a = start('a');
    const gone = start('gone', () => isWanted).catch((error: unknown) => error);
    const b = start('b', () => true);
    isWanted = false;
    await end('a');
    expect(await gone).toMatchObject(refused);
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(await Promise.all([a, b])).toEqual(['a', 'b']);
  });
});
