import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CachedLookup } from './cached-lookup.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A cache, and look-ups that end when told to. */
const setUp = (ttl = 1000) => {
  const lookup = new CachedLookup<string>({ max: 3, ttl, groupOf: (key) => `group of ${key}` });
  const begun: string[] = [];
  const ends: ((answer: string | Error | undefined) => Promise<unknown>)[] = [];
  const ask = (key = 'a') =>
    lookup.get(key, () => {
      begun.push(key);
      return new Promise<string | undefined>((resolve, reject) => {
        ends.push((answer) => {
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
          return turn();
        });
      });
    });
  return { lookup, begun, ends, ask };
};

describe('a cached look-up', () => {
  it('is made once for all who ask while it is under way or is kept', async () => {
    const { ask, begun, ends } = setUp();
    const all = [ask(), ask(), ask()];
    await ends[0]!('x');
    expect(await Promise.all([...all, ask()])).toEqual(['x', 'x', 'x', 'x']);
    expect(begun).toEqual(['a']);
  });

  it('answers in the order in which it was asked', async () => {
    const { ask, ends, lookup } = setUp();
    const order: number[] = [];
    const asked = (n: number) => ask().then(() => order.push(n));
    const all = [asked(1), asked(2)];
    lookup.forget('a');
    await turn();
    all.push(asked(3));
    await ends[1]!('x');
    all.push(asked(4));
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('gives all who wait the same failure, and is made again for the next', async () => {
    const { ask, begun, ends } = setUp();
    const failure = new Error('away');
    const all = [ask(), ask()].map((asked) => asked.catch((error: unknown) => error));
    await ends[0]!(failure);
    expect(await Promise.all(all)).toEqual([failure, failure]);
    const next = ask();
    await ends[1]!('x');
    expect([await next, begun.length]).toEqual(['x', 2]);
  });

  it('fails as a load does that throws at once', async () => {
    const { lookup } = setUp();
    const failing = lookup.get('a', () => {
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
  });

  it('is made again after it has found nothing', async () => {
    const { ask, ends } = setUp();
    const first = ask();
    await ends[0]!(undefined);
    const second = ask();
    await ends[1]!('x');
    expect([await first, await second]).toEqual([undefined, 'x']);
  });

  it.each(['forget', 'forgetGroup', 'clear'] as const)(
    'is made again for those who wait when its entry is lost by %s',
    async (way) => {
      const { ask, begun, ends, lookup } = setUp();
      const lose = () => {
        if (way === 'forget') lookup.forget('a');
        else if (way === 'clear') lookup.clear();
        else lookup.forgetGroup('group of a');
      };
      const waiting = [ask(), ask()];
      lose();
      const later = ask();
      await ends[0]!('stale');
      await ends[1]!('fresh');
      expect(await Promise.all([...waiting, later, ask()])).toEqual(Array(4).fill('fresh'));
      expect(begun).toHaveLength(2);
      lose();
      const anew = ask();
      await ends[2]!('newer');
      expect(await anew).toBe('newer');
    },
  );

  it('is made again, too, when what was forgotten fails later', async () => {
    const { ask, ends, lookup } = setUp();
    const waiting = ask();
    lookup.forget('a');
    await turn();
    await ends[0]!(new Error('away'));
    await ends[1]!('fresh');
    expect([await waiting, await ask()]).toEqual(['fresh', 'fresh']);
  });

  it('ends when its entry is forgotten without end, and is not kept', async () => {
    const { ask, begun, ends, lookup } = setUp();
    let answer: string | undefined;
    void ask().then((found) => {
      answer = found;
    });
    for (let n = 0; answer === undefined && n < 100; n += 1) {
      lookup.forget('a');
      await turn();
      await ends[n]!(`answer ${n}`);
    }
    expect([answer, begun.length]).toEqual(['answer 2', 3]);
    const next = ask();
    await ends[3]!('next');
    expect(await next).toBe('next');
  });

  it.each([NaN, -1, 0.5])(
    'fails when the cache does: with an answer of the size %d',
    async (size) => {
      let loads = 0;
      const bounds = { max: 3, maxSize: 100, sizeCalculation: () => size };
      const lookup = new CachedLookup<string>(bounds);
      const load = () => {
        loads += 1;
        return Promise.resolve('x');
      };
      await expect(lookup.get('a', load)).rejects.toThrow('size');
      expect(loads).toBe(1);
    },
  );

  it('forgets no other keys', async () => {
    const { ask, begun, ends, lookup } = setUp();
    const all = [ask('a'), ask('b')];
    await ends[1]!('x');
    lookup.forgetGroup('group of a');
    await turn();
    await ends[2]!('y');
    expect(await Promise.all([...all, ask('b')])).toEqual(['y', 'x', 'x']);
    expect(begun).toEqual(['a', 'b', 'a']);
  });

  it('answers those who wait for an entry that others have pushed out', async () => {
    const { ask, ends } = setUp();
    const all = ['a', 'b', 'c', 'd', 'e'].map(ask);
    for (const end of ends) await end('x');
    expect(await Promise.all(all)).toEqual(Array(5).fill('x'));
  });

  it('is as old as its beginning', async () => {
    const { ask, begun, ends } = setUp(200);
    const first = ask();
    await setTimeout(120);
    await ends[0]!('x');
    expect(await first).toBe('x');
    await setTimeout(100);
    const anew = ask();
    expect(begun).toHaveLength(2);
    await ends[1]!('y');
    expect(await anew).toBe('y');
  });

  describe('of what a feed of changes confirms', () => {
    /** A cache with an entry that was just looked up. */
    const aged = async (freshness: { confirmedAt: number; droppedAt: number }) => {
      const lookup = new CachedLookup<string>({
        max: 3,
        ttl: 10_000,
        freshness,
        isKept: (value) => value !== 'refused',
      });
      let loads = 0;
      const ask = (value = 'x') =>
        lookup.get('a', () => {
          loads += 1;
          return Promise.resolve(value);
        });
      const clock = jest.spyOn(performance, 'now');
      const began = performance.now();
      clock.mockReturnValue(began);
      await ask();
      return {
        began,
        /** How many look-ups there have been after asking at a time since the first. */
        loadsAt: async (ms: number, value?: string) => {
          clock.mockReturnValue(began + ms);
          // The cache asks for the time once in a millisecond.
          await setTimeout(5);
          await ask(value);
          return loads;
        },
      };
    };
    afterEach(() => {
      jest.restoreAllMocks();
    });

    it('is made again after a second without a confirmation', async () => {
      const { loadsAt } = await aged({ confirmedAt: -Infinity, droppedAt: -Infinity });
      expect(await loadsAt(900)).toBe(1);
      expect(await loadsAt(1100)).toBe(2);
    });

    it('is kept for a second after the last confirmation', async () => {
      const freshness = { confirmedAt: -Infinity, droppedAt: -Infinity };
      const { began, loadsAt } = await aged(freshness);
      freshness.confirmedAt = began + 5000;
      expect(await loadsAt(5900)).toBe(1);
      expect(await loadsAt(6100)).toBe(2);
    });

    it('is made again when changes were missed since', async () => {
      const freshness = { confirmedAt: Infinity, droppedAt: -Infinity };
      const { began, loadsAt } = await aged(freshness);
      expect(await loadsAt(100)).toBe(1);
      freshness.droppedAt = began + 50;
      expect(await loadsAt(200)).toBe(2);
    });

    it('is made again after a second for an answer that may not be kept', async () => {
      const { loadsAt } = await aged({ confirmedAt: Infinity, droppedAt: -Infinity });
      expect(await loadsAt(9000)).toBe(1);
      expect(await loadsAt(10_100, 'refused')).toBe(2);
      expect(await loadsAt(11_000)).toBe(2);
      expect(await loadsAt(11_200)).toBe(3);
    });
  });
});
