/** Time as the client knows it, so that tests can turn the clock. */
export interface Timers {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs something later; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
  /** A number from 0 to 1, for jitter. */
  random(): number;
}

/** The machine's clock. */
export const systemTimers: Timers = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => {
      clearTimeout(timer);
    };
  },
  random: () => Math.random(),
};
