import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { AppError } from '../shared/errors.js';
import { jittered } from '../shared/jitter.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

/**
 * How busy the process is: `strained` gives up what nobody will miss, `overloaded` also refuses new
 * work that costs much.
 */
export const LOAD_LEVELS = ['normal', 'strained', 'overloaded'] as const;
export type LoadLevel = (typeof LOAD_LEVELS)[number];

/**
 * What is given up when the process is busy: `signals` (typing and the like) when it is strained, `work`
 * (sends, searches, uploads, catching up) when it is overloaded.
 */
export type Sheddable = 'signals' | 'work';

/** Measures how long the event loop keeps others waiting. */
export interface LagSource {
  /** The mean delay since the last call, in milliseconds. */
  read(): number;
  /** Ends measuring. */
  close(): void;
}

/** What watching is built from. */
export interface LoadMonitorParts {
  source: LagSource;
  /** Mean delay in milliseconds from which on the process is overloaded, and strained from half of it; 0 for never. */
  lagMs: number;
  logger: Logger;
  metrics: Metrics;
  /** Numbers from 0 to 1, for jitter. */
  random?: () => number;
}

/** How often the delay is looked at, in milliseconds: long enough for one pause not to count. */
const SAMPLE_MS = 500;
/** The process counts as recovered below this part of the delay that made it busy, so as not to flutter. */
const RECOVERY = 0.5;
/** Seconds after which refused work may be tried again, from … to. */
const RETRY = [1, 4] as const;

/**
 * Watches how far the event loop lags behind, and says what to give up. A process that takes on more
 * than it can do serves nobody: everything waits in one queue. What has been accepted is always done
 * and acknowledged, and the health endpoints always answer.
 */
export class LoadMonitor {
  private current: LoadLevel = 'normal';
  private lastLag = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly random: () => number;

  constructor(private readonly parts: LoadMonitorParts) {
    this.random = parts.random ?? Math.random;
  }

  /** How busy the process is. */
  get level(): LoadLevel {
    return this.current;
  }

  /** The mean delay of the event loop over the last moment, in milliseconds. */
  get lagMs(): number {
    return this.lastLag;
  }

  /** Begins to watch. */
  start(): void {
    this.timer = setInterval(() => {
      this.sample();
    }, SAMPLE_MS);
    this.timer.unref();
  }

  /** Ends watching. */
  stop(): void {
    clearInterval(this.timer);
    this.parts.source.close();
  }

  /** Looks once. */
  sample(): void {
    const { logger, metrics, source } = this.parts;
    this.lastLag = source.read();
    const level = this.levelAt(this.lastLag);
    metrics.loadLevel.set(LOAD_LEVELS.indexOf(level));
    if (level === this.current) return;
    logger.warn({ from: this.current, to: level, lagMs: Math.round(this.lastLag) }, 'load changed');
    this.current = level;
  }

  /** Whether something is given up now. */
  isShedding(what: Sheddable): boolean {
    return this.current === 'overloaded' || (this.current === 'strained' && what === 'signals');
  }

  /**
   * Lets work in, or refuses it.
   *
   * @throws {AppError} UNAVAILABLE, with a time after which to try again, while it is given up.
   */
  admit(what: Sheddable): void {
    if (!this.isShedding(what)) return;
    this.parts.metrics.shed.inc({ what });
    throw new AppError('UNAVAILABLE', 'The server is very busy; try again', {
      retryAfter: Math.ceil(jittered(...RETRY, this.random)),
    });
  }

  private levelAt(lag: number): LoadLevel {
    const limit = this.parts.lagMs;
    if (limit === 0) return 'normal';
    const isOver = (bound: number, level: LoadLevel) =>
      lag >=
      (LOAD_LEVELS.indexOf(this.current) >= LOAD_LEVELS.indexOf(level) ? bound * RECOVERY : bound);
    if (isOver(limit, 'overloaded')) return 'overloaded';
    return isOver(limit / 2, 'strained') ? 'strained' : 'normal';
  }
}

/** Milliseconds between two looks of the source at the event loop. */
const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/** The delay of this process' event loop. */
export const eventLoopLag = (): LagSource => {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let readAt = performance.now();
  return {
    read: () => {
      const now = performance.now();
      // A loop that was blocked all the time has measured nothing.
      const mean = histogram.count > 0 ? histogram.mean / NS_PER_MS : now - readAt;
      histogram.reset();
      readAt = now;
      return Math.max(0, mean - RESOLUTION_MS);
    },
    close: () => {
      histogram.disable();
    },
  };
};
