import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deserialize } from 'bson';
import { PAUSE } from '../pausing.js';
import type { Task } from '../pausing.js';
import { DatabaseFile } from '../storage/database-file.js';
import { RequestQueue } from './request-queue.js';

describe('the request queue', () => {
  let folder: string;
  let file: DatabaseFile;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-test-'));
    file = new DatabaseFile(folder, 'NORMAL');
  });
  afterEach(() => {
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

  it('answers every request of a group, also one that breaks', async () => {
    let rollbacks = 0;
    const queue = new RequestQueue(file, () => (rollbacks += 1));
    const asked = [
      () => Buffer.from('fine'),
      () => {
        throw new Error('broken');
      },
      () => Buffer.from('fine, too'),
    ].map((run) => new Promise<Buffer>((done) => queue.push({ run, done })));
    const [first, second, third] = await Promise.all(asked);
    for (const reply of [first!, second!]) {
      expect(deserialize(reply)).toMatchObject({
        ok: 0,
        errmsg: expect.stringContaining('broken'),
      });
    }
    expect(third!.toString()).toBe('fine, too');
    expect(rollbacks).toBe(1);
    await queue.stop();
    file.close();
  });

  it('answers every request of a group when one of them cannot tidy up', async () => {
    const reported: string[] = [];
    const queue = new RequestQueue(file, (error) => reported.push(String(error)));
    const breaking = function* (): Task<Buffer> {
      try {
        expect(() =>
          file.orUndoEverything(() => {
            throw new Error('disk I/O error');
          }),
        ).toThrow('disk I/O error');
        yield PAUSE;
        return Buffer.from('never');
      } finally {
        file.exec('DROP TABLE missing');
      }
    };
    const asked = [() => Buffer.from('fine'), breaking].map(
      (run) => new Promise<Buffer>((done) => queue.push({ run, done })),
    );
    for (const reply of await Promise.all(asked)) {
      expect(deserialize(reply)).toMatchObject({ ok: 0 });
    }
    expect(reported).toEqual(['Error: disk I/O error', expect.stringContaining('missing')]);
    await queue.stop();
    file.close();
  });
});
