import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { dataFileIn } from './database-file.js';

/**
 * Copies the database of a data directory to a new file, as it is at this moment. It blocks the
 * thread it runs in, but nobody else: writers go on beside it. The copy appears under its name only
 * when it is complete and has been checked.
 * @throws Error when there is no database, the file exists already, or the copy is damaged
 */
export function backupDatabase(dataDir: string, file: string): void {
  const source = dataFileIn(dataDir);
  // SQLite would delete the log beside an empty file.
  if (!((fs.statSync(source, { throwIfNoEntry: false })?.size ?? 0) > 0)) {
    throw new Error(`There is no database in ${dataDir}`);
  }
  if (fs.existsSync(file)) throw new Error(`${file} exists already`);
  const partial = path.join(path.dirname(file), `.${path.basename(file)}.partial`);
  fs.rmSync(partial, { force: true });
  copyTo(source, partial);
  check(partial);
  flush(partial);
  fs.renameSync(partial, file);
}

function copyTo(source: string, target: string): void {
  const sqlite = new DatabaseSync(source, { timeout: 10_000 });
  try {
    sqlite.prepare('VACUUM INTO ?').run(target);
  } finally {
    sqlite.close();
  }
}

function check(file: string): void {
  const sqlite = new DatabaseSync(file);
  try {
    const row = sqlite.prepare('PRAGMA quick_check').get() as { quick_check: string };
    if (row.quick_check !== 'ok') throw new Error(`The copy is damaged: ${row.quick_check}`);
    sqlite.exec("UPDATE meta SET value = 0 WHERE key = 'open'");
  } finally {
    sqlite.close();
  }
}

function flush(file: string): void {
  const descriptor = fs.openSync(file, 'r+');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
