/**
 * Something readable that tells when it is other than before; fits React's `useSyncExternalStore`, Vue's
 * `shallowRef` and whatever else compares by reference.
 */
export interface Store<T> {
  /** Calls the listener after every change of what {@link getSnapshot} answers; the answer ends it. */
  subscribe: (listener: () => void) => () => void;
  /** What there is now. It never changes itself: the same object until something is other than before. */
  getSnapshot: () => T;
  /** The same before anything was loaded, as a page that is rendered on a server begins. */
  getServerSnapshot: () => T;
}

/** Works stores out anew, all that changed in one go: a sync of a thousand chats tells each listener once. */
export class StoreQueue {
  private readonly dirty = new Set<DerivedStore<unknown>>();

  /** Has a store told its listeners soon, if it has changed. */
  add(store: DerivedStore<unknown>): void {
    if (this.dirty.size === 0) queueMicrotask(() => this.flush());
    this.dirty.add(store);
  }

  private flush(): void {
    const stores = [...this.dirty];
    this.dirty.clear();
    for (const store of stores) store.tell();
  }
}

/** A store that is worked out from what it depends on, at most once per change and only when somebody looks. */
export class DerivedStore<T> implements Store<T> {
  private readonly listeners = new Set<{ listener: () => void }>();
  private current: T;
  /** What the listeners were last told of. */
  private told: T;
  private isDirty = true;

  /**
   * @param compute works out the snapshot from its sources; must not change them.
   * @param initial the snapshot of nothing.
   */
  constructor(
    private readonly queue: StoreQueue,
    private readonly compute: () => T,
    private readonly initial: T,
  ) {
    this.current = initial;
    this.told = initial;
  }

  readonly getServerSnapshot = (): T => this.initial;

  readonly getSnapshot = (): T => {
    if (this.isDirty) {
      this.isDirty = false;
      this.current = reuse(this.current, this.compute());
    }
    return this.current;
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = { listener };
    if (this.listeners.size === 0) this.told = this.getSnapshot();
    this.listeners.add(entry);
    return () => {
      this.listeners.delete(entry);
    };
  };

  /** One of its sources is other than before. */
  invalidate(): void {
    this.isDirty = true;
    if (this.listeners.size > 0) this.queue.add(this as DerivedStore<unknown>);
  }

  /** Tells the listeners, if what they know is no longer so. One that throws does not keep the others from it. */
  tell(): void {
    const now = this.getSnapshot();
    if (now === this.told) return;
    this.told = now;
    for (const { listener } of [...this.listeners]) {
      try {
        listener();
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/**
 * The new value with every part of the old one that is equal to it, so that what has not changed stays the same
 * object. Objects of classes count as equal only when they are the same.
 */
export const reuse = <T>(old: T, now: T): T => {
  if (Object.is(old, now)) return old;
  if (Array.isArray(old) && Array.isArray(now)) {
    const items = now.map((item, i) => reuse(old[i] as unknown, item as unknown));
    const isSame = old.length === items.length && items.every((item, i) => item === old[i]);
    return isSame ? old : (items as T);
  }
  if (!isPlain(old) || !isPlain(now)) return now;
  const keys = Object.keys(now);
  const parts: Record<string, unknown> = {};
  let isSame = keys.length === Object.keys(old).length;
  for (const key of keys) {
    parts[key] = reuse(old[key], now[key]);
    isSame &&= key in old && parts[key] === old[key];
  }
  return isSame ? old : (parts as T);
};

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
