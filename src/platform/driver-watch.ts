import type { MongoClient } from 'mongodb';
import type { Logger } from './logger.js';

/** The part of the driver's client that is watched. */
export type WatchedClient = Pick<MongoClient, 'on' | 'off' | 'close' | 'connect'>;

/** How long the driver's work may take at most, in milliseconds. */
export interface DriverLimits {
  /** From the start of a heartbeat to its end; one that waits for news takes `awaitMs` longer. */
  heartbeatMs: number;
  awaitMs: number;
  /** From taking a connection out of the pool to bringing it back. */
  operationMs: number;
  /** Operations that may be lost before the pool is given up. */
  lostOperations: number;
}

/** How often is looked, in milliseconds. */
const LOOK_EVERY_MS = 1000;
/** Looks in a row at which work must be overdue: one may come late after the process itself was suspended. */
const PATIENCE = 2;

/**
 * Starts the driver anew when it waits for what cannot come any more.
 *
 * The driver writes to its socket and then waits for it to drain, or for an error. A socket that the
 * other side closes just before the write does neither, and its timeout is gone with it. When that
 * happens to the monitor, the driver never again learns that the server is back; when it happens to an
 * operation, the pool has lost a connection. Both are seen in the driver's public events: something has
 * begun and has not ended long after its own deadline. Closing and connecting the client again replaces
 * monitors and pool; models and collections stay valid.
 */
export class DriverWatch {
  private readonly heartbeats = new Map<string, number>();
  private readonly operations = new Map<string, number>();
  private overdueLooks = 0;
  private restarting: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isRunning = false;

  constructor(
    private readonly client: WatchedClient,
    private readonly limits: DriverLimits,
    private readonly logger: Logger,
    /** A clock that does not jump, in milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {
    client.on('serverHeartbeatStarted', ({ connectionId, awaited }) => {
      this.heartbeats.set(connectionId, this.now() + (awaited ? limits.awaitMs : 0));
    });
    const endHeartbeat = ({ connectionId }: { connectionId: string }) => {
      this.heartbeats.delete(connectionId);
    };
    client.on('serverHeartbeatSucceeded', endHeartbeat);
    client.on('serverHeartbeatFailed', endHeartbeat);
    client.on('serverClosed', ({ address }) => {
      this.heartbeats.delete(address);
    });
    client.on('connectionCheckedOut', ({ address, connectionId }) => {
      this.operations.set(`${address} ${connectionId}`, this.now());
    });
    const endOperation = ({
      address,
      connectionId,
    }: {
      address: string;
      connectionId: unknown;
    }) => {
      this.operations.delete(`${address} ${String(connectionId)}`);
    };
    client.on('connectionCheckedIn', endOperation);
    client.on('connectionClosed', endOperation);
  }

  /** Begins to look. */
  start(): void {
    this.isRunning = true;
    this.timer = setInterval(() => {
      this.look();
    }, LOOK_EVERY_MS);
    this.timer.unref();
  }

  /** Ends; resolves when no restart is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.isRunning = false;
    await this.restarting;
  }

  /** Restarts the driver when work is overdue for the second time in a row. */
  look(): void {
    if (this.restarting) return;
    this.overdueLooks = this.isOverdue() ? this.overdueLooks + 1 : 0;
    if (this.overdueLooks < PATIENCE) return;
    this.overdueLooks = 0;
    this.logger.warn(
      { heartbeats: this.heartbeats.size, operations: this.operations.size },
      'the database driver waits for ever; starting it anew',
    );
    this.restarting = this.restart()
      .catch((error: unknown) => {
        this.logger.error({ err: error }, 'the database driver could not be closed');
      })
      .finally(() => {
        this.restarting = undefined;
      });
  }

  private isOverdue(): boolean {
    const { heartbeatMs, operationMs, lostOperations } = this.limits;
    const olderThan = (ms: number, begun: Map<string, number>) =>
      [...begun.values()].filter((since) => this.now() - since > ms).length;
    return (
      olderThan(heartbeatMs, this.heartbeats) > 0 ||
      olderThan(operationMs, this.operations) >= lostOperations
    );
  }

  /** Tries until the server is there again: between the attempts nobody else would. */
  private async restart(): Promise<void> {
    this.heartbeats.clear();
    this.operations.clear();
    await this.client.close();
    while (this.isRunning && !(await this.connect())) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  private async connect(): Promise<boolean> {
    try {
      await this.client.connect();
      return true;
    } catch (error) {
      this.logger.debug({ err: error }, 'the database driver is not connected yet');
      return false;
    }
  }
}
