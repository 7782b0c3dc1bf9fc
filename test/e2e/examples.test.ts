/** The programs of `examples/`, installed as their lock files say and run as they are. */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import type { Example } from '../support/examples.js';
import { installExample, packPackages } from '../support/examples.js';
import { freePort } from '../support/parley-process.js';
import type { TestServer } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Longest time of installing and building an example on a busy machine, in milliseconds. */
const INSTALL_TIMEOUT_MS = 480_000;

let server: TestServer;
/** The network between the examples and the node. */
let network: TcpProxy;
/** Where the packages are packed. */
let packed: string;

beforeAll(async () => {
  // As docs/embed.md tells.
  const issuers = /AUTH_ISSUERS='([^']+)'/.exec(await readFile('docs/embed.md', 'utf8'))![1]!;
  server = await startServer({ env: { AUTH_ISSUERS: issuers } });
  network = await TcpProxy.start({ host: '127.0.0.1', port: server.port });
  packed = await mkdtemp(join(tmpdir(), 'parley-packed-'));
});

afterAll(async () => {
  await network.close();
  await server.close();
  await rm(packed, { recursive: true, force: true });
});

describe('examples/plain-socket', () => {
  let example: Example;
  beforeAll(async () => {
    example = await installExample('plain-socket');
  });
  afterAll(async () => {
    await example.remove();
  });

  it.each([
    [
      'native',
      [
        'Bob has a request: pending',
        'Ada is typing',
        'Ada: Hello Bob',
        'Bob has read up to message 1',
        'Bob reacts with 👍',
        'Edited: Hello, Bob!',
        'Deleted: true',
      ],
    ],
    [
      'v0',
      [
        'Ada: Hello Bob',
        'Confirmed to Ada: true',
        'Bob is typing',
        'Read: true',
        'Deleted: true',
        "Bob's conversations: Ada",
      ],
    ],
    [
      'conversation',
      [
        'Ada is typing',
        'Ada: Hello Bob',
        'Delivered to Bob: true',
        'Read by Bob: true',
        'Deleted: true',
      ],
    ],
    [
      'room',
      [
        'Bob has come: true, they are 2',
        'Ada is typing',
        'Ada: Hello everybody',
        'Read by Bob: true',
        "The room's messages: Hello everybody",
        'Bob has left: true',
      ],
    ],
  ])('has a program in the dialect %s in which two people chat', async (dialect, lines) => {
    const said = await example.run(process.execPath, [`${dialect}.mjs`], { URL: server.url });
    expect(said.trimEnd().split('\n')).toEqual(lines);
  });
});

/** Serves a built example, as `npm run preview` does; answers its address. */
const preview = async ({ folder }: Example): Promise<{ url: string; stop(): Promise<void> }> => {
  const port = await freePort();
  const args = ['node_modules/vite/bin/vite.js', 'preview', '--strictPort', '--port', String(port)];
  const child = spawn(process.execPath, [...args, '--host', '127.0.0.1'], { cwd: folder });
  const url = `http://127.0.0.1:${port}`;
  await eventually(() =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return {
    url,
    stop: async () => {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill();
      await ended;
    },
  };
};

const rows = (page: Page) => page.getByRole('list', { name: 'Messages' }).getByRole('listitem');
/** The words that a page shows as messages. */
const words = async (page: Page): Promise<string> =>
  (await rows(page).allInnerTexts()).map((text) => text.trim().split(/\s/)[0]).join();
const write = async (page: Page, text: string) => {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
};

describe.each([
  ['react', ['client', 'react']],
  ['vue', ['client']],
])('examples/%s', (name, packages) => {
  let example: Example;
  let browser: Browser;
  let page: { url: string; stop(): Promise<void> };
  beforeAll(async () => {
    example = await installExample(name, await packPackages(packages, packed));
    const VITE_PARLEY_URL = `http://127.0.0.1:${network.port}`;
    await example.run('npm', ['run', 'build'], { VITE_PARLEY_URL });
    page = await preview(example);
    browser = await startBrowser();
  }, INSTALL_TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await page.stop();
    await example.remove();
  });

  /** A page on which somebody of this id is signed in. */
  const signIn = async (user: string): Promise<Page> => {
    const shown = await (await browser.newContext()).newPage();
    await shown.goto(page.url);
    await shown.getByLabel('Your user id').fill(user);
    await shown.getByRole('button', { name: 'Sign in' }).click();
    await shown.getByRole('status').getByText('connected', { exact: true }).waitFor();
    return shown;
  };

  it('lets two people chat, and an outage in between loses nothing and doubles nothing', async () => {
    const [ada, bob] = await Promise.all([signIn(`ada-${name}`), signIn(`bob-${name}`)]);
    await ada.getByLabel('Write to').fill(`bob-${name}`);
    await ada.getByLabel('Write to').press('Enter');
    await bob.getByRole('button', { name: `Accept ada-${name}` }).click();
    await write(ada, 'hello');
    await rows(bob).getByText('hello').waitFor();
    await rows(ada).getByText('read').waitFor();
    await bob.getByLabel('Message', { exact: true }).pressSequentially('hi');
    await ada.getByText(`bob-${name} is typing`).waitFor();
    await bob.getByRole('button', { name: 'Send' }).click();
    await rows(ada).getByText('hi').waitFor();

    // Ada has no network at all, and for Bob the server is away.
    await ada.context().setOffline(true);
    network.set('cut');
    await bob
      .getByRole('status')
      .getByText('connected', { exact: true })
      .waitFor({ state: 'hidden' });
    for (const text of ['one', 'two']) await write(ada, text);
    await ada.getByText('2 waiting').waitFor();
    expect(await words(ada)).toBe('hello,hi,one,two');
    const token = await (await fetch(`${page.url}/chat-token?user=bob-${name}`)).text();
    const bobs = { Authorization: `Bearer ${token}` };
    const chats = await server.http.get('/api/chats/active').set(bobs).expect(200);
    const [{ id: chatId }] = chats.body.data as [{ id: string }];
    const meanwhile = { chatId, content: 'meanwhile' };
    await server.http.post('/api/messages').set(bobs).send(meanwhile).expect(201);
    network.set('pass');
    await ada.context().setOffline(false);

    const all = 'hello,hi,meanwhile,one,two';
    await eventually(async () => (await words(ada)) === all && (await words(bob)) === all);
    const log = await server.http.get(`/api/chats/${chatId}/messages`).set(bobs).expect(200);
    expect((log.body.data as { content: string }[]).map(({ content }) => content).join()).toBe(all);
    await Promise.all([ada.context().close(), bob.context().close()]);
  });
});

describe('examples/html', () => {
  /** The folder, with the SDK copied into it as the quick start tells. */
  const FILES: Record<string, [file: string, type: string]> = {
    '/': ['examples/html/index.html', 'text/html'],
    '/chat.js': ['examples/html/chat.js', 'text/javascript'],
    '/parley.js': ['packages/client/dist/browser.js', 'text/javascript'],
  };
  let browser: Browser;
  let folder: Server;
  let address: string;
  beforeAll(async () => {
    browser = await startBrowser();
    // A server, and no routes of the browser: it lets pages of unknown addresses ask nobody on this machine.
    folder = createServer((request, response) => {
      const [file, type] = FILES[new URL(request.url ?? '/', 'http://page').pathname] ?? [];
      response.writeHead(file === undefined ? 404 : 200, { 'Content-Type': type ?? 'text/plain' });
      if (file === undefined) response.end();
      else createReadStream(file).pipe(response);
    });
    await new Promise<void>((resolve) => folder.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${String((folder.address() as AddressInfo).port)}`;
  });
  afterAll(async () => {
    await browser.close();
    folder.closeAllConnections();
    folder.close();
  });

  const open = async (): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${address}/?parley=${server.url}`);
    return page;
  };

  it('lets two people of Parley’s own accounts chat, without a bundler', async () => {
    const people = await Promise.all([registerUser(server), registerUser(server)]);
    const [ada, bob] = await Promise.all(
      people.map(async ({ username }) => {
        const page = await open();
        await page.getByLabel('Username').fill(username);
        await page.getByLabel('Password').fill('test123');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByRole('status').getByText('connected', { exact: true }).waitFor();
        return page;
      }),
    );
    await ada!.getByLabel('Write to').fill(people[1]!.username);
    await ada!.getByLabel('Write to').press('Enter');
    await bob!.getByRole('button', { name: `Accept ${people[0]!.username}` }).click();
    await write(ada!, 'hello');
    await rows(bob!).getByText(`${people[0]!.username}: hello`).waitFor();
    await write(bob!, 'hi');
    await rows(ada!).getByText(`${people[1]!.username}: hi`).waitFor();
    await rows(bob!).getByText('You: hi').waitFor();
    expect([await rows(ada!).count(), await rows(bob!).count()]).toEqual([2, 2]);
  });
});

describe('examples/react-native', () => {
  let example: Example;
  beforeAll(async () => {
    const packages = await packPackages(['client', 'react'], packed);
    example = await installExample('react-native', packages);
  }, INSTALL_TIMEOUT_MS);
  afterAll(async () => {
    await example.remove();
  });

  it(
    'has the types of React Native, and is bundled by its tools',
    async () => {
      await example.run('npm', ['run', 'typecheck']);
      const env = { CI: '1', EXPO_OFFLINE: '1', EXPO_NO_TELEMETRY: '1' };
      const said = await example.run('npm', ['run', 'bundle'], env);
      expect(said).toMatch(/Exported: dist/);
    },
    INSTALL_TIMEOUT_MS,
  );
});
