import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Types } from 'mongoose';
import { anId } from '../../../test/support/factories.js';
import { systemClock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import { typeNotAllowed } from './files.js';
import type { MediaRecord } from './media.repository.js';
import { StoredFiles } from './stored-files.js';
import { TemporaryFiles } from './temporary-files.js';
import { MediaUploads } from './uploads.js';

const OWNER = '6500000000000000000000aa';
const TARGET = { purpose: 'chat' as const, chatId: '6500000000000000000000bb' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-uploads-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The pipeline over a store that records its files; files named `bad` are of no allowed type. */
const setUp = (removal: () => Promise<void> = () => Promise.resolve()) => {
  const objects = new Set<string>();
  const rows = new Map<string, MediaRecord>();
  const media = {
    insert: (row: MediaRecord) => Promise.resolve(void rows.set(row._id.toHexString(), row)),
    markReady: () => Promise.resolve(),
    remove: (id: Types.ObjectId) => Promise.resolve(void rows.delete(id.toHexString())),
  };
  const storage = {
    put: (_path: string, { key }: { key: string }) => Promise.resolve(void objects.add(key)),
    remove: async (key: string) => {
      await removal();
      objects.delete(key);
    },
  };
  const member = jest.fn(() => Promise.resolve({ chat: { status: 'accepted', isBlocked: false } }));
  const uploads = new MediaUploads({
    stored: new StoredFiles(media as never, storage as never, 0),
    temporary: new TemporaryFiles(folder, systemClock),
    access: { member } as never,
    scanner: { scan: () => Promise.resolve() },
    images: undefined as never,
    inspector: {
      type: (_user: string, _path: string, { name }: { name: string }) =>
        name === 'bad'
          ? Promise.reject(typeNotAllowed())
          : Promise.resolve({
              kind: 'file',
              mimeType: 'application/pdf',
              extension: 'pdf',
              extensions: [],
            }),
      playTime: () => Promise.resolve(undefined),
      removeMetadata: () => Promise.resolve(),
    } as never,
    clock: systemClock,
  });
  const received = (...names: string[]) =>
    Promise.all(
      names.map(async (name) => {
        const path = join(folder, anId());
        await writeFile(path, name);
        return { path, name, mimeType: '', size: name.length };
      }),
    );
  return { uploads, objects, rows, member, received };
};

describe('files uploaded together', () => {
  it('are stored after one check of the chat, and leave no temporary file', async () => {
    const { uploads, objects, rows, member, received } = setUp();
    const stored = await uploads.storeAll(OWNER, await received('a', 'b', 'c'), TARGET);
    expect(stored.map(({ filename }) => filename)).toEqual(['a.pdf', 'b.pdf', 'c.pdf']);
    expect([objects.size, rows.size]).toEqual([3, 3]);
    expect(member).toHaveBeenCalledTimes(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('are all refused with the one that is not allowed, which the error names', async () => {
    const { uploads, objects, rows, received } = setUp();
    const refused = uploads.storeAll(OWNER, await received('a', 'bad'), TARGET);
    await expect(refused).rejects.toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      errors: [{ path: 'files.1' }],
    });
    expect([objects.size, rows.size]).toEqual([0, 0]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('are refused with the right error also when the store cannot remove the others', async () => {
    const { uploads, rows, received } = setUp(() =>
      Promise.reject(new AppError('STORAGE_UNAVAILABLE', 'away')),
    );
    const refused = uploads.storeAll(OWNER, await received('a', 'bad'), TARGET);
    await expect(refused).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    // The collector finds the file by the row.
    expect(rows.size).toBe(1);
  });
});
