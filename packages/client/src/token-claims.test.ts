import { describe, expect, it } from '@jest/globals';
import { replaceAfter } from './token-claims.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_800_000_000_000;

/** A token as the server signs them, but for the signature. */
const tokenOf = (claims: object): string =>
  `head.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
const tokenFor = (made: number, life: number): string =>
  tokenOf({ iat: made / 1000, exp: (made + life) / 1000 });

/** The moments, in an hour from START, at which a device with a wrong clock replaces its tokens. */
const replacements = (life: number, clock: number, firstAge = 0): number[] => {
  const moments: number[] = [];
  let wait = replaceAfter(tokenFor(START - firstAge, life), START + clock, false)!;
  for (let at = wait; at < HOUR && moments.length < 1000; at += wait) {
    moments.push(at);
    wait = replaceAfter(tokenFor(START + at, life), START + at + clock, true)!;
  }
  return moments;
};

describe('a token', () => {
  it.each([
    [15 * MINUTE, 14 * MINUTE],
    [4 * MINUTE, 3 * MINUTE],
    [2 * MINUTE, 1.5 * MINUTE],
    [8000, 6000],
    [90 * 24 * HOUR, 2 ** 31 - 1],
  ])('that lives for %d ms is replaced after %d ms', (life, wait) => {
    for (const isNew of [false, true]) {
      expect(replaceAfter(tokenFor(START, life), START, isNew)).toBe(wait);
    }
  });

  it('that ends soon is replaced at once', () => {
    for (const left of [MINUTE, 20_000, 1]) {
      expect(replaceAfter(tokenFor(START + left - HOUR, HOUR), START, false)).toBe(0);
    }
  });

  it('that does not say when it ends is not replaced', () => {
    for (const token of [tokenOf({ iat: 1 }), tokenOf({ exp: 1 }), tokenOf({}), 'none', '']) {
      expect(replaceAfter(token, START, true)).toBeUndefined();
    }
  });

  describe.each([8000, 2 * MINUTE, 15 * MINUTE])('that lives for %d ms', (life) => {
    it.each([-24 * HOUR, -HOUR, -MINUTE, 0, 1000, MINUTE, HOUR, 24 * HOUR, 20_000 * HOUR])(
      'is replaced in its life, and not again and again, by a clock that is %d ms ahead',
      (clock) => {
        const moments = replacements(life, clock);
        const gaps = moments.map((moment, i) => moment - (moments[i - 1] ?? 0));
        expect(moments.length).toBeGreaterThan(0);
        expect(Math.max(...gaps)).toBeLessThan(life);
        expect(Math.min(...gaps.slice(1))).toBeGreaterThanOrEqual(life / 4);
      },
    );

    it('is replaced once at most when it ends about when a clock that runs ahead says', () => {
      for (const share of [0.5, 0.75, 0.8, 0.95, 0.99, 1, 1.01, 1.5]) {
        const [first = 0, second = 0] = replacements(life, life * share);
        expect([share, second - first >= life / 4]).toEqual([share, true]);
        // The same when an older token is what it connects with.
        const [early = 0, next = 0] = replacements(life, life * share, life / 2);
        expect([share, next - early >= life / 4]).toEqual([share, true]);
      }
    });
  });
});
