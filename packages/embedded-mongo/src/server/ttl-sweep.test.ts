import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Int32 } from 'bson';
import { insertDocument } from '../commands/document-writes.js';
import { encode } from '../semantics/index.js';
import { Catalog } from '../storage/catalog.js';
import { DatabaseFile } from '../storage/database-file.js';
import { readIndexSpec } from '../storage/index-spec.js';
import { sweepExpired } from './ttl-sweep.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-ttl-'));
const file = new DatabaseFile(folder, 'NORMAL');
const catalog = new Catalog(file);
afterAll(() => {
  file.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe('the sweep of expired documents', () => {
  it('passes over an index that cannot be read', () => {
    const at = { key: { at: new Int32(1) }, name: 'at_1', expireAfterSeconds: new Int32(0) };
    const damaged = catalog.create('test.damaged');
    damaged.buildIndex(1000, readIndexSpec(at));
    file.exec('DROP TABLE i1000');
    const young = catalog.create('test.young');
    catalog.createIndex(young, readIndexSpec(at));
    const document = { _id: new Int32(1), at: new Date(0) };
    insertDocument(young, document, encode(document));

    const lines: string[] = [];
    sweepExpired(catalog, new Date(), (level, line) => lines.push(`${level} ${line}`));
    expect(young.documentCount()).toBe(0);
    expect(lines).toEqual([expect.stringMatching(/^error .* index at_1 of test\.damaged /)]);
  });
});
