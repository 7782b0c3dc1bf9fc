import { describe, expect, it } from '@jest/globals';
import { createBatchLoader } from './batch-loader.js';

/** A query whose answers come when the test says so. */
const slowQuery = () => {
  const calls: { keys: string[]; answer(): void; fail(error: Error): void }[] = [];
  const query = (keys: string[]) =>
    new Promise<Map<string, string>>((resolve, reject) => {
      calls.push({
        keys,
        answer: () => {
          resolve(new Map(keys.filter((key) => key !== 'none').map((key) => [key, `<${key}>`])));
        },
        fail: reject,
      });
    });
  return { calls, query };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a batch loader', () => {
  it('asks at once for what is wanted in one turn, each key once', async () => {
    const { calls, query } = slowQuery();
    const loader = createBatchLoader(query);
    const found = Promise.all(['a', 'b', 'a', 'none'].map((key) => loader.load(key)));
    await turn();
    expect(calls.map(({ keys }) => keys)).toEqual([['a', 'b', 'none']]);
    calls[0]!.answer();
    expect(await found).toEqual(['<a>', '<b>', '<a>', undefined]);
  });

  it('gathers what is wanted while a query is under way', async () => {
    const { calls, query } = slowQuery();
    const loader = createBatchLoader(query);
    const first = loader.load('a');
    await turn();
    const others = [loader.load('b')];
    await turn();
    others.push(loader.load('c'));
    await turn();
    expect(calls).toHaveLength(1);
    calls[0]!.answer();
    expect(await first).toBe('<a>');
    await turn();
    expect(calls[1]!.keys).toEqual(['b', 'c']);
    calls[1]!.answer();
    expect(await Promise.all(others)).toEqual(['<b>', '<c>']);
  });

  it('fails those who asked, and nobody after them', async () => {
    const { calls, query } = slowQuery();
    const loader = createBatchLoader(query);
    const first = loader.load('a');
    await turn();
    const second = loader.load('a');
    calls[0]!.fail(new Error('the database is away'));
    await expect(first).rejects.toThrow('away');
    await turn();
    calls[1]!.answer();
    expect(await second).toBe('<a>');
  });

  it('splits what is more than one query should take', async () => {
    const sizes: number[] = [];
    const loader = createBatchLoader((keys) => {
      sizes.push(keys.length);
      return Promise.resolve(new Map(keys.map((key) => [key, key])));
    });
    const keys = Array.from({ length: 250 }, (_, n) => String(n));
    expect(await Promise.all(keys.map((key) => loader.load(key)))).toEqual(keys);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(250);
  });
});
