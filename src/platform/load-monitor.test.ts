import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../test/support/logger.js';
import type { LagSource } from './load-monitor.js';
import { LoadMonitor, eventLoopLag } from './load-monitor.js';
import { createMetrics } from './metrics.js';

/** A delay that the test sets. */
class FakeLag implements LagSource {
  ms = 0;
  isClosed = false;
  read(): number {
    return this.ms;
  }
  close(): void {
    this.isClosed = true;
  }
}

const setUp = (lagMs: number) => {
  const source = new FakeLag();
  const metrics = createMetrics();
  const logger = silentLogger();
  const monitor = new LoadMonitor({ source, lagMs, logger, metrics, random: () => 0 });
  const levelAt = (ms: number) => {
    source.ms = ms;
    monitor.sample();
    return monitor.level;
  };
  return { source, metrics, monitor, levelAt };
};
const refusalOf = (work: () => void): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('load monitor', () => {
  it('is strained at half the delay that it calls overload, and does not flutter', () => {
    const { levelAt } = setUp(400);
    const steps: [number, string][] = [
      [199, 'normal'],
      [200, 'strained'],
      [100, 'strained'],
      [399, 'strained'],
      [400, 'overloaded'],
      [200, 'overloaded'],
      [199, 'strained'],
      [399, 'strained'],
      [99, 'normal'],
      [1000, 'overloaded'],
      [50, 'normal'],
    ];
    expect(steps.map(([ms]) => [ms, levelAt(ms)])).toEqual(steps);
  });

  it('gives up signals first, then work, and says when to try again', async () => {
    const { levelAt, metrics, monitor } = setUp(400);
    const refusals = () => [
      refusalOf(() => {
        monitor.admit('signals');
      }),
      refusalOf(() => {
        monitor.admit('work');
      }),
    ];
    const unavailable = { code: 'UNAVAILABLE', retryAfter: 1 };
    expect(refusals()).toEqual([undefined, undefined]);
    levelAt(200);
    expect(refusals()).toEqual([expect.objectContaining(unavailable), undefined]);
    levelAt(400);
    expect(refusals()).toEqual([
      expect.objectContaining(unavailable),
      expect.objectContaining(unavailable),
    ]);
    expect((await metrics.shed.get()).values).toEqual([
      { labels: { what: 'signals' }, value: 2 },
      { labels: { what: 'work' }, value: 1 },
    ]);
    expect((await metrics.loadLevel.get()).values[0]?.value).toBe(2);
    levelAt(0);
    expect(refusals()).toEqual([undefined, undefined]);
  });

  it('is off at 0', () => {
    expect(setUp(0).levelAt(60_000)).toBe('normal');
  });

  it('lets go of its source', () => {
    const { monitor, source } = setUp(400);
    monitor.start();
    monitor.stop();
    expect(source.isClosed).toBe(true);
  });
});

describe('the event loop’s delay', () => {
  const hold = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };

  it('is at least what the loop was held up, also when it never came round', () => {
    const source = eventLoopLag();
    hold(150);
    expect(source.read()).toBeGreaterThanOrEqual(125);
    source.close();
  });
});
