/**
 * Counts what an operation asks of the database, of Redis and of the sockets: figures that no other load on the
 * machine changes. For `npm run bench -- commands` and the test that holds the figures.
 */
import type { Server as HttpServer } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { CommandStartedEvent } from 'mongodb';
import type { TestServer } from './server.js';

/** What operations have cost, as sums. */
export interface Counts {
  /** Commands to the database, by `command collection`; what a node repeats by itself is left out. */
  database: Record<string, number>;
  /** Commands to Redis; 0 without one. */
  redis: number;
  /** Writes to sockets of clients, each a call of the system. */
  socketWrites: number;
  /** Bytes in these writes. */
  socketBytes: number;
}

/** Nothing has been asked of the database for so long: an operation is over, with what it left to do later (ms). */
const QUIET_MS = 400;
/** What goes on for longer is no end of an operation (ms). */
const MAX_WAIT_MS = 15_000;
/** What a node repeats whatever is done: it reads the access-change feed, looks for broadcasts and renews leases. */
const OWN_WORK =
  /^(find (notices|broadcasts)|(update|find|findAndModify) leases|(endSessions|ping|hello) .*)$/;

/** A server's address with which its driver tells each command. */
export const monitored = (mongodbUri: string): string => {
  const uri = new URL(mongodbUri);
  uri.searchParams.set('monitorCommands', 'true');
  return uri.href;
};

/** Watches nodes that were started with `monitored` addresses. */
export class OperationCounter {
  private database = new Map<string, number>();
  private socketWrites = 0;
  private socketBytes = 0;
  private lastCommandAt = 0;

  private constructor(private readonly redis: Redis | undefined) {}

  /** @param redisUrl of the Redis of the nodes. */
  static async watch(nodes: TestServer[], redisUrl?: string): Promise<OperationCounter> {
    const redis = redisUrl === undefined ? undefined : new Redis(redisUrl);
    const counter = new OperationCounter(redis);
    for (const { app } of nodes) {
      app.connection.getClient().on('commandStarted', (event) => {
        counter.note(event as CommandStartedEvent);
      });
      counter.watchSockets(app.httpServer);
    }
    await redis?.ping();
    return counter;
  }

  /** What is done by `run` and, until nothing more is asked of the database, because of it. */
  async count(run: () => Promise<unknown>): Promise<Counts> {
    await this.quiet();
    this.database = new Map();
    this.socketWrites = 0;
    this.socketBytes = 0;
    const redisBefore = await this.redisCommands();
    await run();
    await this.quiet();
    return {
      database: Object.fromEntries([...this.database].sort(([, a], [, b]) => b - a)),
      // Asking for the number is a command itself.
      redis: Math.max(0, (await this.redisCommands()) - redisBefore - 1),
      socketWrites: this.socketWrites,
      socketBytes: this.socketBytes,
    };
  }

  close(): void {
    this.redis?.disconnect();
  }

  private note({ commandName, command }: CommandStartedEvent): void {
    const of = (command as Record<string, unknown>)[commandName];
    const collection = commandName === 'getMore' ? command.collection : of;
    const name = `${commandName} ${String(collection)}`;
    if (OWN_WORK.test(name)) return;
    this.database.set(name, (this.database.get(name) ?? 0) + 1);
    this.lastCommandAt = performance.now();
  }

  private watchSockets(httpServer: HttpServer): void {
    const note = (bytes: number): void => {
      this.socketWrites += 1;
      this.socketBytes += bytes;
    };
    httpServer.on('connection', (socket: NetSocket) => {
      let bytesBefore = 0;
      const writable = socket as unknown as Record<
        '_write' | '_writev',
        (...given: unknown[]) => void
      >;
      for (const name of ['_write', '_writev'] as const) {
        const original = writable[name];
        writable[name] = (...given) => {
          original.apply(socket, given);
          note(socket.bytesWritten - bytesBefore);
          bytesBefore = socket.bytesWritten;
        };
      }
    });
  }

  private async redisCommands(): Promise<number> {
    const info = await this.redis?.info('stats');
    return Number(/total_commands_processed:(\d+)/.exec(info ?? '')?.[1] ?? 0);
  }

  private async quiet(): Promise<void> {
    const giveUpAt = performance.now() + MAX_WAIT_MS;
    this.lastCommandAt = performance.now();
    while (performance.now() - this.lastCommandAt < QUIET_MS && performance.now() < giveUpAt) {
      await wait(QUIET_MS / 4);
    }
  }
}

/**
 * What a node gathers and writes a moment later, for all chats and people in one command: previews, delivered
 * positions, the search index. How many of these an operation sees depends on how long it takes.
 */
const GATHERED = /^(update (chats|memberships)|\w+ (searchblocks|searchpositions))$/;

/** Commands that operations have asked for themselves. */
export const ownCommands = ({ database }: Counts): number =>
  Object.entries(database).reduce(
    (sum, [name, count]) => (GATHERED.test(name) ? sum : sum + count),
    0,
  );

/** Commands to the database in all. */
export const databaseCommands = ({ database }: Counts): number =>
  Object.values(database).reduce((sum, count) => sum + count, 0);
