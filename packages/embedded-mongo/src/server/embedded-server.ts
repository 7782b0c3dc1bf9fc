import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { answer } from '../commands/dispatcher.js';
import type { Engine } from '../commands/command.types.js';
import { isOutOfSpace } from '../errors.js';
import { CursorRegistry } from '../commands/cursor-registry.js';
import { Catalog } from '../storage/catalog.js';
import { Checkpointer } from '../storage/checkpointer.js';
import { DatabaseFile } from '../storage/database-file.js';
import { dropFormerTextIndexes } from '../storage/former-text-indexes.js';
import { dropLeftovers } from '../storage/leftovers.js';
import { checkAfterInterruption } from '../storage/startup-check.js';
import type { LogLevel, ServerOptions } from '../worker-messages.types.js';
import { Listener, SOCKET_FILE, SOCKET_FOLDER_PREFIX } from './listener.js';
import { RequestQueue } from './request-queue.js';
import { sweepExpired } from './ttl-sweep.js';

/** Writes one line to the log. */
export type Log = (level: LogLevel, message: string) => void;

const NO_REPLY = Buffer.alloc(0);

/** A line about a full disk comes at most once in so many milliseconds: the log may lie on the same disk. */
const FULL_LOG_MS = 60_000;

/** Answers true at most once in `ms` milliseconds. */
function atMostOnceIn(ms: number): () => boolean {
  let last = -Infinity;
  return () => {
    const now = performance.now();
    if (now - last < ms) return false;
    last = now;
    return true;
  };
}

/** The note that tells where the socket is, for the process after one that was killed. */
const SOCKET_FOLDER = 'socketFolder';

/** The whole database: file, catalog, queue, listener and the clock of TTL. */
export class EmbeddedServer {
  private readonly sweeping: NodeJS.Timeout;

  private constructor(
    private readonly engine: Engine,
    private readonly queue: RequestQueue,
    private readonly listener: Listener,
    private readonly checkpointer: Checkpointer,
    ttlIntervalMs: number,
    log: Log,
  ) {
    this.sweeping = setInterval(() => {
      this.engine.cursors.closeIdle();
      this.sweep(log);
    }, ttlIntervalMs);
  }

  /**
   * Opens the file, checks it if need be, and listens.
   * @throws Error when the file is in use or damaged
   */
  static async start(options: ServerOptions, log: Log): Promise<EmbeddedServer> {
    const file = new DatabaseFile(options.dataDir, options.durability);
    if (file.remark !== undefined) log('warn', file.remark);
    dropFormerTextIndexes(file, log);
    const catalog = new Catalog(file);
    dropLeftovers(file, catalog);
    if (file.wasInterrupted) {
      checkAfterInterruption(file, catalog, log);
      await removeLeftSocket(file.readMeta(SOCKET_FOLDER));
    }
    const maySayFull = atMostOnceIn(FULL_LOG_MS);
    const maySayStuck = atMostOnceIn(FULL_LOG_MS);
    const queue = new RequestQueue(file, (error) => {
      if (!isOutOfSpace(error)) log('error', `A group of writes was undone: ${String(error)}`);
      else if (maySayFull()) log('error', `The disk is full; writes are refused: ${String(error)}`);
      catalog.load();
    });
    const engine: Engine = {
      file,
      catalog,
      cursors: new CursorRegistry(),
      startedAt: new Date(),
      now: () => new Date(),
      connectionCount: () => listener.connectionCount,
    };
    const listener = await Listener.open(
      (connectionId, message) =>
        new Promise((resolve) => {
          queue.push({ run: () => answer(engine, connectionId, message), done: resolve });
        }),
      log,
    );
    file.writeMeta(SOCKET_FOLDER, listener.folder ?? '');
    const checkpointer = new Checkpointer(file, (error) => {
      if (maySayStuck()) log('warn', `The log was not moved into the file: ${String(error)}`);
    });
    return new EmbeddedServer(engine, queue, listener, checkpointer, options.ttlIntervalMs, log);
  }

  /** Where drivers connect. */
  get uri(): string {
    return this.listener.uri;
  }

  /** Hangs up, finishes the requests under way, and closes the file in order. */
  async close(): Promise<void> {
    clearInterval(this.sweeping);
    await this.queue.idle();
    await this.listener.close();
    await this.queue.stop();
    await this.checkpointer.stop();
    this.engine.file.close();
  }

  private sweep(log: Log): void {
    let hasMore = false;
    this.queue.push({
      run: () => {
        hasMore = sweepExpired(this.engine.catalog, this.engine.now(), log);
        return NO_REPLY;
      },
      done: (reply) => {
        // What could not be committed is tried again at the next tick of the clock, not at once.
        if (hasMore && reply === NO_REPLY) this.sweep(log);
      },
    });
  }
}

/**
 * A killed process leaves its socket behind; the folder's name says that it is one of ours. Somebody who
 * answers there is the owner of the folder that these data were copied from.
 */
async function removeLeftSocket(folder: unknown): Promise<void> {
  if (typeof folder !== 'string' || !path.basename(folder).startsWith(SOCKET_FOLDER_PREFIX)) return;
  if (!(await isDeserted(path.join(folder, SOCKET_FILE)))) return;
  fs.rmSync(folder, { recursive: true, force: true });
}

/** Whether nobody listens on a socket any more. */
async function isDeserted(socketPath: string): Promise<boolean> {
  const socket = net.connect(socketPath);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return ['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    socket.destroy();
  }
}
