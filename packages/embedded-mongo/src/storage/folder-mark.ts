import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from '@photostructure/sqlite';

/**
 * What `parley.mark` says: which database belongs into the folder, and how far it has come. The same two
 * values are rows of the file's table `meta`.
 */
export interface FolderMark {
  /** The `database` row: a UUID that the file gets when it is made. */
  readonly database: string;
  /**
   * The `generation` row, or less: a number that grows as the first write to each new write-ahead log. The
   * data without their newest log have a smaller number than the mark.
   */
  readonly generation: number;
}

/** What a file says of itself. */
interface FileState {
  readonly database: string | undefined;
  readonly generation: number;
  /** 1 while a process has it open and after a crash, 0 after an orderly close and in a backup. */
  readonly open: number | undefined;
}

const MARK_FILE = 'parley.mark';

/** Bytes 18 and 19 of a SQLite file: 2 with a write-ahead log, 1 in a backup that nobody has opened yet. */
const FORMAT_OFFSET = 18;
const WITHOUT_LOG = 1;

/** A valid file without the table `meta`; what is damaged has other codes. */
const SQLITE_ERROR = 1;

/** An identity for a new database. */
export const newDatabaseId = (): string => randomUUID();

/** The folder's mark; undefined when there is none, or none that can be read. */
export function readMark(dataDir: string): FolderMark | undefined {
  let text: string;
  try {
    text = fs.readFileSync(path.join(dataDir, MARK_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { database, generation } = JSON.parse(text) as Partial<FolderMark>;
    if (typeof database === 'string' && typeof generation === 'number') {
      return { database, generation };
    }
  } catch {
    // The file's own rows still tell whether its log is missing.
  }
  return undefined;
}

/**
 * Replaces the mark in one step. Call it only when the file has these values on the disk: a mark that is
 * ahead of a healthy file would keep it from being opened, one that lags behind does no harm.
 */
export function writeMark(dataDir: string, mark: FolderMark): void {
  const file = path.join(dataDir, MARK_FILE);
  const next = `${file}.next`;
  const descriptor = fs.openSync(next, 'w', 0o600);
  try {
    fs.writeSync(descriptor, `${JSON.stringify(mark)}\n`);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
  fs.renameSync(next, file);
}

/**
 * Refuses a folder in which the data, or the newest part of them, are missing. Reads only: a folder that is
 * refused stays as it is. The caller holds the folder's lock, and has not opened the file.
 *
 * A file whose `open` row is 0 is complete without a log, whatever the mark says: an orderly close or
 * `backup.ts` wrote it. Any other file needs its log, unless the mark shows that nothing is missing.
 *
 * @returns a remark for the log about a folder that is not as it was left, but may be used
 * @throws Error that says what is missing and what to do
 */
export function assertComplete(file: string, mark: FolderMark | undefined): string | undefined {
  const size = sizeOf(file);
  const log = `${file}-wal`;
  const hasLog = (sizeOf(log) ?? 0) > 0;
  if (size === undefined || size === 0) {
    if (mark === undefined && !hasLog) return undefined;
    const other = mark === undefined ? path.basename(log) : MARK_FILE;
    const what = size === 0 ? 'is empty' : 'is missing';
    throw refusal(`${file} ${what}, but ${other} beside it says that there was a database`);
  }
  if (hasLog && formatOf(file) === WITHOUT_LOG) {
    throw refusal(
      `${file} is a backup, but ${log} beside it belongs to the database that was here before`,
      `Remove ${path.basename(log)} and start again.`,
    );
  }
  // Pages that a killed process was moving may be unreadable without the log.
  const alone = readState(file, true);
  if (alone?.open === 0 && !hasLog) {
    const isReplaced =
      mark && (mark.database !== alone.database || mark.generation > alone.generation);
    return isReplaced ? `${file} has been replaced by another copy, which is complete` : undefined;
  }
  const state = hasLog ? readState(file, false) : alone;
  if (state === undefined) return undefined;
  if (mark === undefined) return assertLogOfUnmarked(file, state, hasLog);
  // A log that belongs here would show its own rows in place of another file's.
  const isOther = alone?.database !== undefined && alone.database !== mark.database;
  if (isOther || state.database !== mark.database) {
    throw refusal(`${file} is not the database that ${MARK_FILE} beside it belongs to`);
  }
  const isOlderThanLog =
    hasLog && alone?.database !== undefined && alone.generation < mark.generation - 1;
  if (isOlderThanLog || (alone?.open === 0 && alone.generation < mark.generation)) {
    throw refusal(`${file} is an older copy than ${log} beside it`);
  }
  if (state.generation < mark.generation) throw refusal(logIsMissing(file, hasLog));
  return undefined;
}

/** Without a mark: a copy of some of the files, or a folder of a version that made none. */
function assertLogOfUnmarked(file: string, state: FileState, hasLog: boolean): string | undefined {
  if (hasLog) return undefined;
  if (state.open === undefined) {
    return `${file} has no data and no log (${file}-wal); if it was copied without it, everything is missing`;
  }
  if (state.database !== undefined) throw refusal(logIsMissing(file, false));
  // An older version may have been killed just after it emptied its log, which then lacks nothing.
  return `${file} was not closed in order and has no log (${file}-wal); if it was copied without it, the last writes are missing`;
}

function logIsMissing(file: string, hasLog: boolean): string {
  return hasLog
    ? `${file}-wal is not the log that belongs to ${file}, or has lost its beginning: the last writes are missing`
    : `${file}-wal is missing or empty, but ${path.basename(file)} was not closed in order: the last writes are missing`;
}

function refusal(what: string, advice?: string): Error {
  return new Error(
    `${what}. ${
      advice ??
      `Put the missing file back: parley.db, parley.db-wal and ${MARK_FILE} belong together, and are copied while ` +
        'Parley is stopped. Or restore a backup: put it in place of parley.db and remove parley.db-wal. To go on ' +
        'with what parley.db has, and lose the rest, make a backup of it (npm run backup -- <file>) and restore ' +
        `that. To start with an empty database, move parley.db, parley.db-wal and ${MARK_FILE} out of the folder.`
    } Nothing has been changed.`,
  );
}

function sizeOf(file: string): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.size;
}

/** Only while this process has not opened the file: closing it again would drop SQLite's locks on it. */
function formatOf(file: string): number | undefined {
  const descriptor = fs.openSync(file, 'r');
  try {
    const format = Buffer.alloc(1);
    return fs.readSync(descriptor, format, 0, 1, FORMAT_OFFSET) === 1 ? format[0] : undefined;
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Reads a file's rows; undefined when it cannot be read, of which opening it will say more.
 * @param isAlone without the log beside it
 */
function readState(file: string, isAlone: boolean): FileState | undefined {
  try {
    const address = isAlone ? new URL(`${pathToFileURL(file).href}?immutable=1`) : file;
    const sqlite = new DatabaseSync(address, { readOnly: true });
    try {
      const rows = sqlite.prepare('SELECT key, value FROM meta').all() as unknown as {
        key: string;
        value: unknown;
      }[];
      const values = new Map(rows.map(({ key, value }) => [key, value]));
      const database = values.get('database');
      const open = values.get('open');
      return {
        database: typeof database === 'string' ? database : undefined,
        generation: Number(values.get('generation') ?? 0),
        open: typeof open === 'number' ? open : undefined,
      };
    } finally {
      sqlite.close();
    }
  } catch (error) {
    const hasNoTable = (error as { errcode?: number }).errcode === SQLITE_ERROR;
    return hasNoTable ? { database: undefined, generation: 0, open: undefined } : undefined;
  }
}
