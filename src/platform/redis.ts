import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import type { Logger } from './logger.js';

/** What a client is for decides how long it may wait; each purpose has a client of its own. */
export type RedisPurpose = 'publish' | 'subscribe' | 'limits' | 'presence';

/**
 * How long a connection may owe an answer before it is made anew, in milliseconds. A command that is given
 * up still waits in the client's queue, and its bytes in the socket's; and a host that has vanished without
 * notice would otherwise get commands until TCP gives up, a quarter of an hour later, although another one
 * may have taken its place.
 */
const SILENCE_MS = 2000;
/** The same for the subscriber, which loses what comes while it connects anew. */
const SUBSCRIBER_SILENCE_MS = 5000;

/** Redis is a help, not a need: every command fails fast, and no queue grows while it is away. */
const FAIL_FAST: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 500,
  socketTimeout: SILENCE_MS,
};

/**
 * How long a connection may take to end when the process shuts down, in milliseconds. The client keeps the
 * process alive for this long also where its connection has gone already.
 */
const DISCONNECT_MS = 200;

const OPTIONS: Record<RedisPurpose, RedisOptions> = {
  publish: FAIL_FAST,
  // A subscriber must queue: without the offline queue its first SUBSCRIBE fails the start.
  subscribe: { maxRetriesPerRequest: null, socketTimeout: SUBSCRIBER_SILENCE_MS },
  limits: { ...FAIL_FAST, commandTimeout: 300 },
  presence: FAIL_FAST,
};

/** How often Redis is asked whether it still answers, in milliseconds. */
const PROBE_MS = 1000;

/** The process's Redis clients, made one by one and closed together. */
export class RedisClients {
  private readonly clients = new Map<RedisPurpose, Redis>();
  private readonly probe: NodeJS.Timeout;
  private isAnswering = true;

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
  ) {
    this.probe = setInterval(() => {
      void this.ask();
    }, PROBE_MS);
    this.probe.unref();
  }

  /** The client for a purpose; it connects in the background and tries for ever. */
  client(purpose: RedisPurpose): Redis {
    const existing = this.clients.get(purpose);
    if (existing) return existing;
    const client = new Redis(this.url, {
      ...OPTIONS[purpose],
      connectTimeout: 1000,
      disconnectTimeout: DISCONNECT_MS,
      retryStrategy: (attempt) => Math.min(attempt * 100, 1000),
    });
    // Without a listener, ioredis would print every failed attempt to reconnect.
    client.on('error', (error: Error) => {
      this.logger.debug({ err: error, purpose }, 'Redis client error');
    });
    client.on('ready', () => {
      this.logger.info({ purpose }, 'Redis connected');
    });
    this.clients.set(purpose, client);
    return client;
  }

  /** Whether every client made so far is connected, and Redis has answered when it was last asked. */
  isConnected(): boolean {
    return (
      this.isAnswering && [...this.clients.values()].every((client) => client.status === 'ready')
    );
  }

  /** Ends all connections. */
  close(): void {
    clearInterval(this.probe);
    for (const client of this.clients.values()) client.disconnect();
  }

  /** A Redis that is frozen keeps its connections open; only asking shows it. */
  private async ask(): Promise<void> {
    const subscriber = this.clients.get('subscribe');
    // It asks for nothing by itself, so it would never miss an answer.
    if (subscriber?.status === 'ready') subscriber.ping().catch(() => undefined);
    const client = this.clients.get('publish');
    if (!client) return;
    this.isAnswering = await client.ping().then(
      () => true,
      () => false,
    );
  }
}
