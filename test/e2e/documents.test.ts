/** The documents' commands work, and their links lead somewhere. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { startServer } from '../support/server.js';

const markdownFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });

it('the API testing script runs to its end', async () => {
  const server = await startServer();
  try {
    const { stdout } = await promisify(execFile)('bash', ['scripts/CHAT_API_TESTING.sh'], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, BASE_URL: server.url },
      timeout: 100_000,
    });
    expect(stdout).toMatch(/all \d+ calls answered as they should/);
  } finally {
    await server.close();
  }
});

/** A document without its code blocks, in which `](` is an index and a call. */
const proseOf = (file: string): string => readFileSync(file, 'utf8').replace(/^```[^]*?^```/gm, '');

it('every document links only to files that exist', () => {
  const files = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownFiles('docs')];
  const broken = files.flatMap((file) =>
    [...proseOf(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
      .map(([, target]) => join(dirname(file), target!))
      .filter((target) => !existsSync(target))
      .map((target) => `${file} → ${target}`),
  );
  expect(broken).toEqual([]);
});
