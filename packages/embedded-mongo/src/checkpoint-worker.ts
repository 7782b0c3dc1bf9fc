import fs from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { DatabaseSync } from '@photostructure/sqlite';
import type { CheckpointOptions, CheckpointResult } from './worker-messages.types.js';

/** How often the log is looked at, in milliseconds. */
const INTERVAL_MS = 200;
/** The log is moved at about this many bytes: pages that change often are then moved once. */
const LOG_BYTES = 32 * 1024 * 1024;
/** What is written meanwhile needs another pass; with so few pages left, the writer does the rest. */
const FEW_PAGES = 500;
const MAX_PASSES = 3;
/** After a failure, such as a full disk, the log is left alone for so many milliseconds. */
const PAUSE_MS = 5000;

/**
 * A thread that moves the write-ahead log into the file while the database goes on writing. It says when
 * hardly anything is left to move: the writer alone can then start the log anew.
 */
const { file } = workerData as CheckpointOptions;
const sqlite = new DatabaseSync(file);
const move = sqlite.prepare('PRAGMA wal_checkpoint(PASSIVE)');
move.setReturnArrays(true);

const logBytes = (): number => fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;

const moveLog = (): void => {
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const [, pages, moved] = move.get() as unknown as [busy: number, pages: number, moved: number];
    if (pages - moved < FEW_PAGES) break;
  }
};

let pausedUntil = 0;
const moving = setInterval(() => {
  if (performance.now() < pausedUntil || logBytes() < LOG_BYTES) return;
  let result: CheckpointResult = {};
  try {
    moveLog();
  } catch (error) {
    // A full disk passes; what the log has stays in the log until then.
    pausedUntil = performance.now() + PAUSE_MS;
    result = { failure: String(error) };
  }
  parentPort!.postMessage(result);
}, INTERVAL_MS);

parentPort!.once('message', () => {
  clearInterval(moving);
  sqlite.close();
  parentPort!.close();
});
