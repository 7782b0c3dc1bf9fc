import { setTimeout as delay } from 'node:timers/promises';
import type { ServerProcess } from './server-process.js';
import { Refusal } from './target.js';
import type { Peer } from './target.js';

/** What a load has shown; times in milliseconds. */
export interface LoadResult {
  sent: number;
  acknowledged: number;
  refused: number;
  /** How long each refusal took, by its code; `none` where there was no answer at all. */
  refusals: Map<string, number[]>;
  delivered: number;
  ackP50: number;
  ackP99: number;
  deliverP50: number;
  deliverP99: number;
  /** Processor time of the server per delivered message, in microseconds. */
  cpuPerDelivery: number;
  seconds: number;
}

/** What to send: who sends, who must hear each message, how many a second, how long. */
export interface Load {
  server: ServerProcess;
  senders: Peer[];
  /** How many clients hear each message. */
  audience: number;
  perSecond: number;
  seconds: number;
  /** How long answers may still arrive after the last message was sent, in milliseconds. */
  graceMs?: number;
}

const TICK_MS = 2;
/** How long answers may still arrive after the last message was sent, unless told. */
const GRACE_MS = 3000;
const FILLER =
  'a message as people write them, of about one hundred characters, give or take a few';

/** The value below which the part `p` of the values lies. */
export const percentile = (values: number[], p: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
};

/** Remembers when each message was due, and how long after it was heard. */
export class Stopwatch {
  private run = 0;
  private due: number[] = [];
  readonly delays: number[] = [];

  /** Starts anew; messages of an earlier load are no longer counted. */
  reset(): void {
    this.run += 1;
    this.due = [];
    this.delays.length = 0;
  }

  text(index: number, dueAt: number): string {
    this.due[index] = dueAt;
    return `${this.run} ${index} ${FILLER}`;
  }

  hear(content: string): void {
    const [run, index] = content.split(' ', 2).map(Number) as [number, number];
    const dueAt = this.due[index];
    if (run === this.run && dueAt !== undefined) this.delays.push(performance.now() - dueAt);
  }
}

/**
 * Sends at a fixed rate, whether or not the server keeps up, and counts times from when a message was
 * due: a server that falls behind cannot hide it.
 */
export const applyLoad = async (load: Load, stopwatch: Stopwatch): Promise<LoadResult> => {
  const { server, senders, audience, perSecond, seconds } = load;
  const total = Math.round(perSecond * seconds);
  const acks: number[] = [];
  const refusals = new Map<string, number[]>();
  let refused = 0;
  let sent = 0;
  stopwatch.reset();
  const cpuBefore = await server.cpuMs();
  const start = performance.now();
  while (sent < total) {
    const elapsed = performance.now() - start;
    const dueCount = Math.min(total, Math.floor((elapsed / 1000) * perSecond));
    for (; sent < dueCount; sent++) {
      const dueAt = start + (sent / perSecond) * 1000;
      senders[sent % senders.length]!.send(stopwatch.text(sent, dueAt)).then(
        () => acks.push(performance.now() - dueAt),
        (error: unknown) => {
          refused += 1;
          const code = error instanceof Refusal ? error.code : 'none';
          const times = refusals.get(code) ?? [];
          times.push(performance.now() - dueAt);
          refusals.set(code, times);
        },
      );
    }
    await delay(TICK_MS);
  }
  const expected = total * audience;
  const lastCall = performance.now() + (load.graceMs ?? GRACE_MS);
  const isDone = () => acks.length + refused >= total && stopwatch.delays.length >= expected;
  while (!isDone() && performance.now() < lastCall) await delay(TICK_MS);
  const cpuMs = (await server.cpuMs()) - cpuBefore;
  const delivered = stopwatch.delays.length;
  return {
    sent,
    acknowledged: acks.length,
    refused,
    refusals,
    delivered,
    ackP50: percentile(acks, 0.5),
    ackP99: percentile(acks, 0.99),
    deliverP50: percentile(stopwatch.delays, 0.5),
    deliverP99: percentile(stopwatch.delays, 0.99),
    cpuPerDelivery: (cpuMs * 1000) / Math.max(delivered, 1),
    seconds: (performance.now() - start) / 1000,
  };
};
