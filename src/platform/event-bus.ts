import type { Logger } from './logger.js';

/** Maps the name of a domain event to its payload. Payloads are plain JSON, so that nodes can share them. */
export type EventMap = object;

type Handler<T> = (event: T) => void | Promise<void>;

/** Receives every event published on this node, to carry it to the others. */
export type Forwarder = (type: string, event: unknown) => void;

/** What a service needs of the bus: to say that something has happened, after the write has resolved. */
export interface Publisher<Events extends EventMap> {
  publish<K extends keyof Events & string>(type: K, event: Events[K]): void;
}

/**
 * In-process domain events. A handler either runs on the node where the event happened (`on`), or on
 * every node of the cluster (`onEveryNode`), when a forwarder connects them.
 *
 * Publishing never throws and never waits: a failing handler is logged, and the write that the event
 * reports stands.
 */
export class EventBus<Events extends EventMap> implements Publisher<Events> {
  private readonly originHandlers = new Map<string, Handler<never>[]>();
  private readonly nodeHandlers = new Map<string, Handler<never>[]>();
  private forwarder: Forwarder | undefined;

  constructor(private readonly logger: Logger) {}

  /** Runs the handler for events that happened on this node. */
  on<K extends keyof Events & string>(type: K, handler: Handler<Events[K]>): void {
    add(this.originHandlers, type, handler);
  }

  /** Runs the handler on every node, for events of any node. */
  onEveryNode<K extends keyof Events & string>(type: K, handler: Handler<Events[K]>): void {
    add(this.nodeHandlers, type, handler);
  }

  /** Says that something has happened, here and to the other nodes. */
  publish<K extends keyof Events & string>(type: K, event: Events[K]): void {
    this.run(this.originHandlers, type, event);
    this.run(this.nodeHandlers, type, event);
    this.forwarder?.(type, event);
  }

  /** Takes in an event that another node has published. */
  receive(type: string, event: unknown): void {
    this.run(this.nodeHandlers, type, event);
  }

  /** Sets who carries events to the other nodes. */
  forwardTo(forwarder: Forwarder): void {
    this.forwarder = forwarder;
  }

  private run(handlers: Map<string, Handler<never>[]>, type: string, event: unknown): void {
    for (const handler of handlers.get(type) ?? []) {
      try {
        const result = handler(event as never);
        if (result instanceof Promise) result.catch((error: unknown) => this.report(type, error));
      } catch (error) {
        this.report(type, error);
      }
    }
  }

  private report(type: string, error: unknown): void {
    this.logger.error({ err: error, event: type }, 'a domain event handler failed');
  }
}

const add = <T>(
  handlers: Map<string, Handler<never>[]>,
  type: string,
  handler: Handler<T>,
): void => {
  const list = handlers.get(type) ?? [];
  list.push(handler as Handler<never>);
  handlers.set(type, list);
};
