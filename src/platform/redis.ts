import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import type { Logger } from './logger.js';

/** What a client is for decides how long it may wait; each purpose has a client of its own. */
export type RedisPurpose = 'publish' | 'subscribe' | 'limits' | 'presence';

/** Redis is a help, not a need: every command fails fast, and no queue grows while it is away. */
const FAIL_FAST: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 500,
};

const OPTIONS: Record<RedisPurpose, RedisOptions> = {
  publish: FAIL_FAST,
  // A subscriber must queue: without the offline queue its first SUBSCRIBE fails the start.
  subscribe: { maxRetriesPerRequest: null },
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

  /** The client for a purpose; connecting goes on in the background, for ever. */
  client(purpose: RedisPurpose): Redis {
    const existing = this.clients.get(purpose);
    if (existing) return existing;
    const client = new Redis(this.url, {
      ...OPTIONS[purpose],
      connectTimeout: 1000,
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
    const client = this.clients.get('publish');
    if (!client) return;
    this.isAnswering = await client.ping().then(
      () => true,
      () => false,
    );
  }
}
