import { LRUCache } from 'lru-cache';

type Load<T> = () => Promise<T | undefined>;

/**
 * How often the entry of a waiting caller may be forgotten before an answer is taken all the same. What the
 * access-change feed has just named is forgotten four times a second: on a slow database each more costs its callers
 * a look-up's time.
 */
const MAX_RELOADS = 2;

/**
 * How long what was looked up may be used without being confirmed, in milliseconds: a lost right is effective on
 * every node within a second.
 */
const UNCONFIRMED_MS = 1000;

/**
 * Says up to when a node has heard of all changes, so that what was looked up before is still so. Times are those of
 * `performance.now()`.
 */
export interface Freshness {
  /** Every change that was announced before this time has been heard of, and what it concerns was forgotten. */
  readonly confirmedAt: number;
  /** Changes were missed: nothing that was looked up before this time may be used. */
  readonly droppedAt: number;
}

/** Confirms nothing: what was looked up is used for a second. */
export const NEVER_CONFIRMED: Freshness = { confirmedAt: -Infinity, droppedAt: -Infinity };

/** What a cache of {@link CachedLookup} holds, and for how long. */
export type Bounds<T extends NonNullable<unknown>> = LRUCache.Options<string, T, Load<T>> & {
  /**
   * Entries are used for as long as it confirms them, `ttl` at most, which is then needed. What it does not confirm is
   * looked up again after a second.
   */
  freshness?: Freshness;
  /** Whether an answer may be used for longer than a second at all; absent: all may. */
  isKept?(value: T): boolean;
  /** The group of a key, for `forgetGroup`. */
  groupOf?(key: string): string;
};

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
 * two times they get an answer whose look-up began after they had asked.
 */
export class CachedLookup<T extends NonNullable<unknown>> {
  private readonly cache: LRUCache<string, T, Load<T>>;
  /** Look-ups under way; the cache does not list their keys. */
  private readonly loading = new Map<string, AbortSignal>();

  /** What look-ups were aborted with because their entry was forgotten. */
  private readonly aborts = new WeakSet<Error>();

  /** The keys of each group, those under way included. */
  private readonly groups = new Map<string, Set<string>>();

  /** @param bounds how many entries are kept, how large, and for how long (`ttl`, in milliseconds). */
  constructor(private readonly bounds: Bounds<T>) {
    this.cache = new LRUCache<string, T, Load<T>>({
      ...bounds,
      ...(bounds.groupOf && {
        dispose: (_value, key, reason) => {
          if (reason !== 'set') this.leaveGroup(key);
        },
      }),
      fetchMethod: async (key, _stale, { context: load, options, signal }) => {
        const began = performance.now();
        let isFound = false;
        this.loading.set(key, signal);
        this.joinGroup(key);
        signal.addEventListener('abort', () => this.aborts.add(signal.reason as Error));
        try {
          const value = await load();
          isFound = value !== undefined;
          if (options.ttl) {
            options.ttl = Math.max(1, Math.ceil(options.ttl - (performance.now() - began)));
          }
          return value;
        } catch (cause) {
          throw new LoadFailure('the look-up failed', { cause });
        } finally {
          if (this.loading.get(key) === signal) {
            this.loading.delete(key);
            if (!isFound) this.leaveGroup(key);
          }
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
    this.dropUnconfirmed(key);
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

  /** Forgets all keys of a group, without a look at the others. */
  forgetGroup(group: string): void {
    for (const key of [...(this.groups.get(group) ?? [])]) this.forget(key);
  }

  /** Looks up anew what is being looked up now. */
  forgetLoading(): void {
    for (const key of [...this.loading.keys()]) this.forget(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.cache.clear();
  }

  /** Forgets an entry that is older than a second, unless all changes since its look-up have been heard of. */
  private dropUnconfirmed(key: string): void {
    const { freshness, isKept, ttl = 0 } = this.bounds;
    // A look-up under way has begun for somebody who waits; its answer is checked when it is asked for again.
    if (!freshness || this.loading.has(key)) return;
    const remaining = this.cache.getRemainingTTL(key);
    if (remaining <= 0) return;
    const now = performance.now();
    const lookedUpAt = now - (ttl - remaining);
    const value = this.cache.peek(key);
    const isConfirmable = value === undefined || !isKept || isKept(value);
    const knownAt = isConfirmable ? Math.max(lookedUpAt, freshness.confirmedAt) : lookedUpAt;
    if (lookedUpAt <= freshness.droppedAt || now - knownAt > UNCONFIRMED_MS) this.forget(key);
  }

  private joinGroup(key: string): void {
    const group = this.bounds.groupOf?.(key);
    if (group === undefined) return;
    const keys = this.groups.get(group);
    if (keys) keys.add(key);
    else this.groups.set(group, new Set([key]));
  }

  private leaveGroup(key: string): void {
    const group = this.bounds.groupOf?.(key);
    const keys = group === undefined ? undefined : this.groups.get(group);
    if (group === undefined || !keys?.delete(key)) return;
    if (keys.size === 0) this.groups.delete(group);
  }
}
