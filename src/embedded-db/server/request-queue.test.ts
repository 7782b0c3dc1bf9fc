import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deserialize } from 'bson';
import { DatabaseFile } from '../storage/database-file.js';
import { RequestQueue } from './request-queue.js';

describe('the request queue', () => {
  let folder: string;
  let file: DatabaseFile;
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-test-'));
    file = new DatabaseFile(folder, 'NORMAL');
  });
  afterAll(() => {
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('runs what came before the stop and refuses what comes after', async () => {
    const queue = new RequestQueue(file, () => undefined);
    const ran: string[] = [];
    const request = (name: string) =>
      new Promise<Buffer>((done) => {
        queue.push({
          run: () => {
            ran.push(name);
            return Buffer.from(name);
          },
          done,
        });
      });
    const before = request('before');
    const alsoBefore = before.then(() => request('while stopping'));
    await queue.stop();
    file.close();
    expect((await before).toString()).toBe('before');
    const after = deserialize(await request('after'));
    expect(after).toMatchObject({ ok: 0, code: 11600 });
    await alsoBefore;
    expect(ran).not.toContain('after');
  });
});
