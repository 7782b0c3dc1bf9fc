import { ipKeyGenerator } from 'express-rate-limit';

/** Gives a place back; further calls do nothing. */
export type Release = () => void;

/** An IPv6 client owns its whole /64; counting single addresses would let it rotate through them. */
const IPV6_SUBNET = 64;

/** What an address counts as: itself, or its /64. */
export const addressKey = (address: string): string => ipKeyGenerator(address, IPV6_SUBNET);

/** Counts by key, up to a limit for each; 0 for none. */
export class Tally {
  private readonly counts = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** Counts one in, and answers how to count it out; undefined when the limit is reached. */
  take(key: string): Release | undefined {
    if (this.limit === 0) return () => undefined;
    const count = this.counts.get(key) ?? 0;
    if (count >= this.limit) return undefined;
    this.counts.set(key, count + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = this.counts.get(key)! - 1;
      if (left > 0) this.counts.set(key, left);
      else this.counts.delete(key);
    };
  }
}
