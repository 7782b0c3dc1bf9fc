import DataLoader from 'dataloader';
import { QUEUE_STEP_MS, withDeadline } from '../shared/deadline.js';

/** Looks something up by key; many calls cost few queries. */
export interface BatchLoader<T> {
  /** What there is under the key, now; undefined for nothing. Rejects as the query does. */
  load(key: string): Promise<T | undefined>;
}

/** Keys of one query at most. */
const MAX_KEYS = 100;

/**
 * Gathers look-ups that come while another is under way into one query, so that a thousand clients who
 * reconnect together cost a few queries instead of thousands. A single look-up on a quiet server goes
 * out at once. Nothing is kept: who asks later gets what the database says then.
 *
 * @param query what there is under these keys, each of which is there once.
 */
export const createBatchLoader = <T>(
  query: (keys: string[]) => Promise<Map<string, T>>,
): BatchLoader<T> => {
  let isBusy = false;
  let dispatchNext: (() => void) | undefined;
  const run = async (keys: readonly string[]): Promise<(T | undefined)[]> => {
    isBusy = true;
    try {
      // A query that is lost without an answer must not hold up those who wait behind it.
      const found = await withDeadline(query([...new Set(keys)]), QUEUE_STEP_MS);
      return keys.map((key) => found.get(key));
    } finally {
      isBusy = false;
      const dispatch = dispatchNext;
      dispatchNext = undefined;
      dispatch?.();
    }
  };
  const loader = new DataLoader<string, T | undefined>(run, {
    cache: false,
    maxBatchSize: MAX_KEYS,
    batchScheduleFn: (dispatch) => {
      if (!isBusy) {
        // Those who ask in this turn of the event loop go along.
        process.nextTick(dispatch);
        return;
      }
      const before = dispatchNext;
      dispatchNext = () => {
        before?.();
        dispatch();
      };
    },
  });
  return { load: (key) => loader.load(key) };
};
