import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Int32 } from 'bson';
import type { CommandEngine } from '../../test/command-engine.fixture.js';
import { openCommandEngine } from '../../test/command-engine.fixture.js';
import type { BsonDocument } from '../semantics/index.js';

describe('a write into a collection that cannot be made', () => {
  let opened: CommandEngine;
  beforeEach(() => {
    opened = openCommandEngine();
    // In the way of the first collection, as a full disk might be.
    opened.engine.file.exec('CREATE TABLE c1 (x)');
  });
  afterEach(() => {
    opened.close();
  });

  it.each<[string, BsonDocument]>([
    ['an insert', { insert: 'c', documents: [{ n: new Int32(1) }] }],
    ['an upsert', { update: 'c', updates: [{ q: {}, u: { n: new Int32(1) }, upsert: true }] }],
    ['findAndModify', { findAndModify: 'c', query: {}, update: {}, upsert: true }],
  ])('leaves nothing behind, and works when it can be made: %s', (_what, write) => {
    const { command, engine } = opened;
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
