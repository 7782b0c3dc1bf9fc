import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Db } from 'mongodb';
import { BSONRegExp, Double, FindCursor, Long, ObjectId } from 'mongodb';
import { copyDatabase } from '../../src/migration/copy-database.js';
import { runDb } from '../../packages/embedded-mongo/test/embedded-db.fixture.js';
import type { RunningDb } from '../../packages/embedded-mongo/test/embedded-db.fixture.js';

const run = promisify(execFile);

describe('moving and saving a database', () => {
  let source: RunningDb;
  let target: RunningDb;
  beforeAll(async () => {
    [source, target] = await Promise.all([runDb(), runDb()]);
    const { db } = source;
    const messages = db.collection('messages');
    await messages.createIndex({ chatId: 1, versions: 1 }, { unique: true });
    await messages.createIndex({ content: 1, title: -1 }, { sparse: true });
    await messages.createIndex({ at: 1 }, { expireAfterSeconds: 1e9 });
    await messages.createIndex(
      { clientId: 1 },
      { unique: true, partialFilterExpression: { clientId: { $type: 'string' } } },
    );
    await messages.insertMany(
      Array.from({ length: 2500 }, (_, i) => ({
        chatId: i % 7,
        versions: [i, 5000 + i],
        content: `text ${String(i)}`,
        long: Long.fromNumber(i),
        double: new Double(i),
        pattern: new BSONRegExp('a.b', 'i'),
      })),
    );
    const id = new ObjectId();
    await db.collection('ids').insertMany([
      { _id: id, kind: 'objectId' },
      { _id: id.toHexString() as never, kind: 'string' },
      { _id: 5 as never, kind: 'number' },
    ]);
    await db.createCollection('empty');
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await source.stop();
    await target.stop();
  });

  it('copies documents and indexes, goes on after an interruption, and compares', async () => {
    const copied = target.db.collection('messages');
    const raw = source.db.collection('messages').find({}, { promoteValues: false }).limit(1300);
    await copied.insertMany(await raw.toArray());

    const lines: string[] = [];
    await copyDatabase(source.db, target.db, (line) => lines.push(line));
    expect(lines.at(-1)).toBe('3 collections copied, each the same on both sides.');

    for (const name of ['messages', 'ids', 'empty']) {
      const [from, to] = [source.db.collection(name), target.db.collection(name)];
      const exactly = { promoteValues: false };
      expect(await to.find({}, exactly).sort({ _id: 1 }).toArray()).toEqual(
        await from.find({}, exactly).sort({ _id: 1 }).toArray(),
      );
      const byName = (indexes: { name?: string }[]) =>
        indexes.sort((a, b) => a.name!.localeCompare(b.name!));
      expect(byName(await to.indexes())).toEqual(byName(await from.indexes()));
    }
  });

  it('does not mind documents whose time is up, which each side removes by itself', async () => {
    const [from, to] = [source, target].map(({ client }) => client.db('fading')) as [Db, Db];
    const logins = from.collection('logins');
    await logins.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 60 });
    const later = new Date(Date.now() + 30 * 24 * 3_600_000);
    await logins.insertMany([
      { expiresAt: new Date() },
      { expiresAt: later },
      { expiresAt: later },
    ]);
    const removed = await logins.findOne({ expiresAt: { $lt: later } });
    // Removed from the source after it was copied, and not yet from the target.
    await copyDatabase(from, to, () => undefined);
    await logins.deleteOne({ _id: removed!._id });
    await copyDatabase(from, to, () => undefined);
    expect(await to.collection('logins').countDocuments({ expiresAt: later })).toBe(2);

    await to.collection('logins').deleteOne({ expiresAt: later });
    await to.collection('logins').updateOne({ expiresAt: later }, { $set: { changed: true } });
    await expect(copyDatabase(from, to, () => undefined)).rejects.toThrow(/the documents differ/);
  });

  it('goes on when documents are removed between being listed and being read', async () => {
    const [from, to] = [source, target].map(({ client }) => client.db('going')) as [Db, Db];
    await from.collection('logins').insertMany([{ n: 1 }, { n: 2 }]);
    // The first list that is read is that of the documents which the target has.
    const { toArray } = FindCursor.prototype;
    jest.spyOn(FindCursor.prototype, 'toArray').mockImplementationOnce(async function (
      this: FindCursor,
    ) {
      await from.collection('logins').deleteMany({});
      return toArray.call(this);
    });
    await copyDatabase(from, to, () => undefined);
    expect(await to.collection('logins').countDocuments()).toBe(0);
  });

  it('says so when the target has other documents', async () => {
    await target.db.collection('ids').updateOne({ _id: 5 as never }, { $set: { kind: 'changed' } });
    await target.db.collection('messages').insertOne({ chatId: 99, versions: [] });
    await expect(copyDatabase(source.db, target.db, () => undefined)).rejects.toThrow(
      /ids: the documents differ\n.*messages: 2500 documents in the source, 2501 in the target/s,
    );
  });

  it('backs a running database up from the command line', async () => {
    const file = path.join(source.dataDir, 'saved.db');
    const backup = (...args: string[]) =>
      run(process.execPath, ['--import', 'tsx', 'src/backup.ts', ...args]);
    const { stdout } = await backup(file, '--data', source.dataDir);
    expect(stdout).toBe(`Backup written to ${file}\n`);
    expect(fs.statSync(file).size).toBeGreaterThan(100_000);
    await expect(backup(file, '--data', source.dataDir)).rejects.toMatchObject({
      stderr: expect.stringContaining('exists already'),
    });
    await expect(backup()).rejects.toMatchObject({ code: 2 });
  });
});
