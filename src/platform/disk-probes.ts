import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from 'mongoose';

/** So much must fit before a disk that was full counts as usable (bytes): one write more is not enough. */
const DATABASE_PROBE_BYTES = 256 * 1024;
const FOLDER_PROBE_BYTES = 1024 * 1024;

/** Writes a document and removes it again, in a collection of its own. Rejects while there is no room. */
export const probeDatabase = async (connection: Connection): Promise<void> => {
  const probes = connection.collection<{ _id: string; filler: Buffer }>('diskprobes');
  const _id = randomUUID();
  await probes.insertOne({ _id, filler: randomBytes(DATABASE_PROBE_BYTES) });
  await probes.deleteOne({ _id });
};

/** Writes a file and removes it again. Rejects while there is no room. */
export const probeFolder = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `probe-${randomUUID()}`);
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(randomBytes(FOLDER_PROBE_BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
};
