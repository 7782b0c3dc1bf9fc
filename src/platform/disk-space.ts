import type { AppError } from '../shared/errors.js';
import { isOutOfSpace } from './driver-error.js';
import type { Logger } from './logger.js';

/** The places that can be full: the database's, and that of uploads. */
export const DISKS = ['databaseDisk', 'mediaDisk'] as const;
export type Disk = (typeof DISKS)[number];

const PROBE_EVERY_MS = 2000;

/**
 * Knows which disks are full. The first write that finds no room says so; from then on a probe asks again and
 * again, so that the disk counts as usable as soon as there is room, also when nobody writes.
 */
export class DiskSpace {
  private readonly probing = new Map<Disk, NodeJS.Timeout>();
  private readonly underWay = new Set<Promise<void>>();
  private isStopped = false;

  constructor(
    private readonly deps: {
      /** Writes something of a fair size and removes it again; rejects while there is no room. */
      probes: Record<Disk, () => Promise<void>>;
      logger: Logger;
      /** Milliseconds between two probes of a disk that was full. */
      probeEveryMs?: number;
    },
  ) {}

  /** Whether there is room, as far as is known. */
  hasRoom(disk: Disk): boolean {
    return !this.probing.has(disk);
  }

  /** Looks at an error that a client gets: one for lack of room marks its disk as full. */
  note(error: AppError): void {
    // Without a time it is a user's quota.
    if (error.code !== 'INSUFFICIENT_STORAGE' || error.retryAfter === undefined) return;
    const disk = isOutOfSpace(error.cause) ? 'databaseDisk' : 'mediaDisk';
    if (this.isStopped || this.probing.has(disk)) return;
    const { logger } = this.deps;
    logger.error({ component: disk, reason: String(error.cause) }, 'the disk is full');
    this.probeLater(disk);
  }

  /** Ends probing; resolves when no probe is under way. */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.probing.values()) clearTimeout(timer);
    await Promise.all(this.underWay);
  }

  private probeLater(disk: Disk): void {
    const timer = setTimeout(() => {
      const probe = this.probe(disk).finally(() => this.underWay.delete(probe));
      this.underWay.add(probe);
    }, this.deps.probeEveryMs ?? PROBE_EVERY_MS);
    timer.unref();
    this.probing.set(disk, timer);
  }

  private async probe(disk: Disk): Promise<void> {
    const { probes, logger } = this.deps;
    try {
      await probes[disk]();
    } catch (error) {
      logger.debug({ component: disk, reason: String(error) }, 'the disk is still full');
      if (!this.isStopped) this.probeLater(disk);
      return;
    }
    this.probing.delete(disk);
    logger.info({ component: disk }, 'the disk has room again');
  }
}
