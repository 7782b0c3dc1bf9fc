type Listener<Payload> = (payload: Payload) => void;

/** Calls listeners by event name. */
export class Emitter<Events extends object> {
  /** One entry for each time that somebody listens: the same function may do so twice. */
  private readonly entries = new Map<keyof Events, Set<{ listener: Listener<never> }>>();

  /** Listens; the answer ends it. */
  on<K extends keyof Events>(event: K, listener: Listener<Events[K]>): () => void {
    const entry = { listener };
    const known = this.entries.get(event) ?? new Set();
    this.entries.set(event, known.add(entry));
    return () => {
      known.delete(entry);
    };
  }

  /**
   * Calls those who listen now: not those who begin meanwhile, nor those who end. One that throws does not
   * keep the others, or the client, from going on.
   */
  emit<K extends keyof Events>(event: K, payload: Events[K]): void {
    const known = this.entries.get(event);
    for (const entry of [...(known ?? [])]) {
      if (!known?.has(entry)) continue;
      try {
        (entry.listener as Listener<Events[K]>)(payload);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
