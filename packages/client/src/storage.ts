/** Where the client keeps what must survive a reload: a few short texts by key. */
export interface KeyValueStorage {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** All keys that begin with a prefix. */
  keys(prefix: string): Promise<string[]>;
}

/** The part of the browser's `Storage` that is used. */
export interface WebStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Forgets everything with the page or process. */
export class MemoryStorage implements KeyValueStorage {
  private readonly values = new Map<string, string>();

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.values.get(key));
  }

  set(key: string, value: string): Promise<void> {
    this.values.set(key, value);
    return Promise.resolve();
  }

  remove(key: string): Promise<void> {
    this.values.delete(key);
    return Promise.resolve();
  }

  keys(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.values.keys()].filter((key) => key.startsWith(prefix)));
  }
}

/** The browser's localStorage, or anything like it. */
export class LocalStorage implements KeyValueStorage {
  constructor(private readonly storage: WebStorage) {}

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.storage.getItem(key) ?? undefined);
  }

  // Async, so that a full storage rejects instead of throwing.
  async set(key: string, value: string): Promise<void> {
    await Promise.resolve();
    this.storage.setItem(key, value);
  }

  remove(key: string): Promise<void> {
    this.storage.removeItem(key);
    return Promise.resolve();
  }

  keys(prefix: string): Promise<string[]> {
    const keys = Array.from({ length: this.storage.length }, (_, i) => this.storage.key(i) ?? '');
    return Promise.resolve(keys.filter((key) => key.startsWith(prefix)));
  }
}

/** The browser's localStorage where there is one that may be used, else memory. */
export const defaultStorage = (): KeyValueStorage => {
  const storage = webStorage();
  return storage ? new LocalStorage(storage) : new MemoryStorage();
};

const webStorage = (): WebStorage | undefined => {
  try {
    const { localStorage } = globalThis as { localStorage?: Partial<WebStorage> };
    // Node has an object of this name that is no storage until it is told of a file.
    return typeof localStorage?.setItem === 'function' ? (localStorage as WebStorage) : undefined;
  } catch {
    // A page that is not allowed to store anything, as in a frame, may not even look.
    return undefined;
  }
};
