import DataLoader from 'dataloader';
import { QUEUE_STEP_MS, withDeadline } from '../shared/deadline.js';

/** Looks something up by key; many calls cost few queries. */
export interface BatchLoader<T> {
  /** What there is under the key, now; undefined for nothing. Rejects as the query does. */
  load(key: string): Promise<T | undefined>;
}

/** Keys of one query at most. */
const MAX_KEYS = 100;
/** Queries that follow each other by less than this are dense, in milliseconds. */
const DENSE_MS = 10;
/** After so many dense queries the next ones wait for more look-ups, each twice as long, up to a bound (ms). */
const DENSE_BEFORE_WAITING = 3;
const MAX_WAIT_MS = 25;

/**
 * Gathers look-ups that come while another is under way into one query, so that a thousand clients who
 * reconnect together cost a few queries instead of thousands. A single look-up on a quiet server goes
 * out at once; while queries follow each other without a pause, as in a storm of clients, they are kept apart, so
 * that each answers more look-ups. Nothing is kept: who asks later gets what the database says then.
 *
 * @param query what there is under these keys, each of which is there once.
 */
export const createBatchLoader = <T>(
  query: (keys: string[]) => Promise<Map<string, T>>,
): BatchLoader<T> => {
  let running = 0;
  let waiting: (() => void)[] = [];
  let lastStart = -Infinity;
  let dense = 0;
  let gap = 0;
  const dispatch = (): void => {
    const due = waiting;
    waiting = [];
    lastStart = performance.now();
    for (const start of due) start();
  };
  const plan = (): void => {
    const since = performance.now() - lastStart;
    dense = since < gap + DENSE_MS ? dense + 1 : 0;
    gap = dense < DENSE_BEFORE_WAITING ? 0 : Math.min(MAX_WAIT_MS, gap === 0 ? 2 : 2 * gap);
    if (since < gap) setTimeout(dispatch, gap - since);
    // Those who ask in this turn of the event loop go along.
    else process.nextTick(dispatch);
  };
  const run = async (keys: readonly string[]): Promise<(T | undefined)[]> => {
    running += 1;
    try {
      // A query that is lost without an answer must not hold up those who wait behind it.
      const found = await withDeadline(query([...new Set(keys)]), QUEUE_STEP_MS);
      return keys.map((key) => found.get(key));
    } finally {
      running -= 1;
      if (running === 0 && waiting.length > 0) plan();
    }
  };
  const loader = new DataLoader<string, T | undefined>(run, {
    cache: false,
    maxBatchSize: MAX_KEYS,
    batchScheduleFn: (start) => {
      waiting.push(start);
      if (waiting.length === 1 && running === 0) plan();
    },
  });
  return { load: (key) => loader.load(key) };
};
