import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Int32 } from 'bson';
import { decode, encode } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { Catalog } from '../storage/catalog.js';
import { DatabaseFile } from '../storage/database-file.js';
import type { Engine } from './command.types.js';
import { CursorRegistry } from './cursor-registry.js';
import { answer } from './dispatcher.js';

describe('a write into a collection that cannot be made', () => {
  let folder: string;
  let engine: Engine;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-writes-'));
    const file = new DatabaseFile(folder, 'NORMAL');
    engine = {
      file,
      catalog: new Catalog(file),
      cursors: new CursorRegistry(),
      startedAt: new Date(),
      now: () => new Date(),
      connectionCount: () => 0,
    };
    // In the way of the first collection, as a full disk might be.
    file.exec('CREATE TABLE c1 (x)');
  });
  afterEach(() => {
    engine.file.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function command(body: BsonDocument): BsonDocument {
    const message = {
      requestId: 1,
      kind: 'message',
      sequences: new Map(),
      wantsReply: true,
    } as const;
    return decode(answer(engine, 1, { ...message, body: encode({ ...body, $db: 'test' }) }));
  }

  it.each<[string, BsonDocument]>([
    ['an insert', { insert: 'c', documents: [{ n: new Int32(1) }] }],
    ['an upsert', { update: 'c', updates: [{ q: {}, u: { n: new Int32(1) }, upsert: true }] }],
    ['findAndModify', { findAndModify: 'c', query: {}, update: {}, upsert: true }],
  ])('leaves nothing behind, and works when it can be made: %s', (_what, write) => {
    engine.file.beginTransaction();
    const failed = command(write);
    expect(failed['writeErrors'] ?? failed['errmsg']).toBeDefined();
    expect(engine.file.prepare('SELECT count(*) FROM collections').get()).toEqual([0]);
    engine.file.exec('DROP TABLE c1');
    engine.file.commit();
    expect(command(write)).toMatchObject({ ok: new Int32(1) });
    expect(engine.catalog.find('test.c')?.documentCount()).toBe(1);
  });
});
