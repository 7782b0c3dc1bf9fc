/**
 * The bound of an `LRUCache` by the number of its entries, without room set aside for all of them: with its own
 * option `max` a cache takes 40 bytes for each entry that it may ever hold when it is made, which is 2 MB and 11 ms
 * for 50,000.
 *
 * @example new LRUCache({ ...atMost(50_000), ttl: 60_000 })
 */
export const atMost = (entries: number): { maxSize: number; sizeCalculation: () => number } => ({
  maxSize: entries,
  sizeCalculation: one,
});

const one = () => 1;
