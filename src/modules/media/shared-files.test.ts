import { describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aFile, anActor, anId } from '../../../test/support/factories.js';
import { AppError } from '../../shared/errors.js';
import type { ErrorCode } from '../../shared/errors.js';
import { SharedFiles } from './shared-files.js';

const actor = anActor();

/** Shares a file whose message fails with an error; answers how often the file was removed again. */
const removalsAfter = async (code: ErrorCode): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-share-'));
  const path = join(folder, 'upload');
  await writeFile(path, 'content');
  const discard = jest.fn(() => Promise.resolve());
  const deps = {
    rooms: { enter: () => Promise.resolve(anId()) },
    uploads: {
      store: () => Promise.resolve(aFile()),
      discard,
    },
    links: { address: () => '/media/x' },
    sending: {
      replay: () => Promise.resolve(undefined),
      send: () => Promise.reject(new AppError(code, 'not sent')),
    },
  } as unknown as ConstructorParameters<typeof SharedFiles>[0];
  const file = { path, name: 'a.pdf', mimeType: 'application/pdf', size: 7 };
  await expect(new SharedFiles(deps).share(actor, file, { room: 'r' })).rejects.toThrow('not sent');
  await rm(folder, { recursive: true });
  return discard.mock.calls.length;
};

describe('a shared file whose message was not acknowledged', () => {
  it('is removed when the message was refused', async () => {
    expect(await removalsAfter('FORBIDDEN')).toBe(1);
  });

  it('stays when the message may be written all the same', async () => {
    expect(await removalsAfter('TIMEOUT')).toBe(0);
  });
});
