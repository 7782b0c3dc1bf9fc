import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import { startWorker } from './start-worker.js';
import type { Durability } from './storage/database-file.js';
import type {
  LogLevel,
  ServerOptions,
  WorkerReport,
  WorkerRequest,
} from './worker-messages.types.js';

/** How to start the embedded database. */
export interface EmbeddedDbOptions {
  /** The folder that holds the data; made when it is missing. */
  readonly dataDir: string;
  /**
   * `NORMAL`: an acknowledged write survives the end of the process, however it ends; a power cut may
   * lose the last moments. `FULL`: it survives a power cut too, at the cost of a disk flush per group
   * of writes. Default `NORMAL`.
   */
  readonly durability?: Durability;
  /** Receives what the database has to say; by default nobody. */
  readonly logger?: Partial<Record<LogLevel, (message: string) => void>>;
  /** Milliseconds between two searches for documents that a TTL index has expired. Default 60,000. */
  readonly ttlIntervalMs?: number;
}

/** A running embedded database. */
export interface EmbeddedDb {
  /** What to give to the official driver or to Mongoose. */
  readonly uri: string;
  /** Resolves with the reason when the database ends without being closed: only a new process helps then. */
  readonly failed: Promise<Error>;
  /** Finishes what is under way, closes the file in order and ends the thread. */
  close(): Promise<void>;
  /** Copies the database to a new file while it goes on working; see `storage/backup.ts`. */
  backup(file: string): Promise<void>;
}

/**
 * Starts a MongoDB-compatible database in a thread of its own.
 * @throws Error when another process has the data directory, or the file cannot be opened
 */
export async function startEmbeddedDb(options: EmbeddedDbOptions): Promise<EmbeddedDb> {
  const thread = new DatabaseThread(options);
  const uri = await thread.listening;
  return {
    uri,
    failed: thread.failed,
    close: () => thread.close(),
    backup: (file) => backupDatabase(options.dataDir, file),
  };
}

/** The worker thread, from its start to its end. */
class DatabaseThread {
  readonly listening: Promise<string>;
  readonly failed: Promise<Error>;
  private readonly worker: Worker;
  private readonly exited: Promise<void>;
  private failure: Error | undefined;
  private closing: Promise<void> | undefined;

  constructor(options: EmbeddedDbOptions) {
    const { dataDir, durability = 'NORMAL', logger = {}, ttlIntervalMs = 60_000 } = options;
    const serverOptions: ServerOptions = { dataDir, durability, ttlIntervalMs };
    this.worker = startWorker('worker', serverOptions);
    this.worker.on('error', (error) => {
      this.failure = error instanceof Error ? error : new Error(String(error));
      logger.error?.(`The database thread failed: ${this.failure.message}`);
    });
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', () => {
        resolve();
      });
    });
    this.failed = new Promise((resolve) => {
      void this.exited.then(() => {
        if (!this.closing) resolve(this.failure ?? new Error('The database thread has ended'));
      });
    });
    this.listening = new Promise((resolve, reject) => {
      this.worker.on('message', (report: WorkerReport) => {
        if (report.kind === 'listening') resolve(report.uri);
        else if (report.kind === 'log') logger[report.level]?.(report.message);
        else if (report.kind === 'failed') this.failure = new Error(report.reason);
      });
      void this.exited.then(() => {
        reject(this.failure ?? new Error('The database thread has ended'));
      });
    });
  }

  /** Closes once, however often it is called. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    const request: WorkerRequest = { kind: 'close' };
    this.worker.postMessage(request);
    await this.exited;
    if (this.failure) throw this.failure;
  }
}

/**
 * Copies the database of a data directory to a new file, also while a process has it open.
 * @throws Error when there is no database, the file exists already, or the copy is damaged
 */
export async function backupDatabase(dataDir: string, file: string): Promise<void> {
  const worker = startWorker('backup-worker', { dataDir, file: path.resolve(file) });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => {
      resolve();
    });
    worker.once('error', reject);
  });
}
