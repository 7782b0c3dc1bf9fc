/** Work that waits for its turn while other parts of it may run at once: the pieces with one key end in order. */
export class Turns {
  /** Settles when everything under a key that was begun so far has ended. */
  private readonly last = new Map<string, Promise<unknown>>();

  /**
   * Begins a piece of work now.
   *
   * @param work gets a promise that resolves when all earlier work with the key has ended, well or not.
   */
  take<T>(key: string, work: (turn: Promise<unknown>) => Promise<T>): Promise<T> {
    const before = this.last.get(key) ?? Promise.resolve();
    const result = work(before);
    // Also the earlier work: this one may have failed before its turn.
    const ended = Promise.allSettled([before, result]);
    this.last.set(key, ended);
    void ended.then(() => {
      if (this.last.get(key) === ended) this.last.delete(key);
    });
    return result;
  }
}
