import { ChatError } from './chat-error.js';

/** Time as the client knows it, so that tests can turn the clock. */
export interface Timers {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Runs something later; the answer cancels it.
   *
   * @param isIdle a process with nothing else to do need not wait for it.
   */
  after(ms: number, run: () => void, isIdle?: boolean): () => void;
  /** A number from 0 to 1, for jitter. */
  random(): number;
}

/** The machine's clock. */
export const systemTimers: Timers = {
  now: () => Date.now(),
  after: (ms, run, isIdle = false) => {
    const timer = setTimeout(run, ms);
    // Browsers and React Native have numbers for timers.
    if (isIdle && typeof timer === 'object') timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
  random: () => Math.random(),
};

/** What a promise becomes, or a TIMEOUT when that takes longer than some milliseconds. */
export const within = <T>(
  timers: Timers,
  ms: number,
  work: Promise<T>,
  message: string,
  code = 'TIMEOUT',
): Promise<T> =>
  new Promise((resolve, reject) => {
    const cancel = timers.after(
      ms,
      () => {
        reject(new ChatError({ code, message }));
      },
      true,
    );
    void work.then(resolve, reject).then(cancel);
  });
