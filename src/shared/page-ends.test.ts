import { describe, expect, it } from '@jest/globals';
import { PageEnds } from './page-ends.js';

/** A list of numbers, and how often it was asked for a step. */
const listOf = (length: number) => {
  const items = Array.from({ length }, (_, i) => i + 1);
  const after = (place: number | undefined) => items.filter((item) => item > (place ?? 0));
  const ends = new PageEnds<number>();
  const log: number[] = [];
  return {
    items,
    log,
    page: (page: number, limit = 10) =>
      ends.read(
        'list',
        { page, limit },
        (place, count) => {
          log.push(count);
          return Promise.resolve(after(place)[count - 1]);
        },
        (place) => Promise.resolve(after(place).slice(0, limit)),
        (item) => item,
      ),
  };
};

describe('pages of a long list', () => {
  it('follow each other without a step', async () => {
    const { items, log, page } = listOf(25);
    const pages = [await page(1), await page(2), await page(3)];
    expect(pages.flat()).toEqual(items);
    expect(log).toEqual([]);
  });

  it('can be asked for in any order, and end', async () => {
    const { log, page } = listOf(25);
    expect(await page(3)).toEqual([21, 22, 23, 24, 25]);
    expect(await page(2)).toEqual(Array.from({ length: 10 }, (_, i) => 11 + i));
    expect(await page(4)).toEqual([]);
    expect(await page(100)).toEqual([]);
    expect(log[0]).toBe(20);
  });

  it('show nothing twice when items go meanwhile, and all anew from the first page on', async () => {
    const { items, page } = listOf(25);
    expect(await page(1)).toHaveLength(10);
    items.splice(0, 5);
    expect(await page(2)).toEqual(Array.from({ length: 10 }, (_, i) => 11 + i));
    expect(await page(1)).toEqual(Array.from({ length: 10 }, (_, i) => 6 + i));
  });
});
