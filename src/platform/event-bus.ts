import type { Logger } from './logger.js';

/** Maps the name of a domain event to its payload. Payloads are plain JSON, so that nodes can share them. */
export type EventMap = object;

/**
 * The order in which one event is worked on:
 *
 * - `state`: what the node remembers (caches, positions) is updated, so that later phases do not read old values;
 * - `sockets`: sockets join and leave channels, or are closed;
 * - `deliver`: the event is sent to clients;
 * - `effects`: what else follows, such as further writes.
 *
 * Within a phase the order is not defined, and nothing may depend on it.
 */
export const PHASES = ['state', 'sockets', 'deliver', 'effects'] as const;
export type Phase = (typeof PHASES)[number];

/** Who receives an event: every node of the cluster, or only the node that emits it. */
export type Scope = 'cluster' | 'node';

/**
 * What is done about an event.
 *
 * `on: 'every-node'` runs on every node that receives the event. `on: 'origin'` runs once in the cluster, on the node
 * that has emitted the event with the scope `cluster`: an event of the scope `node` reports what one node
 * has learned or does, and each node may report the same.
 *
 * A phase does not wait for promises: what later phases depend on has to be done when `run` returns.
 */
export type Subscription<Events extends EventMap> = {
  [K in keyof Events & string]: {
    event: K;
    phase: Phase;
    on: 'origin' | 'every-node';
    /** What it does, in a few words: for the log and for `docs/events.md`. */
    does: string;
    run(event: Events[K]): void | Promise<void>;
  };
}[keyof Events & string];

/** A subscription once the type of its event no longer matters. */
interface Registered {
  phase: Phase;
  on: 'origin' | 'every-node';
  does: string;
  run(event: unknown): void | Promise<void>;
}

/** Receives every event that concerns the cluster, to carry it to the other nodes. */
export type Forwarder = (type: string, event: unknown) => void;

/** What a service needs of the bus: to say that something has happened, after the write has resolved. */
export interface Publisher<Events extends EventMap> {
  emit<K extends keyof Events & string>(type: K, event: Events[K], to: { scope: Scope }): void;
}

/**
 * Domain events of a node, and of the cluster when a forwarder connects the nodes.
 *
 * Emitting never throws and never waits: a failing subscription is logged, the others run, and the write
 * that the event reports is not undone.
 */
export class EventBus<Events extends EventMap> implements Publisher<Events> {
  private readonly registered = new Map<string, Registered[]>();
  private forwarder: Forwarder | undefined;

  constructor(private readonly logger: Logger) {}

  /** Adds subscriptions. They run in the order of their phases, in whatever order they are added. */
  subscribe(subscriptions: readonly Subscription<Events>[]): void {
    for (const { event, phase, on, does, run } of subscriptions) {
      const others = this.registered.get(event) ?? [];
      const added = { phase, on, does, run: run as Registered['run'] };
      this.registered.set(event, [...others, added].sort(byPhase));
    }
  }

  /** Says that something has happened: here, and with the scope `cluster` to the other nodes too. */
  emit<K extends keyof Events & string>(
    type: K,
    event: Events[K],
    { scope }: { scope: Scope },
  ): void {
    this.run(type, event, scope === 'cluster');
    if (scope === 'cluster') this.forwarder?.(type, event);
  }

  /** Takes in an event that another node has emitted; for the connection between the nodes. */
  receiveFromCluster(type: string, event: unknown): void {
    this.run(type, event, false);
  }

  /** Sets who carries events to the other nodes. */
  forwardTo(forwarder: Forwarder): void {
    this.forwarder = forwarder;
  }

  private run(type: string, event: unknown, isOrigin: boolean): void {
    for (const { on, does, run } of this.registered.get(type) ?? []) {
      if (on === 'origin' && !isOrigin) continue;
      try {
        const result = run(event);
        if (result instanceof Promise) {
          result.catch((error: unknown) => {
            this.report(type, does, error);
          });
        }
      } catch (error) {
        this.report(type, does, error);
      }
    }
  }

  private report(type: string, does: string, error: unknown): void {
    this.logger.error({ err: error, event: type, does }, 'a domain event handler failed');
  }
}

const byPhase = (a: Registered, b: Registered): number =>
  PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase);
