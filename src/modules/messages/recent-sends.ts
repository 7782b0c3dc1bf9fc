import { LRUCache } from 'lru-cache';
import type { Sent } from './send-message.types.js';

/** A send that is under way, or was not long ago. */
export interface RecentSend {
  fingerprint: string;
  sent: Promise<Sent>;
}

/** How long a node remembers a send, and how many. */
const KEPT = { max: 50_000, ttl: 60_000 };
/** How often what is older is dropped (ms): the cache itself would keep it until it is full. */
const FORGET_EVERY_MS = 10_000;

/** What this node has sent in the last minute, or is sending, so that a retry need not ask the database. */
export class RecentSends {
  private readonly sends = new LRUCache<string, RecentSend>(KEPT);
  private forgotAt = performance.now();

  /** The send under a key, if it is remembered. */
  get(key: string): RecentSend | undefined {
    return this.sends.get(key);
  }

  /** Remembers a send from now on; one that fails is forgotten, so that it can be tried again. */
  add(key: string, send: RecentSend): void {
    this.sends.set(key, send);
    send.sent.catch(() => this.sends.delete(key));
    this.forgetOld();
  }

  private forgetOld(): void {
    const now = performance.now();
    if (now - this.forgotAt < FORGET_EVERY_MS) return;
    this.forgotAt = now;
    this.sends.purgeStale();
  }
}
