import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DatabaseSync } from '@photostructure/sqlite';
import { serialize } from 'bson';
import { MongoClient } from 'mongodb';
import { startEmbeddedDb } from '../src/index.js';
import { eventually } from '../../../test/support/eventually.js';
import { runDb, temporaryFolder } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

describe('the life of an embedded database', () => {
  const running: RunningDb[] = [];
  const folders: string[] = [];
  const run = async (options: Parameters<typeof runDb>[0] = {}) => {
    const db = await runDb(options);
    running.push(db);
    return db;
  };
  afterEach(async () => {
    for (const db of running.splice(0)) await db.stop();
    for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
  });

  it('makes an index although an unfinished one was left at an orderly close', async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const first = await runDb({ dataDir });
    await first.client.close();
    await first.embedded.close();
    const file = new DatabaseSync(path.join(dataDir, 'parley.db'));
    file.exec('CREATE TABLE building_1 (k BLOB)');
    file.close();

    const second = await run({ dataDir });
    const c = second.db.collection<{ n: number }>('c');
    await c.insertMany(Array.from({ length: 600 }, (_, n) => ({ n })));
    expect(await c.createIndex({ n: 1 })).toBe('n_1');
  });

  it('keeps documents, indexes and their properties over a restart', async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const first = await runDb({ dataDir, durability: 'FULL' });
    const c = first.db.collection('kept');
    await c.createIndex({ tags: 1 }, { unique: true, sparse: true });
    await c.createIndex({ text: 1, room: -1 }, { name: 'texts' });
    await c.insertMany([{ tags: ['a', 'b'], text: 'red apples' }, { text: 'green pears' }]);
    const indexes = await c.indexes();
    await first.client.close();
    await first.embedded.close();

    const second = await run({ dataDir });
    const again = second.db.collection('kept');
    expect(await again.indexes()).toEqual(indexes);
    expect(await again.countDocuments({ text: 'red apples' }, { hint: 'texts' })).toBe(1);
    await expect(again.insertOne({ tags: ['b'] })).rejects.toMatchObject({ code: 11000 });
    const { queryPlanner } = await again.find({ tags: { $in: ['a'] } }).explain();
    expect(queryPlanner.winningPlan.inputStage).toMatchObject({ isMultiKey: true });
  });

  it('lets one process have a folder, and says so clearly', async () => {
    const { dataDir } = await run();
    await expect(startEmbeddedDb({ dataDir })).rejects.toThrow(
      `The database in ${dataDir} is in use by another process`,
    );
  });

  it.each([
    ['parley.lock', /parley\.lock cannot be opened \(.*\): it is damaged/],
    ['parley.db', /parley\.db cannot be opened \(.*\): it is damaged; restore it from a backup/],
  ])('says that %s is damaged, and can be started once it is not', async (name, message) => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const file = path.join(dataDir, name);
    fs.writeFileSync(file, 'no database at all '.repeat(500));
    await expect(startEmbeddedDb({ dataDir })).rejects.toThrow(message);
    fs.rmSync(file);
    const { db } = await run({ dataDir });
    expect(await db.command({ ping: 1 })).toEqual({ ok: 1 });
  });

  it('says that a file cannot be opened, and which', async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    fs.mkdirSync(path.join(dataDir, 'parley.db'));
    await expect(startEmbeddedDb({ dataDir })).rejects.toThrow(
      /parley\.db cannot be opened \(.*\): may this user write to it/,
    );
  });

  it('says when it ends by itself, and not when it is closed', async () => {
    const db = await run();
    const other = new DatabaseSync(path.join(db.dataDir, 'parley.db'));
    // The next group cannot begin, and what it would read then is gone.
    other.exec('DROP TABLE collections; BEGIN IMMEDIATE');
    db.client
      .db('test')
      .command({ ping: 1 })
      .catch(() => undefined);
    expect(await db.embedded.failed).toMatchObject({
      message: expect.stringContaining('no such table: collections'),
    });
    other.close();
    running.splice(running.indexOf(db), 1);
    folders.push(db.dataDir);
    await db.client.close();

    const closed = await runDb();
    await closed.stop();
    const none = Symbol('none');
    expect(await Promise.race([closed.embedded.failed, Promise.resolve(none)])).toBe(none);
  });

  it('removes its socket when it closes, and closes once', async () => {
    const db = await run();
    const socketPath = decodeURIComponent(/mongodb:\/\/(.*)\/parley/.exec(db.embedded.uri)![1]!);
    expect(fs.statSync(path.dirname(socketPath)).mode & 0o777).toBe(0o700);
    await db.client.close();
    await Promise.all([db.embedded.close(), db.embedded.close()]);
    expect(fs.existsSync(path.dirname(socketPath))).toBe(false);
  });

  it('finishes what is under way before it closes', async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const first = await runDb({ dataDir });
    const c = first.db.collection<{ _id: number }>('writes');
    const acknowledged: number[] = [];
    const writes = Array.from({ length: 200 }, (_, _id) =>
      c.insertOne({ _id }).then(
        () => acknowledged.push(_id),
        () => undefined,
      ),
    );
    await Promise.race(writes);
    await first.embedded.close();
    await first.client.close();
    await Promise.all(writes);
    const second = await run({ dataDir });
    const stored = await second.db.collection<{ _id: number }>('writes').distinct('_id');
    expect(stored).toEqual(expect.arrayContaining(acknowledged));
  });

  it('backs up while it is being written to', async () => {
    const source = await run();
    const c = source.db.collection<{ _id: number; n: number }>('c');
    await c.createIndex({ n: 1 });
    await c.insertMany(Array.from({ length: 5000 }, (_, n) => ({ _id: n, n })));
    const file = path.join(source.dataDir, 'backup.db');
    let isDone = false;
    const writing = (async () => {
      for (let n = 5000; !isDone; n += 2)
        await c.insertMany([
          { _id: n, n },
          { _id: n + 1, n },
        ]);
    })();
    await source.embedded.backup(file);
    isDone = true;
    await writing;
    await expect(source.embedded.backup(file)).rejects.toThrow('exists already');

    const dataDir = temporaryFolder();
    fs.copyFileSync(file, path.join(dataDir, 'parley.db'));
    const copy = await run({ dataDir });
    const count = await copy.db.collection('c').countDocuments();
    expect(count).toBeGreaterThanOrEqual(5000);
    expect(count % 2).toBe(0);
    expect(await copy.db.command({ validate: 'c' })).toMatchObject({ valid: true, nIndexes: 2 });
  });

  it('starts its log anew while it is being written to', async () => {
    const db = await run();
    const log = path.join(db.dataDir, 'parley.db-wal');
    const c = db.db.collection('long');
    const text = 'x'.repeat(20_000);
    let written = 0;
    let longest = 0;
    const isShorterAfter = async (documents: number): Promise<boolean> => {
      longest = Math.max(longest, fs.statSync(log).size);
      await c.insertMany(Array.from({ length: documents }, () => ({ n: written++, text })));
      return fs.statSync(log).size < longest;
    };
    // Four times what the log may have, or less; then a little at a time, so that a slow disk has its time.
    let isShorter = false;
    while (!isShorter && longest < 128_000_000) isShorter = await isShorterAfter(100);
    if (!isShorter) await eventually(() => isShorterAfter(1));
    expect(longest).toBeGreaterThan(32_000_000);
    // Without the thread, SQLite would have begun it anew at 256 MB.
    expect(longest).toBeLessThan(200_000_000);
    expect(await c.countDocuments()).toBe(written);
  });

  it('deletes documents when their time is up', async () => {
    const { db } = await run({ ttlIntervalMs: 20 });
    const c = db.collection('sessions');
    await c.createIndex({ at: 1 }, { expireAfterSeconds: 3600 });
    const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);
    await c.insertMany([
      { _id: 1 as never, at: ago(3601) },
      { _id: 2 as never, at: ago(1800) },
      { _id: 3 as never, at: [ago(1800), ago(7200)] },
      { _id: 4 as never, at: 'a string' },
      { _id: 5 as never },
    ]);
    const expired = async () => (await c.countDocuments({ _id: { $in: [1, 3] as never[] } })) === 0;
    while (!(await expired())) await db.command({ ping: 1 });
    expect(await c.distinct('_id')).toEqual([2, 4, 5]);
  });

  it('checks its indexes after an unclean stop and makes a wrong one anew', async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const first = await runDb({ dataDir });
    const c = first.db.collection('c');
    await c.createIndex({ n: 1 });
    await c.createIndex({ m: 1 });
    await c.insertMany(Array.from({ length: 100 }, (_, n) => ({ n, m: n })));
    await first.client.close();
    await first.embedded.close();
    damage(path.join(dataDir, 'parley.db'));

    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const second = await run({ dataDir, logger: { info: log, warn: log } });
    expect(lines).toEqual([
      expect.stringContaining('Index n_1 of test.c is made anew'),
      expect.stringContaining('100 documents checked'),
    ]);
    expect(await second.db.collection('c').countDocuments({ n: { $gte: 0 } })).toBe(100);
    expect(await second.db.command({ validate: 'c' })).toMatchObject({ valid: true });
  });

  it('starts on a document that cannot be read, and says which', async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const first = await runDb({ dataDir });
    const c = first.db.collection('c');
    await c.createIndex({ n: 1 });
    await c.createIndex({ m: 1 });
    await c.insertMany(Array.from({ length: 10 }, (_, n) => ({ n, m: n })));
    await first.client.close();
    await first.embedded.close();
    const file = path.join(dataDir, 'parley.db');
    damage(file);
    const bad = Buffer.from(serialize({ _id: 1, '#bsontype': null }));
    bad.write('_', bad.indexOf('#'));
    withFile(file, `UPDATE c1 SET doc = X'${bad.toString('hex')}' WHERE rid = 6`);

    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const second = await run({ dataDir, logger: { info: log, warn: log } });
    expect(lines).toEqual([
      expect.stringMatching(/A document of test\.c \(c1, row 6\) cannot be read: .*_bsontype/),
      expect.stringContaining('Index n_1 of test.c is made anew'),
      expect.stringContaining('10 documents checked'),
    ]);
    const again = second.db.collection('c');
    expect(await again.countDocuments({ n: { $gte: 0 } })).toBe(9);
    expect(await second.db.command({ validate: 'c' })).toMatchObject({
      valid: false,
      errors: [expect.stringMatching(/^row 6: .*_bsontype/)],
    });
    // What the other index has of the document is still there.
    expect(await again.countDocuments({ m: 5 })).toBe(1);
  });

  it('opens a folder that has a text index of an earlier version, without the index', async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const first = await runDb({ dataDir });
    const c = first.db.collection('c');
    await c.createIndex({ n: 1 });
    await c.insertMany(Array.from({ length: 10 }, (_, n) => ({ n, text: 'apple' })));
    await first.client.close();
    await first.embedded.close();
    const spec = serialize({
      v: 2,
      key: { _fts: 'text', _ftsx: 1, n: 1 },
      name: 'text_text_n_1',
      weights: { text: 3 },
      default_language: 'english',
      language_override: 'language',
      textIndexVersion: 3,
    });
    withFile(
      path.join(dataDir, 'parley.db'),
      `INSERT INTO indexes (id, collection, name, spec)
         VALUES (50, 1, 'text_text_n_1', X'${Buffer.from(spec).toString('hex')}');
       CREATE VIRTUAL TABLE t50 USING fts5(prefix, terms, content='', contentless_delete=1)`,
    );

    const lines: string[] = [];
    const second = await run({ dataDir, logger: { warn: (line) => lines.push(line) } });
    expect(lines).toEqual([expect.stringMatching(/^Index text_text_n_1 of test\.c is removed: /)]);
    const again = second.db.collection('c');
    expect((await again.indexes()).map(({ name }) => name)).toEqual(['_id_', 'n_1']);
    await again.insertOne({ n: 10, text: 'pear' });
    expect(await again.countDocuments({ n: { $gte: 0 } })).toBe(11);
    expect(await second.db.command({ validate: 'c' })).toMatchObject({ valid: true });
    const sqlite = new DatabaseSync(path.join(dataDir, 'parley.db'));
    const left = sqlite.prepare("SELECT name FROM sqlite_master WHERE name LIKE 't50%'").all();
    sqlite.close();
    expect(left).toEqual([]);
  });

  it('leaves the socket of a database alone whose folder it has a copy of', async () => {
    const original = await run();
    await original.db.collection('c').insertOne({ n: 1 });
    const dataDir = temporaryFolder();
    for (const file of ['parley.db', 'parley.db-wal']) {
      fs.copyFileSync(path.join(original.dataDir, file), path.join(dataDir, file));
    }
    const copy = await run({ dataDir });
    expect(await copy.db.collection('c').countDocuments()).toBe(1);
    const another = await new MongoClient(original.embedded.uri).connect();
    expect(await another.db('test').collection('c').countDocuments()).toBe(1);
    await another.close();
  });

  it('removes the socket that a killed process has left', async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const first = await runDb({ dataDir });
    await first.client.close();
    await first.embedded.close();
    const left = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-db-'));
    folders.push(left);
    // A plain file refuses connections as the socket of a dead process does.
    fs.writeFileSync(path.join(left, 'db.sock'), '');
    withFile(
      path.join(dataDir, 'parley.db'),
      `UPDATE meta SET value = 1 WHERE key = 'open';
       UPDATE meta SET value = '${left}' WHERE key = 'socketFolder';`,
    );
    await run({ dataDir });
    expect(fs.existsSync(left)).toBe(false);
  });

  it('refuses a file that a newer version wrote', async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const first = await runDb({ dataDir });
    await first.client.close();
    await first.embedded.close();
    withFile(path.join(dataDir, 'parley.db'), "UPDATE meta SET value = 99 WHERE key = 'layout'");
    await expect(startEmbeddedDb({ dataDir })).rejects.toThrow('newer version');
  });
});

function damage(file: string): void {
  withFile(
    file,
    `UPDATE meta SET value = 1 WHERE key = 'open';
     DELETE FROM i2 WHERE rid IN (3, 4);`,
  );
}

function withFile(file: string, sql: string): void {
  const sqlite = new DatabaseSync(file);
  sqlite.exec(sql);
  sqlite.close();
}
