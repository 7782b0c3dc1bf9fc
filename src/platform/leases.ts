import { randomUUID } from 'node:crypto';
import type { Connection, Model } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import type { Clock } from '../shared/clock.js';
import { isDuplicateKey } from './driver-error.js';

/** Who of all nodes does a piece of work at present. */
interface Lease {
  /** Name of the work. */
  _id: string;
  /** The node; one that has died holds on until the end. */
  holder: string;
  /** Until when, unless the holder renews it. */
  until: Date;
}

const leaseSchema = new Schema<Lease>(
  {
    _id: { type: String, required: true },
    holder: { type: String, required: true },
    until: { type: Date, required: true },
  },
  { collection: 'leases', versionKey: false },
);

/** Registers the collection of leases on a connection. */
export const defineLeaseModels = (connection: Connection): void => {
  connection.model<Lease>('Lease', leaseSchema);
};

/**
 * Decides which node does what needs to be done once over all nodes. A node that holds a lease keeps it
 * by asking again in time; when it dies, another gets the lease after its end. Nodes whose clocks
 * differ by more than a lease may overlap for a moment: a lease saves work, it does not make work that
 * may not happen twice safe.
 */
export class Leases {
  private readonly leases: Model<Lease>;
  private readonly holder = randomUUID();
  /** What this node knows of each lease. */
  private readonly known = new Map<string, { isMine: boolean; until: number }>();

  /** @param connection has the model of `defineLeaseModels`. */
  constructor(
    connection: Connection,
    private readonly clock: Clock,
  ) {
    this.leases = connection.model<Lease>('Lease');
  }

  /**
   * Whether this node holds the lease now; takes it when nobody does.
   *
   * @param lengthMs how long the holder may be silent before another node takes over.
   */
  async hold(name: string, lengthMs: number): Promise<boolean> {
    const now = this.clock.now();
    const known = this.known.get(name);
    // Renewed at half-time, so that most rounds ask nobody; left to others until its end.
    const left = (known?.until ?? 0) - now;
    // More than a lease is left only when the clock has been put back meanwhile.
    const isCertain = known !== undefined && left <= lengthMs;
    if (isCertain && known.isMine && left > lengthMs / 2) return true;
    if (isCertain && !known.isMine && left > 0) return false;
    const until = now + lengthMs;
    const isMine = await this.take(name, new Date(now), new Date(until));
    this.known.set(name, { isMine, until: isMine ? until : await this.endOf(name, until) });
    return isMine;
  }

  /** Gives back what this node holds, so that others need not wait. */
  async release(): Promise<void> {
    this.known.clear();
    await this.leases.deleteMany({ holder: this.holder });
  }

  private async take(name: string, now: Date, until: Date): Promise<boolean> {
    try {
      await this.leases.updateOne(
        { _id: name, $or: [{ holder: this.holder }, { until: trusted({ $lte: now }) }] },
        { $set: { holder: this.holder, until } },
        { upsert: true },
      );
      return true;
    } catch (error) {
      // There is one, and it is another node's.
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  private async endOf(name: string, otherwise: number): Promise<number> {
    const lease = await this.leases.findById(name, { until: 1 }).lean();
    return lease?.until.getTime() ?? otherwise;
  }
}
