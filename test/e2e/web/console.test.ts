/** The admin console at /admin in a real browser: an admin through every section, and what axe says of each. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { ADMIN_ENV, loginAdmin } from '../../support/admin.js';
import { violations } from '../../support/accessibility.js';
import { startBrowser } from '../../support/browser.js';
import type { TestServer, TestUser } from '../../support/server.js';
import { registerUser, startServer } from '../../support/server.js';

let server: TestServer;
let browser: Browser;
let user: TestUser;
let page: Page;
const complaints: string[] = [];

const open = async (
  username: string,
  password: string,
  colorScheme: 'light' | 'dark' = 'light',
  width = 1280,
): Promise<Page> => {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme,
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  const opened = await context.newPage();
  opened.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  opened.on('pageerror', (error) => complaints.push(error.message));
  await opened.goto(`${server.url}/admin`);
  await opened.locator('input').first().fill(username);
  await opened.locator('input[type=password]').fill(password);
  await opened.keyboard.press('Enter');
  return opened;
};
const goTo = async (name: string) => {
  await page.getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
};

// A build takes a while where nothing has been built yet.
beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/build.mjs', '--if-needed']);
  [server, browser] = await Promise.all([startServer({ env: ADMIN_ENV }), startBrowser()]);
  user = await registerUser(server);
  page = await open(ADMIN_ENV.ADMIN_USERNAME, ADMIN_ENV.ADMIN_PASSWORD);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}, 300_000);
afterAll(async () => {
  await browser.close();
  await server.close();
});

describe('the admin console', () => {
  it('counts what waits, and the accounts', async () => {
    await page.getByText('Open accounts').waitFor();
    expect(await page.getByText('Open cases').count()).toBe(1);
    expect(await violations(page)).toEqual([]);
  });

  it('finds a person, closes their account, and opens it again', async () => {
    await goTo('People');
    await page.getByRole('searchbox', { name: 'Find people' }).fill(user.username);
    const actions = page.getByRole('button', { name: `Actions for ${user.username}` });
    await actions.waitFor();
    expect(await violations(page)).toEqual([]);
    await actions.click();
    await page.getByRole('menuitem', { name: 'Close account' }).click();
    await page.getByRole('button', { name: 'Close account' }).click();
    await page.getByText('Closed', { exact: true }).waitFor();
    await server.http.get('/api/auth/me').set(user.auth).expect(403);
    await actions.click();
    await page.getByRole('menuitem', { name: 'Open account' }).click();
    await page.getByRole('button', { name: 'Open account' }).click();
    await page.getByText('Closed', { exact: true }).waitFor({ state: 'detached' });
  });

  it('sends a broadcast, and takes back one that is for later', async () => {
    await goTo('Broadcasts');
    const write = async (text: string, time?: string) => {
      await page.getByRole('textbox', { name: 'Message' }).fill(text);
      if (time !== undefined) await page.getByLabel('When').fill(time);
      await page.getByRole('button', { name: 'Send to everybody' }).click();
      await page
        .getByRole('alertdialog')
        .getByRole('button', { name: 'Send to everybody' })
        .click();
      await page.getByRole('table').getByText(text).waitFor();
    };
    await write('We are open again');
    await write('Closed tomorrow', '2090-01-01T10:00');
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Take back' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Take back' }).click();
    await page.getByText('Taken back').waitFor();
    const admin = await loginAdmin(server);
    const listed = await server.http.get('/api/admin/broadcasts').set(admin.auth).expect(200);
    const states = (listed.body as { data: { message: string; status: string }[] }).data;
    expect(states.find(({ message }) => message === 'Closed tomorrow')!.status).toBe('cancelled');
  });

  it('shows what was done in the audit log, and nothing to people who are no admins', async () => {
    await goTo('Audit log');
    await page.getByText('users.deactivate').first().waitFor();
    await page.getByRole('searchbox', { name: 'Action' }).fill('broadcasts.');
    await page.keyboard.press('Enter');
    await page.getByText('users.deactivate').first().waitFor({ state: 'detached' });
    expect(await violations(page)).toEqual([]);
    const other = await registerUser(server);
    const stranger = await open(other.username, 'test123');
    await stranger.getByText('This page is for admins').waitFor();
    expect(await stranger.getByRole('link', { name: 'People' }).count()).toBe(0);
  });

  it('has nothing that axe finds in the dark and on a phone', async () => {
    page = await open(ADMIN_ENV.ADMIN_USERNAME, ADMIN_ENV.ADMIN_PASSWORD, 'dark', 360);
    for (const name of ['Overview', 'People', 'Broadcasts', 'Audit log']) {
      await goTo(name);
      await page.locator('table, dl').first().waitFor();
      expect([name, await violations(page)]).toEqual([name, []]);
    }
  });

  it('breaks no policy and logs no error', () => {
    expect(complaints).toEqual([]);
  });
});
