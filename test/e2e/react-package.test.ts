/** The package of the hooks as it would be published. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { publint } from 'publint';
import { packPackages } from '../support/examples.js';

const run = promisify(execFile);

let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-react-package-'));
  [tarball] = (await packPackages(['react'], folder)) as [string];
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it('the tarball holds what is built, its types, readme and licence, and nothing else', async () => {
  const { stdout } = await run('tar', ['-tzf', tarball]);
  const files = stdout.trim().split('\n').sort();
  expect(files).toEqual(
    expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/dist/index.d.ts']),
  );
  const built = /^package\/(dist\/[\w-]+\.(js|d\.ts|js\.map)|LICENSE|README\.md|package\.json)$/;
  expect(files.filter((file) => !built.test(file))).toEqual([]);
});

it('the package brings nothing of its own: the client and React are the application’s', async () => {
  const manifest = JSON.parse(await readFile('packages/react/package.json', 'utf8')) as object;
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).toMatchObject({ peerDependencies: { react: '>=18' }, sideEffects: false });
});

it('publint has nothing to say', async () => {
  const { messages } = await publint({ pack: { tarball: await arrayBufferOf(tarball) } });
  expect(messages).toEqual([]);
});

it('its types are found as ESM by Node and by bundlers', async () => {
  // It ends with an error when there is a problem.
  const { stdout } = await run('npx', ['attw', tarball, '--profile', 'esm-only', '--no-color']);
  expect(stdout).toMatch(/node16 \(from ESM\) │ 🟢 \(ESM\)/);
  expect(stdout).toMatch(/bundler +│ 🟢/);
});

const arrayBufferOf = async (file: string): Promise<ArrayBuffer> =>
  new Uint8Array(await readFile(file)).buffer;
