import { LRUCache } from 'lru-cache';
import type { PageQuery } from './pagination.js';
import { atMost } from './at-most.js';

/** Lists whose pages are remembered, and how long, in milliseconds. */
const MAX_LISTS = 5000;
const KEPT_MS = 5 * 60_000;
/** Items that one step passes over on the way to a page that nobody has read up to. */
const STEP = 5000;

/**
 * Where the pages of long lists begin. A client asks for pages by number, the database is asked for what
 * comes after an item: the ends of the pages that were read are remembered, so that the next page starts
 * there and nothing is skipped. Items that come or go meanwhile move a page's ends by themselves only
 * when the list is read anew; nothing is shown twice on the way through it.
 */
export class PageEnds<Place> {
  /** By list, the last item of each page. */
  private readonly lists = new LRUCache<string, Map<number, Place>>({
    ...atMost(MAX_LISTS),
    ttl: KEPT_MS,
    updateAgeOnGet: true,
  });

  /**
   * Reads a page.
   *
   * @param list names the list, its filter included.
   * @param step answers the place so many items after another one, or undefined past the end.
   * @param read answers the items after a place.
   */
  async read<Item>(
    list: string,
    { page, limit }: PageQuery,
    step: (after: Place | undefined, count: number) => Promise<Place | undefined>,
    read: (after: Place | undefined) => Promise<Item[]>,
    placeOf: (item: Item) => Place,
  ): Promise<Item[]> {
    const key = `${list} ${limit}`;
    // Whoever begins a list anew sees it as it is now.
    if (page === 1) this.lists.delete(key);
    const ends = this.lists.get(key) ?? new Map<number, Place>();
    this.lists.set(key, ends);
    const before = await this.endOf(ends, page - 1, limit, step);
    if (before === undefined && page > 1) return [];
    const items = await read(before);
    const last = items.at(-1);
    if (last !== undefined && items.length === limit) ends.set(page, placeOf(last));
    return items;
  }

  private async endOf(
    ends: Map<number, Place>,
    page: number,
    limit: number,
    step: (after: Place | undefined, count: number) => Promise<Place | undefined>,
  ): Promise<Place | undefined> {
    let known = Math.max(0, ...[...ends.keys()].filter((number) => number <= page));
    let place = ends.get(known);
    while (known < page) {
      const pages = Math.min(page - known, Math.max(1, Math.floor(STEP / limit)));
      place = await step(place, pages * limit);
      if (place === undefined) return undefined;
      known += pages;
      ends.set(known, place);
    }
    return place;
  }
}
