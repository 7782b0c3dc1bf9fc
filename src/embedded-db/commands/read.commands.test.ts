import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Int32 } from 'bson';
import { decode, encode, fieldOf } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { Catalog } from '../storage/catalog.js';
import { DatabaseFile } from '../storage/database-file.js';
import type { Engine } from './command.types.js';
import { CursorRegistry } from './cursor-registry.js';
import { answer } from './dispatcher.js';
import { insertDocument } from './document-writes.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-cursors-'));
const file = new DatabaseFile(folder, 'NORMAL');
const engine: Engine = {
  file,
  catalog: new Catalog(file),
  cursors: new CursorRegistry(),
  startedAt: new Date(),
  now: () => new Date(),
  connectionCount: () => 0,
};

function command(body: BsonDocument): BsonDocument {
  const message = {
    requestId: 1,
    kind: 'message',
    sequences: new Map(),
    wantsReply: true,
  } as const;
  return decode(answer(engine, 1, { ...message, body: encode({ ...body, $db: 'test' }) }));
}

describe('a cursor that nobody reads', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    const collection = engine.catalog.findOrCreate('test.c');
    for (let i = collection.documentCount(); i < 3; i += 1) {
      const document = { _id: new Int32(i) };
      insertDocument(collection, document, encode(document));
    }
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  afterAll(() => {
    file.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['closes after ten minutes', {}, 0],
    ['stays open when its client has asked for that', { noCursorTimeout: true }, 1],
  ])('%s', (_what, options, ok) => {
    const found = command({ find: 'c', batchSize: new Int32(1), ...options });
    jest.advanceTimersByTime(11 * 60 * 1000);
    engine.cursors.closeIdle();
    const next = command({
      getMore: fieldOf(found['cursor'] as BsonDocument, 'id')!,
      collection: 'c',
    });
    expect(next).toMatchObject({ ok: new Int32(ok) });
  });
});
