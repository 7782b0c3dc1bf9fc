/** The page that links in mails open, in a real browser, under the strict policy. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../support/browser.js';
import type { MailServer } from '../support/mail-server.js';
import { startMailServer } from '../support/mail-server.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

const PUBLIC_URL = 'https://chat.example.com';

let smtp: MailServer;
let server: TestServer;
let browser: Browser;
/** What the browser complained about: errors, and breaches of the content security policy. */
const complaints: string[] = [];

beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/build.mjs', '--web']);
  smtp = await startMailServer();
  [server, browser] = await Promise.all([
    startServer({ env: { SMTP_URL: smtp.url, PUBLIC_URL } }),
    startBrowser(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await smtp.close();
});

const addressOf = ({ username }: TestUser) => `${username}@example.com`;

/** Opens the link of the next mail to an address. */
const openMail = async (to: string): Promise<Page> => {
  const { text } = await smtp.next(to);
  const link = /https:\S+/.exec(text)![0].replace(PUBLIC_URL, server.url);
  const page = await (await browser.newContext()).newPage();
  page.on('console', (message) => {
    // A refused request is told by the browser, too.
    if (message.type() === 'error' && !message.text().includes('status of')) {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(link);
  return page;
};

const isEmailVerified = async (user: TestUser) =>
  (await server.http.get('/api/auth/me').set(user.auth)).body.data.isEmailVerified as boolean;

describe('the page of links in mails', () => {
  it('confirms an address when its button is pressed, and not before', async () => {
    const user = await registerUser(server);
    const page = await openMail(addressOf(user));
    await page.getByRole('heading', { name: 'Confirm your e-mail address' }).waitFor();
    expect(await isEmailVerified(user)).toBe(false);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('status').getByText('Your e-mail address is confirmed.').waitFor();
    expect(await isEmailVerified(user)).toBe(true);
  });

  it('sets a new password in the reader’s language, from right to left, and says what is wrong', async () => {
    const user = await registerUser(server);
    await smtp.next(addressOf(user));
    const locale = { locale: 'ar' };
    await server.http.put('/api/users/profile').set(user.auth).send(locale).expect(200);
    const email = { email: addressOf(user) };
    await server.http.post('/api/auth/forgot-password').send(email).expect(202);
    const page = await openMail(addressOf(user));
    await page.getByRole('heading', { name: 'تعيين كلمة مرور جديدة' }).waitFor();
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl');
    const field = page.getByLabel('كلمة المرور الجديدة');
    await field.fill('x');
    await page.getByRole('button').click();
    await page.getByRole('alert').getByText('كلمة المرور قصيرة جدًا أو طويلة جدًا.').waitFor();
    await field.fill('a new password');
    await page.getByRole('button').click();
    await page.getByRole('status').getByText('تم تعيين كلمة المرور').waitFor();
    const login = { username: user.username, password: 'a new password' };
    await server.http.post('/api/auth/login').send(login).expect(200);
    await page.reload();
    await page.getByLabel('كلمة المرور الجديدة').fill('yet another one');
    await page.getByRole('button').click();
    await page.getByRole('alert').getByText('انتهت صلاحية هذا الرابط').waitFor();
  });

  it('undoes a change of address, and sets a new password at once', async () => {
    const user = await registerUser(server);
    await smtp.next(addressOf(user));
    const change = { email: `new.${addressOf(user)}`, currentPassword: 'test123' };
    await server.http.post('/api/auth/change-email').set(user.auth).send(change).expect(202);
    const confirm = await openMail(change.email);
    await confirm.getByRole('button', { name: 'Confirm' }).click();
    await confirm.getByText('Your e-mail address has been changed.').waitFor();
    const page = await openMail(addressOf(user));
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByLabel('New password').fill('mine again');
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.getByText('Your password has been set.').waitFor();
    const login = { email: addressOf(user), password: 'mine again' };
    await server.http.post('/api/auth/login').send(login).expect(200);
  });

  it('says so when its address has no token', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${server.url}/views/account.html?action=reset&lang=de`);
    const problem = page.getByText('Dieser Link ist abgelaufen');
    await problem.waitFor();
    expect(await problem.isVisible()).toBe(true);
  });

  it('breaks no rule of the content security policy', () => {
    expect(complaints).toEqual([]);
  });
});
