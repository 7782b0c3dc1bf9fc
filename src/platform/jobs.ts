import { withDeadline } from '../shared/deadline.js';
import type { Leases } from './leases.js';
import type { Logger } from './logger.js';

/** A round that takes longer is given up, in milliseconds: what it waits for may have been lost. */
const ROUND_LIMIT_MS = 60_000;

/** A lease lasts for so many rounds, and no less than {@link MIN_LEASE_MS}. */
const LEASE_ROUNDS = 2;
const MIN_LEASE_MS = 10_000;

/** Work that a module wants done again and again while the node runs. */
export interface Job {
  /** Unique among the jobs; a lease of {@link Leases} carries it. */
  name: string;
  /** From the start of one round to that of the next, in milliseconds. */
  everyMs: number;
  run(): Promise<unknown>;
  /** Runs on one node of the cluster at a time; absent: on every node. */
  isOncePerCluster?: true;
}

/** Runs regular work on this node. */
export class Jobs {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly logger: Logger,
    private readonly leases: Pick<Leases, 'hold' | 'release'>,
    /** Told why a round has failed. */
    private readonly onFailure: (error: unknown) => void = () => undefined,
  ) {}

  /** Runs the jobs from now on. */
  start(jobs: readonly Job[]): void {
    for (const { name, everyMs, run, isOncePerCluster } of jobs) {
      if (isOncePerCluster) this.everyOnce(name, everyMs, run);
      else this.every(name, everyMs, run);
    }
  }

  /**
   * Runs the work every `intervalMs` milliseconds, never twice at the same time. A failure, or a round
   * of over a minute, is logged, and the next round tries again.
   */
  every(name: string, intervalMs: number, work: () => Promise<unknown>): void {
    let isRunning = false;
    const timer = setInterval(() => {
      if (isRunning) return;
      isRunning = true;
      const round: Promise<void> = withDeadline(work(), ROUND_LIMIT_MS)
        .then(() => undefined)
        .catch((error: unknown) => {
          this.logger.warn({ err: error, job: name }, 'a regular job failed');
          this.onFailure(error);
        })
        .finally(() => {
          isRunning = false;
          this.running.delete(round);
        });
      this.running.add(round);
    }, intervalMs);
    timer.unref();
    this.timers.add(timer);
  }

  /**
   * As {@link every}, on one node of all: the others wait until it has not renewed its lease for two
   * rounds, or has released it.
   */
  everyOnce(name: string, intervalMs: number, work: () => Promise<unknown>): void {
    const lengthMs = Math.max(LEASE_ROUNDS * intervalMs, MIN_LEASE_MS);
    this.every(name, intervalMs, async () => {
      if (!(await this.leases.hold(name, lengthMs))) return;
      // A round may take longer than the lease.
      const renewal = setInterval(() => {
        void this.leases.hold(name, lengthMs).catch(() => false);
      }, lengthMs / 3);
      try {
        await work();
      } finally {
        clearInterval(renewal);
      }
    });
  }

  /** Stops all jobs; resolves when the rounds under way have ended, and others may take over. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.running);
    await this.leases.release().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'leases were not given back, and end by themselves');
    });
  }
}
