import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'jwt-secret';
const SECRET_BYTES = 48;
const MIN_LENGTH = 32;

const hasCode = (error: unknown, code: string): boolean =>
  (error as NodeJS.ErrnoException).code === code;

const readSecret = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** Makes the file whole or not at all, and leaves one alone that another process has made meanwhile. */
const createSecret = async (path: string): Promise<void> => {
  const draft = `${path}.${randomUUID()}`;
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  try {
    await writeFile(draft, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true });
    await link(draft, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

/**
 * The secret that signs tokens when none is configured: made at the first start, readable by the
 * owner alone, the same from then on, so that people stay signed in over a restart.
 *
 * @param dataDir directory of the server's data; made when missing.
 * @throws when the directory cannot be written, or the file holds no usable secret.
 */
export const loadOrCreateSecret = async (dataDir: string): Promise<string> => {
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, FILE);
  let secret = await readSecret(path);
  if (secret === undefined) {
    await createSecret(path);
    secret = await readSecret(path);
  }
  if (!secret || secret.length < MIN_LENGTH) {
    throw new Error(`${path} holds no usable secret; delete it to have a new one made`);
  }
  return secret;
};
