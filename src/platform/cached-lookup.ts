import { LRUCache } from 'lru-cache';

type Load<T> = () => Promise<T | undefined>;

/** How often the entry of a waiting caller may be forgotten before an answer is taken all the same. */
const MAX_RELOADS = 5;

/** Marks the error of a load, to tell it from the abort of one whose entry was forgotten and from a fault of the cache. */
class LoadFailure extends Error {}

/**
 * Remembers what was looked up, for a while or up to a number of entries. Who asks for a key while it is
 * looked up waits for the same answer; all continue in the order in which they asked.
 *
 * Only answers are kept: who asks after a failed look-up, or after one that found nothing, looks up again.
 * An entry is as old as its look-up's beginning. When an entry is forgotten while it is looked up, all who
 * wait look up again, so that nobody gets what the forgotten look-up may have read too early. One that is
 * forgotten faster than it can be looked up would keep them waiting for ever: after
 * five times they get an answer whose look-up began after they had asked.
 */
export class CachedLookup<T extends NonNullable<unknown>> {
  private readonly cache: LRUCache<string, T, Load<T>>;
  /** Look-ups under way; the cache does not list their keys. */
  private readonly loading = new Map<string, AbortSignal>();

  /** What look-ups were aborted with because their entry was forgotten. */
  private readonly aborts = new WeakSet<Error>();

  /** @param bounds how many entries are kept, how large, and for how long (`ttl`, in milliseconds). */
  constructor(bounds: LRUCache.Options<string, T, Load<T>>) {
    this.cache = new LRUCache<string, T, Load<T>>({
      ...bounds,
      fetchMethod: async (key, _stale, { context: load, options, signal }) => {
        const began = performance.now();
        this.loading.set(key, signal);
        signal.addEventListener('abort', () => this.aborts.add(signal.reason as Error));
        try {
          const value = await load();
          if (options.ttl) {
            options.ttl = Math.max(1, Math.ceil(options.ttl - (performance.now() - began)));
          }
          return value;
        } catch (cause) {
          throw new LoadFailure('the look-up failed', { cause });
        } finally {
          if (this.loading.get(key) === signal) this.loading.delete(key);
        }
      },
    });
  }

  /**
   * What is remembered under the key, or else what `load` finds.
   *
   * @throws whatever `load` throws.
   */
  async get<R extends T | undefined>(key: string, load: () => Promise<R>): Promise<T | R> {
    for (let reloads = 0; ; reloads += 1) {
      try {
        const ignoreFetchAbort = reloads >= MAX_RELOADS;
        return (await this.cache.fetch(key, { context: load, ignoreFetchAbort })) as T | R;
      } catch (error) {
        if (error instanceof LoadFailure) throw error.cause;
        // A fault of the cache itself, which the next try would meet again.
        if (!this.aborts.has(error as Error)) throw error;
      }
    }
  }

  /** Looks up anew the next time, and for those who wait. */
  forget(key: string): void {
    this.cache.delete(key);
  }

  /** Forgets all keys that match. */
  forgetWhere(matches: (key: string) => boolean): void {
    for (const key of new Set([...this.cache.keys(), ...this.loading.keys()])) {
      if (matches(key)) this.forget(key);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.cache.clear();
  }
}
