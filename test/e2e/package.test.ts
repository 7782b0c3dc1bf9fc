/** The client's package as somebody has it who installs it: what npm packs, and the dependencies beside it. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type * as Client from '@parley-chat/client';
import { startBrowser } from '../support/browser.js';
import type { TestServer } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const run = promisify(execFile);
const root = process.cwd();
const LIMITS = { timeout: 100_000 };

let server: TestServer;
let folder: string;
let tarball: string;

beforeAll(async () => {
  server = await startServer();
  folder = await mkdtemp(join(tmpdir(), 'parley-package-'));
  const installed = join(folder, 'node_modules/@parley-chat/client');
  await mkdir(installed, { recursive: true });
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: join(root, 'packages/client'), ...LIMITS });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  tarball = join(folder, filename);
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  await symlink(
    join(root, 'node_modules/socket.io-client'),
    join(folder, 'node_modules/socket.io-client'),
  );
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await server.close();
});

describe('the client of the package', () => {
  it('sends from a Node program, and keeps its outbox in a folder', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await writeFile(
      join(folder, 'program.js'),
      `import { ChatClient, ChatRoom, Message } from '@parley-chat/client';
       import { FileStorage } from '@parley-chat/client/file-storage';
       const [url, token, chatId] = process.argv.slice(2);
       const client = new ChatClient(url, token, { storage: new FileStorage('outbox') });
       await client.connect();
       await new Message(client, chatId).sendText('from a program');
       console.log(new ChatRoom(client, chatId).messages().map(({ content }) => content).join());
       client.disconnect();`,
    );
    const { stdout } = await run(
      process.execPath,
      ['program.js', server.url, alice.token, chatId],
      { cwd: folder, ...LIMITS },
    );
    expect(stdout).toBe('from a program\n');
    const log = await server.http.get(`/api/chats/${chatId}/messages`).set(bob.auth).expect(200);
    expect(log.body.data).toMatchObject([{ content: 'from a program', senderId: alice.id }]);
  });

  it.each([
    ['Node', { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022'] }],
    ['a bundler', { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'] }],
  ])('has types for %s, which stand without ours', async (_, options) => {
    const compilerOptions = {
      target: 'es2022',
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: [],
      ...options,
    };
    const config = { compilerOptions, files: ['typed.ts'] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await writeFile(
      join(folder, 'typed.ts'),
      `import { ChatClient, ChatError, ChatRoom, Message, MemoryStorage } from '@parley-chat/client';
       import type { ChatClientOptions, ChatMessage, KeyValueStorage, Tokens } from '@parley-chat/client';
       import { FileStorage } from '@parley-chat/client/file-storage';
       const storages: KeyValueStorage[] = [new MemoryStorage(), new FileStorage('outbox')];
       const options: ChatClientOptions = { storage: storages[0]!, outboxLimit: 10 };
       const client = new ChatClient('http://localhost:8000', 'token', options);
       client.on('tokens', (tokens) => tokens satisfies Tokens);
       client.on('send_failed', ({ error }) => error satisfies ChatError);
       const sent: Promise<ChatMessage> = new Message(client, 'chat').sendText('Hello!');
       const texts: string[] = new ChatRoom(client, 'chat').messages().map(({ content }) => content);
       // @ts-expect-error A message has an id of its sender's.
       void client.send({ chatId: 'chat' });
       export { sent, texts };`,
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc], { cwd: folder, ...LIMITS }).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(stdout).toBe('');
  });

  it.each([
    ['publint', ['--strict']],
    ['attw', ['--profile', 'esm-only']],
  ])('has nothing that %s objects to', async (tool, options) => {
    const bin = join(root, 'node_modules/.bin', tool);
    const objections = await run(bin, [tarball, ...options], { cwd: folder, ...LIMITS }).then(
      () => '',
      (error: unknown) => (error as { stdout: string }).stdout,
    );
    expect(objections).toBe('');
  });

  it('is one file to a bundler for browsers', async () => {
    const { metafile } = await build({
      stdin: { contents: "export { ChatClient } from '@parley-chat/client';", resolveDir: folder },
      bundle: true,
      format: 'esm',
      write: false,
      metafile: true,
      outdir: folder,
      absWorkingDir: folder,
    });
    expect(Object.keys(metafile.inputs).sort()).toEqual([
      '<stdin>',
      'node_modules/@parley-chat/client/dist/browser.js',
    ]);
  });

  it('chats in a browser as a module, without a bundler', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const browser = await startBrowser();
    try {
      const page = await browser.newPage();
      const file = join(folder, 'node_modules/@parley-chat/client/dist/browser.js');
      const body = await readFile(file, 'utf8');
      await page.route('**/parley.js', (route) =>
        route.fulfill({ contentType: 'text/javascript', body }),
      );
      await page.goto(`${server.url}/health`);
      const shown = await page.evaluate(
        async ([token, chat]) => {
          const url = '/parley.js';
          const { ChatClient, ChatRoom, Message } = (await import(url)) as typeof Client;
          const { location, localStorage } = globalThis as unknown as {
            location: { origin: string };
            localStorage: Client.WebStorage;
          };
          const kept: string[] = [];
          const prototype = Object.getPrototypeOf(localStorage) as Client.WebStorage;
          const { setItem } = prototype;
          prototype.setItem = function (key, value) {
            kept.push(key);
            setItem.call(this, key, value);
          };
          const client = new ChatClient(location.origin, token);
          await client.connect();
          await new Message(client, chat).sendText('from a page');
          const texts = new ChatRoom(client, chat).messages().map(({ content }) => content);
          client.disconnect();
          return { texts, kept: kept.length, left: localStorage.length };
        },
        [alice.token, chatId] as const,
      );
      expect(shown).toEqual({ texts: ['from a page'], kept: 1, left: 0 });
      const log = await server.http.get(`/api/chats/${chatId}/messages`).set(bob.auth).expect(200);
      expect(log.body.data).toMatchObject([{ content: 'from a page', senderId: alice.id }]);
    } finally {
      await browser.close();
    }
  });
});
