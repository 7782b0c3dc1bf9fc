import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { isOutOfSpace, MongoError } from '../errors.js';
import { assertComplete, newDatabaseId, readMark, writeMark } from './folder-mark.js';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';

/** How much an acknowledged write survives: see {@link EmbeddedDbOptions}. */
export type Durability = 'NORMAL' | 'FULL';

/** A prepared statement whose rows are arrays. */
export type Statement = StatementSyncInstance;

/** The data, and the file whose lock says that a process has them open. */
const DATA_FILE = 'parley.db';
const LOCK_FILE = 'parley.lock';

/** The path of the data in a data directory. */
export function dataFileIn(dataDir: string): string {
  return path.join(dataDir, DATA_FILE);
}

/**
 * A write copies every page it touches to the log. A document with eight indexes touches as many
 * pages far apart: small ones halve what is written. Files made with others keep theirs.
 */
const PAGE_BYTES = 4096;

/** At 256 MB the log is moved here and now: `checkpointer.ts` has failed, or cannot keep up. */
const CHECKPOINT_PAGES = 64_000;

const CATALOG_TABLES = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT, db TEXT NOT NULL, name TEXT NOT NULL,
    uuid BLOB NOT NULL, UNIQUE (db, name));
  CREATE TABLE IF NOT EXISTS indexes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, name TEXT NOT NULL,
    spec BLOB NOT NULL, multikey INTEGER NOT NULL DEFAULT 0, UNIQUE (collection, name));`;

/** The file's layout; a newer number than this refuses to open. */
const LAYOUT_VERSION = 1;

/**
 * The SQLite file: opening with an exclusive lock, transactions, savepoints, and the mark that tells
 * an orderly close from a crash.
 */
export class DatabaseFile {
  readonly path: string;
  /** Whether the last process to use the file did not close it. */
  readonly wasInterrupted: boolean;
  readonly sqlite: DatabaseSyncInstance;
  /** What is to be said of the folder, which is not as it was left. */
  readonly remark: string | undefined;
  private readonly lock: DatabaseSyncInstance;
  private readonly database: string;
  private generation: number;
  private damage: { readonly cause: unknown } | undefined;
  /** How often documents, collections or indexes have been written, or undone. */
  writes = 0;
  private readonly begin: Statement;
  private readonly commitStatement: Statement;
  private readonly rollbackStatement: Statement;
  private readonly setSavepoint: Statement;
  private readonly releaseSavepoint: Statement;
  private readonly rollbackToSavepoint: Statement;

  /**
   * @param dataDir the folder of the file; made when it is missing
   * @throws Error when another process has the file open, it cannot be opened, or a newer version wrote it
   */
  constructor(
    private readonly dataDir: string,
    private readonly durability: Durability,
  ) {
    fs.mkdirSync(dataDir, { recursive: true });
    this.path = dataFileIn(dataDir);
    this.lock = takeLock(dataDir);
    try {
      this.remark = assertComplete(this.path, readMark(dataDir));
      this.sqlite = openData(this.path, durability);
    } catch (error) {
      this.lock.close();
      throw error;
    }
    try {
      this.begin = this.prepare('BEGIN IMMEDIATE');
      this.commitStatement = this.prepare('COMMIT');
      this.rollbackStatement = this.prepare('ROLLBACK');
      this.setSavepoint = this.prepare('SAVEPOINT operation');
      this.releaseSavepoint = this.prepare('RELEASE operation');
      this.rollbackToSavepoint = this.prepare('ROLLBACK TO operation');
      const version = this.readMeta('layout');
      if (version !== undefined && Number(version) > LAYOUT_VERSION) {
        throw new Error(`${this.path} was written by a newer version`);
      }
      this.wasInterrupted = this.readMeta('open') === 1;
      const database = this.readMeta('database');
      this.database = typeof database === 'string' ? database : newDatabaseId();
      this.generation = Number(this.readMeta('generation') ?? 0);
      this.takeFolder();
    } catch (error) {
      this.sqlite.close();
      this.lock.close();
      throw codeOf(error) === undefined ? error : unusable(this.path, error);
    }
  }

  /**
   * Marks the folder as this database's. The order keeps a crash between any two steps harmless: the mark
   * never says more than the file has on the disk, and `open` is 1 in the file itself before the log has
   * anything that would be missed.
   */
  private takeFolder(): void {
    this.onDisk(() => {
      this.writeMeta('layout', LAYOUT_VERSION);
      this.writeMeta('database', this.database);
      this.writeMeta('generation', this.generation);
    });
    writeMark(this.dataDir, { database: this.database, generation: this.generation });
    syncFolder(this.dataDir);
    this.writeMeta('open', 1);
    this.checkpoint();
  }

  /** Runs a write so that it survives a power cut. */
  private onDisk(write: () => void): void {
    this.exec('PRAGMA synchronous = FULL');
    try {
      write();
    } finally {
      this.exec(`PRAGMA synchronous = ${this.durability}`);
    }
  }

  /**
   * Compiles a statement; its rows come as arrays. Write a limit as `?+0`: a bare parameter there makes
   * SQLite compile the statement anew whenever it is bound, which costs three times the look-up.
   */
  prepare(sql: string): Statement {
    const statement = this.sqlite.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  }

  /** Runs statements that return nothing. */
  exec(sql: string): void {
    this.sqlite.exec(sql);
  }

  /** Whether a transaction is open. */
  get isInTransaction(): boolean {
    return this.sqlite.isTransaction;
  }

  /** Opens a transaction. */
  beginTransaction(): void {
    this.begin.run();
  }

  /** Makes the transaction's writes permanent. */
  commit(): void {
    if (this.damage !== undefined) throw this.damage.cause;
    this.commitStatement.run();
  }

  /** Undoes the transaction. */
  rollback(): void {
    this.damage = undefined;
    this.writes += 1;
    if (this.isInTransaction) this.rollbackStatement.run();
  }

  /** Runs `work` so that all of its writes happen, or none when it throws. */
  atomically<T>(work: () => T): T {
    this.setSavepoint.run();
    try {
      const result = work();
      this.releaseSavepoint.run();
      return result;
    } catch (error) {
      // A full disk or a corrupt page makes SQLite end the whole transaction by itself.
      if (this.isInTransaction) {
        this.rollbackToSavepoint.run();
        this.releaseSavepoint.run();
      }
      throw error;
    }
  }

  /**
   * Runs writes that undo themselves at the errors MongoDB knows. Any other error, such as a full
   * disk, may leave them half done: then the transaction can no longer be committed.
   */
  orUndoEverything<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof MongoError)) this.damage = { cause: error };
      throw error;
    }
  }

  /**
   * Moves what is left of the write-ahead log into the file and starts the log anew, unless it is being
   * read. The new log begins with a generation that only it has, and then the mark gets it: so it is seen
   * at the next start when the log is gone.
   */
  checkpoint(): void {
    const [isBusy] = this.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as unknown as [number];
    if (isBusy !== 0) return;
    const generation = this.generation + 1;
    this.onDisk(() => {
      this.writeMeta('generation', generation);
    });
    this.generation = generation;
    writeMark(this.dataDir, { database: this.database, generation });
  }

  /** Closes in order; the next start need not check anything. */
  close(): void {
    try {
      this.writeMeta('open', 0);
      // A file that says 0 without a log is complete: so all of the log goes in, or none is lost.
      this.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      // Without room the log stays, and with it everything; the next start checks the file.
      if (!isOutOfSpace(error)) throw error;
    } finally {
      this.sqlite.close();
      this.lock.close();
    }
  }

  /** A note for the next process, such as what this one would have cleaned up. */
  readMeta(key: string): unknown {
    const row = this.prepare('SELECT value FROM meta WHERE key = ?').get(key) as
      [unknown] | undefined;
    return row?.[0];
  }

  /** Leaves a note for the next process. */
  writeMeta(key: string, value: number | string): void {
    this.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value);
  }
}

/**
 * A transaction on an empty SQLite file holds its lock to the end of the process, however it ends, on
 * every platform. The data themselves stay open to readers, so that a backup can run meanwhile.
 */
function takeLock(dataDir: string): DatabaseSyncInstance {
  const file = path.join(dataDir, LOCK_FILE);
  try {
    return opened(file, 'PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    if (codeOf(error) !== SQLITE_BUSY) throw unusable(file, error);
    throw new Error(
      `The database in ${dataDir} is in use by another process; stop it first, or choose another data directory`,
      { cause: error },
    );
  }
}

function openData(file: string, durability: Durability): DatabaseSyncInstance {
  try {
    return opened(
      file,
      `PRAGMA page_size = ${String(PAGE_BYTES)};
       ${CATALOG_TABLES}
       PRAGMA journal_mode = WAL;
       PRAGMA wal_autocheckpoint = ${String(CHECKPOINT_PAGES)};
       PRAGMA synchronous = ${durability};
       PRAGMA cache_size = -65536;
       PRAGMA temp_store = MEMORY;`,
    );
  } catch (error) {
    throw unusable(file, error);
  }
}

/** Makes new names in a folder survive a power cut, where the system lets a folder be opened. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Opens a file and runs its first statements; when they fail, the file is not left open. */
function opened(file: string, statements: string): DatabaseSyncInstance {
  const sqlite = new DatabaseSync(file);
  try {
    sqlite.exec(statements);
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** SQLite's result code; its upper bits only say more of the same. */
function codeOf(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: number };
  return errcode === undefined ? undefined : errcode & 0xff;
}

/** The error for a file that is there and of no use, with what to do about it. */
function unusable(file: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  const isDamaged = [SQLITE_CORRUPT, SQLITE_NOTADB].includes(codeOf(error) ?? 0);
  const advice = isDamaged
    ? 'it is damaged; restore it from a backup'
    : 'may this user write to it and to its folder, and is there room on the disk?';
  return new Error(`${file} cannot be opened (${reason}): ${advice}`, { cause: error });
}
