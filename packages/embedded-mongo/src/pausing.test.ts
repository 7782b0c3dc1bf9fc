import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { runs, SEED } from '../../../test/support/seed.js';
import { PAUSE, runToEnd, sortInSlices } from './pausing.js';

describe('sorting in slices', () => {
  it('gives what Array.prototype.sort gives, equal items in the order they came', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 3000 }), (numbers) => {
        const items = numbers.map((key, place) => ({ key, place }));
        const compare = (left: { key: number }, right: { key: number }) => left.key - right.key;
        const sorted = runToEnd(sortInSlices(items, compare, () => true));
        expect(sorted).toEqual(items.toSorted(compare));
      }),
      { seed: SEED, numRuns: runs(30) },
    );
  });

  it('pauses when the slice is over, and only then', () => {
    const numbers = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5000);
    const pausesOf = (isSliceOver: () => boolean) => {
      const sorting = sortInSlices(numbers, (left, right) => left - right, isSliceOver);
      let pauses = 0;
      while (sorting.next().value === PAUSE) pauses += 1;
      return pauses;
    };
    expect(pausesOf(() => false)).toBe(0);
    expect(pausesOf(() => true)).toBeGreaterThan(10);
  });
});
