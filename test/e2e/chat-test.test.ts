/** The chat test page in a real browser: two people in two windows, under the strict policy. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { startBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import type { TestServer } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const ADMIN = { username: 'root', email: 'root@example.com', password: 'test123' };

/** The part of a browser's window that is used in it. */
interface BrowserWindow {
  getComputedStyle(element: unknown): { direction: string };
}

let server: TestServer;
let browser: Browser;
/** What the browsers complained about: errors, and breaches of the content security policy. */
const complaints: string[] = [];

beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/build.mjs', '--web']);
  [server, browser] = await Promise.all([
    startServer({
      env: {
        ADMIN_USERNAME: ADMIN.username,
        ADMIN_EMAIL: ADMIN.email,
        ADMIN_PASSWORD: ADMIN.password,
        PRESENCE_GRACE_MS: '0',
      },
    }),
    startBrowser(),
  ]);
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

/** Opens the page in a window of its own. */
const openPage = async (
  viewport = { width: 1100, height: 760 },
  { url }: { url: string } = server,
): Promise<Page> => {
  const page = await (await browser.newContext({ viewport })).newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`foreign: ${request.url()}`);
  });
  await page.goto(`${url}/views/chat-test.html`);
  return page;
};

const logIn = async (username: string, viewport?: { width: number; height: number }) => {
  const page = await openPage(viewport);
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill('test123');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('connected', { exact: true }).waitFor();
  return page;
};

const write = async (page: Page, text: string) => {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
};

const messages = (page: Page) => page.getByRole('log', { name: 'Messages' });

describe('the chat test page', () => {
  it('lets two people find each other, chat, see typing, reading and presence', async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const a = await logIn(alice.username);
    const b = await logIn(bob.username);

    await a.getByLabel('Find people').fill(bob.username);
    await a.getByRole('list', { name: 'People found' }).getByText(bob.username).click();
    await write(a, 'Hello Bob!');
    await messages(a).getByText('Hello Bob!').waitFor();
    await messages(a).getByRole('img', { name: 'sent' }).waitFor();

    const conversation = b
      .getByRole('list', { name: 'My conversations' })
      .getByRole('button', { name: alice.username });
    await conversation.getByLabel('1 unread').waitFor();
    await conversation.click();
    await messages(b).getByText('Hello Bob!').waitFor();
    await messages(a).getByRole('img', { name: 'read' }).waitFor();
    expect(await b.locator('.badge').count()).toBe(0);

    // It is shown for some seconds only.
    await Promise.all([
      a.getByText('typing…').waitFor(),
      b.getByLabel('Message', { exact: true }).pressSequentially('Hi'),
    ]);
    await b.getByRole('button', { name: 'Send' }).click();
    await messages(a).getByText('Hi', { exact: true }).waitFor();
    await a.locator('#peer-state', { hasText: 'online' }).waitFor();
    await messages(b).getByRole('img', { name: 'read' }).waitFor();

    await b.context().close();
    await a.locator('#peer-state', { hasText: 'last seen' }).waitFor();
    await a.context().close();
  });

  it('lets admins alone broadcast, and shows it to everybody', async () => {
    const user = await logIn((await registerUser(server)).username);
    expect(await user.getByLabel('Broadcast to everybody').isVisible()).toBe(false);
    const admin = await logIn(ADMIN.username);
    await admin.getByLabel('Broadcast to everybody').fill('Maintenance at ten.');
    await admin.getByRole('button', { name: 'Broadcast' }).click();
    await admin.getByText('Sent to everybody.').waitFor();
    await user
      .locator('.announcement', { hasText: 'Announcement by rootMaintenance at ten.' })
      .waitFor();
    await user.getByRole('button', { name: 'Dismiss' }).click();
    expect(await user.locator('.announcement').count()).toBe(0);
    await user.context().close();
    await admin.context().close();
  });

  it('shows what people write as text, whatever it looks like', async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const attack = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await server.http
      .post('/api/v0/chat/send')
      .set(alice.auth)
      .send({ receiverId: bob.id, message: attack })
      .expect(201);
    const page = await logIn(bob.username);
    await page.getByRole('button', { name: alice.username }).click();
    await messages(page).getByText(attack).waitFor();
    expect(await page.title()).toBe('Parley – chat test');
    await page.context().close();
  });

  it('registers, stays logged in over a reload, and logs out', async () => {
    const page = await openPage();
    const username = `new_${Date.now().toString(36)}`;
    await page.getByRole('button', { name: 'Register' }).click();
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('E-mail').fill(`${username}@example.com`);
    await page.getByLabel('Password').fill('test123');
    await page.getByRole('button', { name: 'Register', exact: true }).click();
    await page.getByText('connected', { exact: true }).waitFor();
    await page.reload();
    await page.getByText('connected', { exact: true }).waitFor();
    expect(await page.locator('#my-name').innerText()).toBe(username);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
    await page.context().close();
  });

  it('stays connected over the ends of its tokens, and over a reload after them', async () => {
    const shortLived = await startServer({ env: { JWT_EXPIRES_IN: '4s' } });
    try {
      const { username } = await registerUser(shortLived);
      const page = await openPage(undefined, shortLived);
      const refreshed: string[] = [];
      let closed = 0;
      page.on('websocket', (socket) => {
        socket.on('framesent', ({ payload }) => {
          if (String(payload).includes('refresh_token')) refreshed.push(String(payload));
        });
        socket.on('close', () => (closed += 1));
      });
      await page.reload();
      await page.getByLabel('Username').fill(username);
      await page.getByLabel('Password').fill('test123');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByText('connected', { exact: true }).waitFor();
      await eventually(() => new Set(refreshed).size >= 3);
      expect(closed).toBe(0);
      await page.reload();
      await page.getByText('connected', { exact: true }).waitFor();
      expect(await page.locator('#my-name').innerText()).toBe(username);
      await page.context().close();
    } finally {
      await shortLived.close();
    }
  });

  it('says what is wrong with a login', async () => {
    const { username } = await registerUser(server);
    const page = await openPage();
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText(/\w/).waitFor();
    // A refused login is an error to the browser's console, and the only one that is meant.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]);
    await page.context().close();
  });

  it('fits a phone: one side at a time, nothing cut off', async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const phone = { width: 360, height: 700 };
    const page = await logIn(alice.username, phone);
    await page.getByLabel('Find people').fill(bob.username);
    await page.getByRole('list', { name: 'People found' }).getByText(bob.username).click();
    await write(page, 'From a phone, with averylongwordthatdoesnotfit'.repeat(3));
    await messages(page).getByRole('img', { name: 'sent' }).waitFor();
    expect(await page.getByRole('list', { name: 'My conversations' }).isVisible()).toBe(false);
    const width = () => page.evaluate('document.documentElement.scrollWidth');
    expect(await width()).toBeLessThanOrEqual(phone.width);
    const field = page.getByLabel('Message', { exact: true });
    const oneLine = (await field.boundingBox())!.height;
    await field.fill('one\ntwo\nthree');
    expect((await field.boundingBox())!.height).toBeGreaterThan(oneLine + 20);
    await page.getByRole('button', { name: 'Back to conversations' }).click();
    await page.getByRole('list', { name: 'My conversations' }).getByText(bob.username).waitFor();
    expect(await width()).toBeLessThanOrEqual(phone.width);
    const logOut = (await page.getByRole('button', { name: 'Log out' }).boundingBox())!;
    expect(logOut.x + logOut.width).toBeLessThanOrEqual(phone.width);
    await page.context().close();
  });

  it('sends what was written offline once, in order, also after a reload, and never twice', async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const chatId = await openChatBetween(server, alice, bob);
    const page = await logIn(alice.username);
    await page.getByRole('button', { name: bob.username }).click();
    await write(page, 'before');
    await messages(page).getByRole('img', { name: 'sent' }).waitFor();

    await page.context().setOffline(true);
    await page.getByText('reconnecting…').waitFor();
    const texts = ['first offline', 'second offline', 'third offline'];
    for (const text of texts) await write(page, text);
    await messages(page).getByText('waiting for the connection…').nth(2).waitFor();
    // Longer than the page waits for an answer, so that none of them is given up.
    await page.waitForTimeout(11_000);
    expect(await messages(page).locator('.failed').count()).toBe(0);
    await page.context().setOffline(false);
    await messages(page).getByRole('img', { name: 'sent' }).nth(3).waitFor();

    // Written offline, and the page is loaded anew before it could be sent.
    await page.context().setOffline(true);
    await page.getByText('reconnecting…').waitFor();
    await write(page, 'before a reload');
    await page.context().setOffline(false);
    await page.reload();
    await page.getByText('connected', { exact: true }).waitFor();
    await page.getByRole('button', { name: bob.username }).click();
    await messages(page).getByText('before a reload').waitFor();
    await messages(page).getByRole('img', { name: 'sent' }).nth(4).waitFor();
    await page.waitForTimeout(3000);

    const { body } = await server.http.get(`/api/chats/${chatId}/messages`).set(alice.auth);
    expect((body.data as { content: string }[]).map(({ content }) => content)).toEqual([
      'before',
      ...texts,
      'before a reload',
    ]);
    expect(await messages(page).locator('.message').count()).toBe(5);
    await page.context().close();
    // What a browser says of an address that it cannot reach.
    complaints.splice(0).forEach((complaint) => {
      expect(complaint).toMatch(
        /ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|WebSocket|Failed to fetch/,
      );
    });
  });

  it('keeps what was sent while the messages of the conversation were fetched', async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const chatId = await openChatBetween(server, alice, bob);
    await server.http.post('/api/messages').set(bob.auth).send({ chatId, content: 'older' });
    const page = await logIn(alice.username);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const answered = new Promise<void>((resolve) => {
      void page.route(`**/api/chats/${chatId}/messages?*`, async (route) => {
        const response = await route.fetch();
        resolve();
        await released;
        await route.fulfill({ response });
      });
    });
    await page.getByRole('button', { name: bob.username }).click();
    await answered;
    await write(page, 'sent meanwhile');
    await messages(page).getByRole('img', { name: 'sent' }).waitFor();
    release();
    await messages(page).getByText('older').waitFor();
    expect(await messages(page).getByText('sent meanwhile').count()).toBe(1);
    await page.context().close();
  });

  it('shows a request for a chat when it comes, and lets it be accepted or rejected', async () => {
    const [alice, bob, carol] = await Promise.all([1, 2, 3].map(() => registerUser(server)));
    const page = await logIn(bob!.username);
    for (const asking of [alice!, carol!]) {
      await server.http
        .post('/api/chats/or-create')
        .set(asking.auth)
        .send({ recipientId: bob!.id })
        .expect(201);
    }
    const entry = (name: string) => page.getByRole('button', { name });
    await entry(alice!.username).getByText('wants to chat with you').waitFor();
    await entry(alice!.username).click();
    expect(await page.getByRole('button', { name: 'Send' }).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Accept' }).click();
    await write(page, 'Hello, and welcome');
    await messages(page).getByRole('img', { name: 'sent' }).waitFor();
    await entry(carol!.username).click();
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.getByText('This request was rejected.').waitFor();
    await page.context().close();
  });

  it('says that a request of mine waits, and lets me write when it is accepted', async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const page = await logIn(alice.username);
    const { body } = await server.http
      .post('/api/chats/or-create')
      .set(alice.auth)
      .send({ recipientId: bob.id })
      .expect(201);
    await page.getByRole('button', { name: bob.username }).click();
    await page.getByText('You can write as soon as your request is accepted.').waitFor();
    await server.http.post(`/api/chats/${body.data.id}/accept`).set(bob.auth).expect(200);
    await write(page, 'At last');
    await messages(page).getByRole('img', { name: 'sent' }).waitFor();
    await page.context().close();
  });

  it('shows older messages than the newest hundred, and stays where it was', async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const chatId = await openChatBetween(server, alice, bob);
    const socket = await TestSocket.connect(server, alice);
    for (let i = 1; i <= 230; i++) {
      await socket.command('send_message', { chatId, content: `number ${i}` });
    }
    socket.close();
    const page = await logIn(bob.username);
    await page.getByRole('button', { name: alice.username }).click();
    await messages(page).getByText('number 230', { exact: true }).waitFor();
    const older = page.getByRole('button', { name: 'Earlier messages' });
    for (const [first, shown] of [
      [31, 200],
      [1, 230],
    ]) {
      await messages(page).evaluate((list: { scrollTop: number }) => {
        list.scrollTop = 0;
      });
      await older.click();
      await messages(page).getByText(`number ${first}`, { exact: true }).waitFor();
      expect(await messages(page).locator('.message').count()).toBe(shown);
      const top = await messages(page).evaluate((list: { scrollTop: number }) => list.scrollTop);
      expect(top).toBeGreaterThan(500);
    }
    expect(await older.isVisible()).toBe(false);
    await page.context().close();
  });

  it('shows pictures that were uploaded, and only the address of foreign ones', async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    const chatId = await openChatBetween(server, alice, bob);
    const picture = await sharp({
      create: { width: 400, height: 300, channels: 3, background: '#2a7' },
    })
      .png()
      .toBuffer();
    const { body } = await server.http
      .post('/api/media/upload-chat-media')
      .set(alice.auth)
      .attach('file', picture, 'green.png')
      .field('chatId', chatId)
      .expect(201);
    const { url } = body.data as { url: string };
    await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, media: [{ url }, { url: 'https://pictures.example/a.png', type: 'image' }] })
      .expect(201);
    const page = await logIn(bob.username);
    await page.getByRole('button', { name: alice.username }).click();
    const shown = messages(page).getByRole('img', { name: 'green.png' });
    await shown.waitFor();
    await eventually(() =>
      shown.evaluate((img: { naturalWidth: number }) => img.naturalWidth === 320),
    );
    await messages(page).getByRole('link', { name: 'https://pictures.example/a.png' }).waitFor();
    await page.context().close();
  });

  it('writes each text in the direction of its script, also while it is typed', async () => {
    const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
    await openChatBetween(server, alice, bob);
    const page = await logIn(alice.username);
    await page.getByRole('button', { name: bob.username }).click();
    const directionOf = (locator: Locator) =>
      locator.evaluate(
        (element) => (globalThis as never as BrowserWindow).getComputedStyle(element).direction,
      );
    const field = page.getByLabel('Message', { exact: true });
    for (const [text, direction] of [
      ['שלום, Bob!', 'rtl'],
      ['مرحبا 123', 'rtl'],
      ['Hello שלום', 'ltr'],
    ] as const) {
      await field.fill(text);
      expect(await directionOf(field)).toBe(direction);
      await page.getByRole('button', { name: 'Send' }).click();
      const shown = messages(page).getByText(text);
      // The list is shown anew with each answer of the server, and what is not in the page has no direction.
      await eventually(async () => (await directionOf(shown)) === direction);
    }
    await page.context().close();
  });

  it('breaks no policy, loads nothing from elsewhere and logs no error', () => {
    expect(complaints).toEqual([]);
  });
});
