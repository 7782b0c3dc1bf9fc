import fs from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { DatabaseSync } from '@photostructure/sqlite';
import type { CheckpointOptions } from './worker-messages.types.js';

/** How often the log is looked at, in milliseconds. */
const INTERVAL_MS = 200;
/** The log is moved at about this many bytes: pages that change often are then moved once. */
const LOG_BYTES = 32 * 1024 * 1024;
/** What is written meanwhile needs another pass; with so few pages left, the writer does the rest. */
const FEW_PAGES = 500;
const MAX_PASSES = 3;

/**
 * A thread that moves the write-ahead log into the file while the database goes on writing. It says when
 * hardly anything is left to move: the writer alone can then start the log anew.
 */
const { file } = workerData as CheckpointOptions;
const sqlite = new DatabaseSync(file);
const move = sqlite.prepare('PRAGMA wal_checkpoint(PASSIVE)');
move.setReturnArrays(true);

const logBytes = (): number => fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;

const moving = setInterval(() => {
  if (logBytes() < LOG_BYTES) return;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const [, pages, moved] = move.get() as unknown as [busy: number, pages: number, moved: number];
    if (pages - moved < FEW_PAGES) break;
  }
  parentPort!.postMessage('moved');
}, INTERVAL_MS);

parentPort!.once('message', () => {
  clearInterval(moving);
  sqlite.close();
  parentPort!.close();
});
