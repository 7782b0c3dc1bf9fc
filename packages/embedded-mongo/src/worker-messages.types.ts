import type { Durability } from './storage/database-file.js';

/** What the worker is started with. */
export interface ServerOptions {
  readonly dataDir: string;
  readonly durability: Durability;
  /** Milliseconds between two searches for expired documents. */
  readonly ttlIntervalMs: number;
}

/** What the thread of a backup is started with. */
export interface BackupOptions {
  readonly dataDir: string;
  readonly file: string;
}

/** What the thread that moves the log into the file is started with. */
export interface CheckpointOptions {
  /** The path of the data. */
  readonly file: string;
}

/** What that thread says after each attempt. */
export interface CheckpointResult {
  /** Why the log could not be moved; absent when it was. */
  readonly failure?: string;
}

/** What the main thread asks of the worker; answered by `closed` or `failed`. */
export interface WorkerRequest {
  readonly kind: 'close';
}

/** How serious a line of the log is. */
export type LogLevel = 'info' | 'warn' | 'error';

/** What the worker tells the main thread; `failed` ends the start or the close. */
export type WorkerReport =
  | { readonly kind: 'listening'; readonly uri: string }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string };
