/**
 * Folders from which files are missing, or in which they do not belong together, as kills, copies and
 * restored backups leave them.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DatabaseSync } from '@photostructure/sqlite';
import { backupDatabase } from '../src/storage/backup.js';
import { DatabaseFile } from '../src/storage/database-file.js';
import { runDb, temporaryFolder } from './embedded-db.fixture.js';

const DATA = 'parley.db';
const LOG = 'parley.db-wal';
const MARK = 'parley.mark';

const folders: string[] = [];
const newFolder = (): string => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

const copyOf = (folder: string, names = fs.readdirSync(folder)): string => {
  const copy = newFolder();
  for (const name of names) {
    const source = path.join(folder, name);
    if (fs.existsSync(source)) fs.copyFileSync(source, path.join(copy, name));
  }
  return copy;
};

/** Opens a folder; the rows of its first collection, and what it had to say. */
const opened = (dataDir: string): { ids: unknown[]; remark: string | undefined } => {
  const file = new DatabaseFile(dataDir, 'NORMAL');
  try {
    const hasRows = file.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'c1'").get();
    const rows = hasRows ? file.prepare('SELECT rid FROM c1 ORDER BY rid').all() : [];
    return { ids: (rows as unknown as [number][]).map(([id]) => id), remark: file.remark };
  } finally {
    file.close();
  }
};

/** A folder with another file in place of its data, without the log; a new one, for this process may still hold the old. */
const copyOver = (file: string, folder: string): string => {
  const copy = copyOf(folder, [MARK]);
  fs.copyFileSync(file, path.join(copy, DATA));
  return copy;
};

/** A folder that has been closed, with the documents 1 and 2, and then left open with 3 and 4. */
let closed: string;
let interrupted: string;
beforeAll(async () => {
  const live = newFolder();
  const write = async (ids: number[]) => {
    const running = await runDb({ dataDir: live });
    const c = running.db.collection<{ _id: number }>('c');
    await c.insertMany(ids.map((_id) => ({ _id })));
    return running;
  };
  const first = await write([1, 2]);
  await first.client.close();
  await first.embedded.close();
  closed = copyOf(live);
  const second = await write([3, 4]);
  // What a kill leaves at this moment: nothing that was acknowledged is only in the process.
  interrupted = copyOf(live);
  await second.client.close();
  await second.embedded.close();
});

describe('a folder from which something is missing', () => {
  const emptied = (folder: string, name: string) => {
    fs.writeFileSync(path.join(folder, name), '');
  };
  const removed = (folder: string, name: string) => {
    fs.rmSync(path.join(folder, name));
  };
  const zeroed = (folder: string, name: string) => {
    const file = path.join(folder, name);
    fs.writeFileSync(file, Buffer.alloc(fs.statSync(file).size));
  };

  it.each([
    [
      'closed, parley.db removed',
      () => closed,
      removed,
      DATA,
      /parley\.db is missing, but parley\.mark/,
    ],
    [
      'closed, parley.db emptied',
      () => closed,
      emptied,
      DATA,
      /parley\.db is empty, but parley\.mark/,
    ],
    ['interrupted, parley.db removed', () => interrupted, removed, DATA, /parley\.db is missing/],
    ['interrupted, parley.db emptied', () => interrupted, emptied, DATA, /parley\.db is empty/],
    [
      'interrupted, log removed',
      () => interrupted,
      removed,
      LOG,
      /parley\.db-wal is missing or empty/,
    ],
    [
      'interrupted, log emptied',
      () => interrupted,
      emptied,
      LOG,
      /parley\.db-wal is missing or empty/,
    ],
    ['interrupted, log of zeros', () => interrupted, zeroed, LOG, /parley\.db-wal is not the log/],
  ])(
    'is refused with advice and left as it is: %s',
    async (_when, source, spoil, name, message) => {
      const folder = copyOf(source());
      spoil(folder, name);
      const before = fs.readdirSync(folder).filter((file) => file !== 'parley.db-shm');
      const sizes = before.map((file) => fs.statSync(path.join(folder, file)).size);
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const start = () => opened(folder);
        expect(start).toThrow(message);
        expect(start).toThrow(/restore a backup.*To start with an empty database, move/);
      }
      expect(before.map((file) => fs.statSync(path.join(folder, file)).size)).toEqual(sizes);
      // Elsewhere, for this process still holds what it has read of the log; the next start is another.
      const whole = copyOf(folder, before);
      fs.copyFileSync(path.join(source(), name), path.join(whole, name));
      const { ids } = opened(whole);
      expect(ids).toEqual(source() === closed ? [1, 2] : [1, 2, 3, 4]);
    },
  );

  it.each([
    ['a log alone', [LOG], /parley\.db is missing, but parley\.db-wal/],
    ['parley.db of an open database alone', [DATA], /parley\.db-wal is missing or empty/],
    ['all but parley.db', [LOG, MARK], /parley\.db is missing/],
    ['all but the log', [DATA, MARK], /parley\.db-wal is missing or empty/],
  ])('is refused when it is a copy of %s', async (_what, names, message) => {
    expect(() => opened(copyOf(interrupted, names))).toThrow(message);
  });

  it.each([
    ['an older parley.db beside the log', () => closed, /is an older copy than .*parley\.db-wal/],
    ['the parley.db of another folder', () => undefined, /is not the database that parley\.mark/],
  ])('is refused when it holds %s', async (_what, source, message) => {
    const folder = copyOf(interrupted);
    let from = source();
    if (from === undefined) {
      const other = await runDb({ dataDir: newFolder() });
      from = copyOf(other.dataDir);
      await other.client.close();
      await other.embedded.close();
    }
    fs.copyFileSync(path.join(from, DATA), path.join(folder, DATA));
    expect(() => opened(folder)).toThrow(message);
  });

  it('is refused after a real kill, by a process that ends with an error', async () => {
    const dataDir = newFolder();
    const run = (): Promise<{ code: number | null; output: string }> =>
      new Promise((resolve) => {
        const script = path.resolve('packages/embedded-mongo/test/crash.writer.ts');
        const writer = spawn(process.execPath, ['--import', 'tsx', script, dataDir, '1']);
        let output = '';
        for (const stream of [writer.stdout, writer.stderr]) {
          stream.on('data', (chunk: Buffer) => {
            output += chunk.toString();
            if (output.includes('\ninsert')) writer.kill('SIGKILL');
          });
        }
        writer.once('close', (code) => {
          resolve({ code, output });
        });
      });
    await run();
    fs.rmSync(path.join(dataDir, LOG));
    const { code, output } = await run();
    expect(code).toBe(1);
    expect(output).toContain('parley.db-wal is missing or empty');
  });

  it('goes on with what is left when a backup is made of that', async () => {
    const folder = copyOf(interrupted, [DATA, MARK]);
    const rescued = path.join(newFolder(), 'rescued.db');
    backupDatabase(folder, rescued);
    expect(opened(copyOver(rescued, folder)).ids).toEqual([1, 2]);
  });

  it('starts empty once its files have been moved away', async () => {
    const folder = copyOf(interrupted, [LOG, MARK]);
    for (const name of [LOG, MARK]) fs.rmSync(path.join(folder, name));
    expect(opened(folder).ids).toEqual([]);
  });
});

describe('a folder with all that it needs', () => {
  it('opens again and again after kills, whatever has moved the log meanwhile', async () => {
    expect(opened(copyOf(interrupted))).toEqual({ ids: [1, 2, 3, 4], remark: undefined });
    const folder = copyOf(interrupted);
    // As a backup of a killed Parley does, or the command line tool of SQLite.
    new DatabaseSync(path.join(folder, DATA)).exec('PRAGMA wal_checkpoint(TRUNCATE)');
    for (const size of [0, undefined]) {
      const copy = copyOf(folder);
      if (size === undefined) fs.rmSync(path.join(copy, LOG), { force: true });
      expect(opened(copy)).toEqual({ ids: [1, 2, 3, 4], remark: undefined });
    }
  });

  it.each([
    ['parley.db and the log', [DATA, LOG]],
    ['all three files', [DATA, LOG, MARK]],
  ])('opens when it is a copy of %s', async (_what, names) => {
    expect(opened(copyOf(interrupted, names))).toEqual({ ids: [1, 2, 3, 4], remark: undefined });
  });

  it('opens a copy of parley.db that was made while it was closed, and says so', async () => {
    const folder = copyOf(interrupted);
    fs.rmSync(path.join(folder, LOG));
    fs.copyFileSync(path.join(closed, DATA), path.join(folder, DATA));
    const replaced = expect.stringContaining('replaced by another copy, which is complete');
    expect(opened(folder)).toEqual({ ids: [1, 2], remark: replaced });
    expect(opened(folder)).toEqual({ ids: [1, 2], remark: undefined });
    expect(opened(copyOf(closed, [DATA]))).toEqual({ ids: [1, 2], remark: undefined });
  });

  it('opens with a restored backup, unless the log of another database lies beside it', async () => {
    const backup = path.join(newFolder(), 'backup.db');
    backupDatabase(copyOf(interrupted), backup);
    for (const source of [closed, interrupted]) {
      const folder = copyOf(source);
      fs.copyFileSync(backup, path.join(folder, DATA));
      if (source === interrupted) {
        expect(() => opened(folder)).toThrow(
          /parley\.db is a backup, but .*parley\.db-wal beside it .* Remove parley\.db-wal/,
        );
        fs.rmSync(path.join(folder, LOG));
      }
      expect(opened(folder).ids).toEqual([1, 2, 3, 4]);
      expect(opened(folder)).toEqual({ ids: [1, 2, 3, 4], remark: undefined });
    }
    const elsewhere = newFolder();
    fs.copyFileSync(backup, path.join(elsewhere, DATA));
    expect(opened(elsewhere)).toEqual({ ids: [1, 2, 3, 4], remark: undefined });
  });
});

/** A folder as versions left it that made no mark. */
const folderWithoutMark = (sql = ''): string => {
  const folder = newFolder();
  const sqlite = new DatabaseSync(path.join(folder, DATA));
  sqlite.exec(
    fs.readFileSync('packages/embedded-mongo/test/fixtures/folder-without-mark.sql', 'utf8') + sql,
  );
  sqlite.close();
  return folder;
};

describe('a folder of a version that made no mark', () => {
  const killed = "UPDATE meta SET value = 1 WHERE key = 'open';";

  it('opens when it was closed, and gets a mark', async () => {
    const folder = folderWithoutMark();
    expect(opened(folder)).toEqual({ ids: [1, 2, 3], remark: undefined });
    fs.rmSync(path.join(folder, DATA));
    expect(() => opened(folder)).toThrow('parley.db is missing');
  });

  it('opens after a kill with its log', async () => {
    const folder = folderWithoutMark();
    const sqlite = new DatabaseSync(path.join(folder, DATA));
    sqlite.exec(killed);
    const copy = copyOf(folder, [DATA, LOG]);
    sqlite.close();
    expect(opened(copy)).toEqual({ ids: [1, 2, 3], remark: undefined });
  });

  it('opens after a kill without a log, and warns', async () => {
    const warning = expect.stringContaining(
      'if it was copied without it, the last writes are missing',
    );
    expect(opened(folderWithoutMark(killed))).toEqual({
      ids: [1, 2, 3],
      remark: warning,
    });
  });

  it('opens as a backup beside a mark', async () => {
    const folder = copyOf(closed);
    fs.copyFileSync(path.join(folderWithoutMark(), DATA), path.join(folder, DATA));
    expect(opened(folder).ids).toEqual([1, 2, 3]);
  });
});

/** Copies of a folder before each step by which the mark or the file changes: what a kill there leaves. */
const withSnapshots = (folder: string, work: () => void): string[] => {
  const snapshots: string[] = [];
  const undo: (() => void)[] = [];
  let isTaking = false;
  const take = () => {
    if (isTaking) return;
    isTaking = true;
    snapshots.push(copyOf(folder));
    isTaking = false;
  };
  const takeBefore = (target: object, name: string) => {
    const original = Reflect.get(target, name) as (...args: unknown[]) => unknown;
    const put = (value: unknown) =>
      Object.defineProperty(target, name, { value, configurable: true, writable: true });
    put(function (this: unknown, ...args: unknown[]) {
      take();
      return original.apply(this, args);
    });
    undo.push(() => put(original));
  };
  const file = DatabaseFile.prototype;
  const prepare = Reflect.get(file, 'prepare');
  for (const name of ['openSync', 'writeSync', 'fsyncSync', 'renameSync']) takeBefore(fs, name);
  takeBefore(file, 'exec');
  file.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    takeBefore(statement, 'run');
    takeBefore(statement, 'get');
    return statement;
  };
  try {
    work();
    take();
  } finally {
    file.prepare = prepare;
    for (const restore of undo) restore();
  }
  return snapshots;
};

describe('a crash at any step of keeping the mark', () => {
  const backup = (): string => {
    const folder = copyOf(closed);
    const file = path.join(newFolder(), 'b.db');
    backupDatabase(folder, file);
    return copyOver(file, folder);
  };

  it.each([
    ['a new folder', newFolder],
    ['a folder that was closed', () => copyOf(closed)],
    ['a folder after a kill', () => copyOf(interrupted)],
    ['a folder without a mark', folderWithoutMark],
    ['a restored backup', backup],
  ])('leaves a folder that opens, or is refused only without its log: %s', (_what, make) => {
    const folder = make();
    const snapshots = withSnapshots(folder, () => {
      const file = new DatabaseFile(folder, 'NORMAL');
      for (const round of [1, 2]) {
        file.writeMeta('acknowledged', round);
        file.checkpoint();
      }
      file.writeMeta('acknowledged', 3);
      file.close();
    });
    expect(snapshots.length).toBeGreaterThan(30);
    let highest = 0;
    for (const snapshot of snapshots) {
      const withoutLog = copyOf(snapshot, [DATA, MARK]);
      const file = new DatabaseFile(snapshot, 'NORMAL');
      const has = Number(file.readMeta('acknowledged') ?? 0);
      file.close();
      expect(has).toBeGreaterThanOrEqual(highest);
      highest = has;
      let found: number | undefined;
      try {
        const alone = new DatabaseFile(withoutLog, 'NORMAL');
        found = Number(alone.readMeta('acknowledged') ?? 0);
        alone.close();
      } catch (error) {
        expect(String(error)).toMatch(/is missing|is not the database|is empty/);
      }
      if (found !== undefined) expect(found).toBe(has);
    }
    expect(highest).toBe(3);
  });
});
