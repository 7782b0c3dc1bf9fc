/**
 * The README's commands do what it says when they are pasted into an interactive shell, where history expansion and
 * missing comments make other rules than in a script. All runs share one server with the limits that it comes with.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ParleyProcess } from '../support/parley-process.js';
import { freePort, startParley } from '../support/parley-process.js';
import { InteractiveShell } from '../support/interactive-shell.js';

let parley: ParleyProcess;
/** Stands for Parley's folder: what `npm ci` has installed is found from here. */
let folder: string;
let blocks: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-readme-'));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  // Without one, zsh asks a newcomer what to put there.
  await writeFile(join(folder, '.zshrc'), '');
  parley = await startParley({ DATA_DIR: join(folder, 'data') });
  const readme = await readFile('README.md', 'utf8');
  blocks = [...readme.matchAll(/<!-- test: [\w-]+ -->\s+```sh\n([\s\S]*?)```/g)].map(([, block]) =>
    block!.replaceAll('http://localhost:8000', parley.url),
  );
  expect(blocks).toHaveLength(2);
});
afterAll(async () => {
  await parley.stop('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

/** What shells say of lines that they have misread, and the server of a caller who asks too much. */
const COMPLAINTS =
  /not found|no match|parse error|syntax error|bad pattern|unexpected|RATE_LIMITED|_TAKEN|"success":false|Error:/;

describe.each([['bash'], ['zsh']])('pasted into %s', (name) => {
  it.each([
    ['in one piece', 'pasted'],
    ['as if it was typed', 'typed'],
  ] as const)('%s, it works, and a second time too', async (_, way) => {
    const shell = new InteractiveShell(name, { cwd: folder, home: folder });
    try {
      for (let round = 1; round <= 2; round++) {
        let seen = '';
        for (const block of blocks) seen += await shell.run(block, way);
        expect(seen).not.toMatch(COMPLAINTS);
        expect(seen).toContain('"seq":2');
        expect(seen).toContain('the server has message 3');
        expect(seen).toContain('Alice: Hello, live');
      }
    } finally {
      await shell.close();
    }
  });
});

describe('live.mjs', () => {
  /** Runs the README's program with these variables. */
  const runLive = async (env: NodeJS.ProcessEnv) => {
    const source = /<<'JS'\n([\s\S]*?)\nJS\n/.exec(blocks[1]!)![1]!;
    await writeFile(join(folder, 'live.mjs'), source);
    const child = spawn(process.execPath, ['live.mjs'], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...env },
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((done) => child.once('close', done));
    return { code, said };
  };

  it('says that nobody listens there, and ends with 1', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await runLive({ URL: url, ALICE_TOKEN: 'x', BOB_TOKEN: 'x', CHAT: 'x' })).toEqual({
      code: 1,
      said: expect.stringMatching(`cannot connect at ${url}: connect ECONNREFUSED`),
    });
  });

  it('says that the token is refused, or missing, and ends with 1', async () => {
    for (const tokens of [{ ALICE_TOKEN: 'x', BOB_TOKEN: 'x' }, {}]) {
      const { code, said } = await runLive({ URL: parley.url, CHAT: 'x', ...tokens });
      expect([code, said]).toEqual([
        1,
        expect.stringMatching(/^cannot connect at \S+ .*(token|sign in)/i),
      ]);
    }
  });

  it('says that the chat is not there, and ends with 1', async () => {
    const answer = await fetch(`${parley.url}/api/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'carol', email: 'c@example.com', password: 'test123' }),
    });
    const { data } = (await answer.json()) as { data: { token: string } };
    const tokens = { ALICE_TOKEN: data.token, BOB_TOKEN: data.token };
    for (const CHAT of ['x', 'f'.repeat(24)]) {
      const { code, said } = await runLive({ URL: parley.url, CHAT, ...tokens });
      expect([code, said]).toEqual([1, expect.stringMatching(/^join_chat was refused at /)]);
    }
  });
});
