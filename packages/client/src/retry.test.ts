import { describe, expect, it } from '@jest/globals';
import { FakeTimers, nextTurn } from '../test/fake-timers.js';
import { Retry } from './retry.js';

/** Timers with the jitter of the test's choice, and the pauses that were asked for. */
class RecordingTimers extends FakeTimers {
  readonly pauses: number[] = [];
  jitter = 1;

  override random(): number {
    return this.jitter;
  }

  override after(ms: number, run: () => void): () => void {
    this.pauses.push(ms);
    return super.after(ms, run);
  }
}

const setUp = () => {
  const timers = new RecordingTimers();
  const retry = new Retry(timers);
  const runs: number[] = [];
  const later = (retryAfter?: number) => {
    retry.later(() => runs.push(timers.now()), retryAfter);
  };
  return { timers, retry, runs, later };
};

describe('a retry', () => {
  it('pauses twice as long each time, up to half a minute', async () => {
    const { later, runs, timers } = setUp();
    for (let n = 0; n < 9; n += 1) {
      later();
      await timers.advance(60_000);
    }
    expect(timers.pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(runs).toHaveLength(9);
  });

  it.each([
    [0, [250, 500, 1000]],
    [0.5, [375, 750, 1500]],
    [1, [500, 1000, 2000]],
  ])('spreads the clients over half of the pause: %d', (jitter, pauses) => {
    const { later, timers } = setUp();
    timers.jitter = jitter;
    for (const pause of pauses) {
      later();
      expect(timers.pauses.at(-1)).toBe(pause);
    }
  });

  it('pauses besides for as long as the server wants', () => {
    const { later, timers } = setUp();
    later(3);
    later(3);
    expect(timers.pauses).toEqual([3500, 4000]);
  });

  it('begins with the shortest pause again after a success', () => {
    const { later, retry, timers } = setUp();
    later();
    later();
    expect(retry.isFirst).toBe(false);
    retry.reset();
    expect(retry.isFirst).toBe(true);
    later();
    expect(timers.pauses).toEqual([500, 1000, 500]);
  });

  it('counts an attempt that is made at once', () => {
    const { later, retry, timers } = setUp();
    retry.count();
    expect(retry.isFirst).toBe(false);
    later();
    expect(timers.pauses).toEqual([1000]);
  });

  it('runs nothing when it is stopped', async () => {
    const { later, retry, runs, timers } = setUp();
    expect(retry.stop()).toBe(false);
    later();
    expect([retry.stop(), retry.stop()]).toEqual([true, false]);
    await timers.advance(60_000);
    expect(runs).toEqual([]);
  });

  it('runs once when it is told twice', async () => {
    const { later, retry, runs, timers } = setUp();
    later();
    later();
    await timers.advance(60_000);
    expect([runs, retry.stop()]).toEqual([[1000], false]);
  });

  it.each(['over', 'stopped'])('lets go on who waits for a pause when it is %s', async (end) => {
    const { retry, timers } = setUp();
    let isOver = false;
    void retry.pause(1).then(() => {
      isOver = true;
    });
    await timers.advance(1499);
    expect(isOver).toBe(false);
    if (end === 'over') await timers.advance(1);
    else retry.stop();
    await nextTurn();
    expect(isOver).toBe(true);
    expect(retry.stop()).toBe(false);
  });
});
