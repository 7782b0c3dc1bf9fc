import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Int32 } from 'bson';
import { openCommandEngine } from '../../test/command-engine.fixture.js';
import { encode, fieldOf } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { insertDocument } from './document-writes.js';

const { command, engine, close } = openCommandEngine();

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
  afterAll(close);

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
