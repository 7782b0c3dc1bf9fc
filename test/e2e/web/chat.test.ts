/** The chat client at /app in a real browser: two people in two windows, an outage in between, and what axe says. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { violations } from '../../support/accessibility.js';
import { startBrowser } from '../../support/browser.js';
import { eventually } from '../../support/eventually.js';
import type { TestServer, TestUser } from '../../support/server.js';
import { openChatBetween, registerUser, startServer } from '../../support/server.js';

let server: TestServer;
let browser: Browser;
/** What the browsers complained about: errors, and breaches of the content security policy. */
const complaints: string[] = [];

// A build takes a while where nothing has been built yet.
beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/build.mjs', '--if-needed']);
  [server, browser] = await Promise.all([
    startServer({ env: { PRESENCE_GRACE_MS: '0' } }),
    startBrowser(),
  ]);
}, 300_000);
afterAll(async () => {
  await browser.close();
  await server.close();
});

interface Look {
  width?: number;
  height?: number;
  colorScheme?: 'light' | 'dark';
  locale?: string;
}

/** Signs somebody in, in a window of their own. */
const signIn = async (
  user: Pick<TestUser, 'username'>,
  { width = 1100, height = 760, colorScheme = 'light', locale = 'en-GB' }: Look = {},
): Promise<Page> => {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    locale,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${server.url}/app`);
  await page.locator('input').first().fill(user.username);
  await page.locator('input[type=password]').fill('test123');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
};

const messages = (page: Page) => page.getByRole('log', { name: 'Messages' });
const write = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Write a message' }).fill(text);
  await page.keyboard.press('Enter');
};
const openChat = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('link', { name }).first().click();
  await page.getByRole('heading', { level: 2, name }).waitFor();
};

describe('the chat client', () => {
  it('lets two people find each other, accept, chat, reply, react, edit and delete', async () => {
    const [ada, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const [a, b] = await Promise.all([signIn(ada), signIn(bob)]);
    await a.getByRole('button', { name: 'New chat' }).first().click();
    await a.getByRole('searchbox', { name: 'Name or username' }).fill(bob.username);
    await a.getByRole('checkbox', { name: bob.username }).click({ force: true });
    await a.getByRole('button', { name: 'Start chat' }).click();
    await a.getByRole('heading', { level: 2, name: bob.username }).waitFor();

    await b.getByRole('button', { name: /Requests/ }).click();
    await openChat(b, ada.username);
    await b.getByRole('button', { name: 'Accept' }).click();
    await b.getByRole('textbox', { name: 'Write a message' }).waitFor();

    await write(a, 'Hello @bob, see https://example.com and `code`');
    await messages(b).getByRole('link', { name: 'https://example.com' }).waitFor();
    await messages(a).getByLabel('Read').waitFor();
    await b.getByRole('textbox', { name: 'Write a message' }).pressSequentially('Hi');
    await a.getByText(`${bob.username} is typing…`).first().waitFor();
    await b.keyboard.press('Enter');
    await messages(a).getByText('Hi', { exact: true }).waitFor();

    await messages(a).getByText('Hi', { exact: true }).hover();
    await messages(a).getByRole('button', { name: 'Reply' }).last().click();
    await write(a, 'How are you?');
    await messages(b).getByText('How are you?').waitFor();
    await messages(b).getByText('How are you?').hover();
    await messages(b).getByRole('button', { name: 'Add reaction' }).last().click();
    await b.getByRole('menuitem', { name: '🎉' }).click();
    await messages(a).getByRole('button', { name: '🎉, 1 person' }).waitFor();

    await messages(a).getByText('How are you?').hover();
    await messages(a).getByRole('button', { name: 'Message actions' }).last().click();
    await a.getByRole('menuitem', { name: 'Edit message' }).click();
    await write(a, 'How do you do?');
    await messages(b).getByText('How do you do?').waitFor();
    await messages(b).getByText('edited').waitFor();
    await messages(a).getByText('How do you do?').hover();
    await messages(a).getByRole('button', { name: 'Message actions' }).last().click();
    await a.getByRole('menuitem', { name: 'Delete for everyone' }).click();
    await a.getByRole('button', { name: 'Delete for everyone' }).click();
    await messages(b).getByText('Message deleted').waitFor();
    expect(await messages(b).getByText('How do you do?').count()).toBe(0);
    for (const page of [a, b]) await page.context().close();
  });

  it('keeps drafts over a reload, and sends what was written offline once', async () => {
    const [ada, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const chatId = await openChatBetween(server, ada, bob);
    const page = await signIn(ada);
    await openChat(page, bob.username);
    await page.getByRole('textbox', { name: 'Write a message' }).fill('Not finis');
    await page.reload();
    const field = page.getByRole('textbox', { name: 'Write a message' });
    await field.waitFor();
    expect(await field.inputValue()).toBe('Not finis');
    await page.context().setOffline(true);
    await write(page, 'Written offline');
    await messages(page).getByLabel('Sending').waitFor();
    await page.context().setOffline(false);
    await messages(page).getByLabel('Sent', { exact: true }).waitFor();
    const log = await server.http.get(`/api/chats/${chatId}/messages`).set(bob.auth).expect(200);
    const texts = (log.body as { data: { content: string }[] }).data.map(({ content }) => content);
    expect(texts).toEqual(['Written offline']);
    complaints.splice(
      0,
      complaints.length,
      ...complaints.filter((text) => !/ERR_INTERNET/.test(text)),
    );
    await page.context().close();
  });

  it('sends a picture, makes a group, searches and jumps to what was found', async () => {
    const [ada, bob, cid] = (await Promise.all([1, 2, 3].map(() => registerUser(server)))) as [
      TestUser,
      TestUser,
      TestUser,
    ];
    for (const other of [bob, cid]) await openChatBetween(server, ada, other);
    const page = await signIn(ada);
    await page.getByRole('button', { name: 'New chat' }).first().click();
    for (const { username } of [bob, cid]) {
      await page.getByRole('searchbox', { name: 'Name or username' }).fill(username);
      await page.getByRole('checkbox', { name: username }).click({ force: true });
    }
    await page.getByRole('textbox', { name: 'Name of the group' }).fill('Harbour walk');
    await page.getByRole('button', { name: 'Create group' }).click();
    await page.getByRole('heading', { level: 2, name: 'Harbour walk' }).waitFor();
    await page.getByText('3 members').waitFor();
    const picture = await sharp({
      create: { width: 64, height: 40, channels: 3, background: 'teal' },
    })
      .png()
      .toBuffer();
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'boat.png', mimeType: 'image/png', buffer: picture });
    await messages(page).getByRole('img', { name: 'boat.png' }).waitFor();
    await write(page, 'Lighthouse at noon');
    await messages(page).getByText('Lighthouse at noon').waitFor();
    await page.getByRole('button', { name: 'Search in this chat' }).click();
    await page.getByRole('searchbox', { name: 'Words, then Enter' }).fill('lighthouse');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /Lighthouse at noon/ }).click();
    await page.getByRole('searchbox', { name: 'Words, then Enter' }).waitFor({ state: 'detached' });
    expect(await messages(page).getByText('Lighthouse at noon').count()).toBe(1);
    await page.context().close();
  });

  it.each([
    ['light, wide', {}],
    ['dark, wide', { colorScheme: 'dark' }],
    ['a phone', { width: 360, height: 720 }],
    ['from right to left', { locale: 'ar' }],
  ] as [string, Look][])(
    'has nothing that axe finds, and is as wide as its window: %s',
    async (_, look) => {
      const [ada, bob] = await Promise.all([registerUser(server), registerUser(server)]);
      const chatId = await openChatBetween(server, ada, bob);
      for (const content of ['Hello', 'مرحبا', 'a'.repeat(300)]) {
        await server.http.post('/api/messages').set(bob.auth).send({ chatId, content }).expect(201);
      }
      const page = await signIn(ada, look);
      const fits = () =>
        page.evaluate(() => {
          const { documentElement } = (
            globalThis as unknown as {
              document: { documentElement: { scrollWidth: number; clientWidth: number } };
            }
          ).document;
          return documentElement.scrollWidth <= documentElement.clientWidth;
        });
      expect(await violations(page)).toEqual([]);
      expect(await fits()).toBe(true);
      await page.getByRole('link', { name: bob.username }).first().click();
      await page.getByText('Hello', { exact: true }).last().waitFor();
      await eventually(async () => (await page.getByText('مرحبا').count()) > 0);
      expect(await violations(page)).toEqual([]);
      expect(await fits()).toBe(true);
      await page.context().close();
    },
  );

  it('loads less than 200 kB before anybody has signed in, compressed as browsers get it at worst', () => {
    const folder = 'packages/web/dist';
    const page = readFileSync(`${folder}/app.html`, 'utf8');
    const files = new Set(
      [...page.matchAll(/"\/app\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file!),
    );
    expect(files.size).toBeGreaterThan(2);
    const sizes = [...files].map((file) => gzipSync(readFileSync(`${folder}/${file}`)).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(200_000);
  });

  it('breaks no policy and logs no error', () => {
    expect(complaints).toEqual([]);
  });
});
