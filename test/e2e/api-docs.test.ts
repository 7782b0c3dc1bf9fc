/** The documentation page in a real browser, under the server's own content security policy. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../support/browser.js';
import type { TestServer } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

it('the documentation page shows every route, loads nothing from elsewhere and breaks no policy', async () => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(server.url) && !url.startsWith('data:')) foreign.push(url);
  });
  await page.goto(`${server.url}/api/docs`);
  const sections = page.locator('.opblock-tag-section');
  const heading = (index: number) => sections.nth(index).locator('.opblock-tag');
  await sections.first().waitFor();
  let count = 0;
  for (let index = 0; index < (await sections.count()); index += 1) {
    await heading(index).click();
    await sections.nth(index).locator('.opblock').first().waitFor();
    count += await sections.nth(index).locator('.opblock').count();
    await heading(index).click();
  }
  expect(count).toBe(server.app.routes.length);
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
});

it('the documentation page lets a reader sign in and call a route', async () => {
  const { token, username } = await registerUser(server);
  const page = await browser.newPage();
  await page.goto(`${server.url}/api/docs`);
  await page.locator('button.authorize').click();
  // The first of the ways to sign in: a token of one's own.
  const signIn = page.locator('.auth-container').first();
  await signIn.locator('input').fill(token);
  await signIn.locator('.auth-btn-wrapper button.authorize').click();
  await signIn.locator('.auth-btn-wrapper button.btn-done').click();
  await page.locator('.opblock-tag', { hasText: 'Auth' }).first().click();
  const me = page.locator('.opblock', { hasText: '/api/auth/me' });
  await me.locator('.opblock-summary-control').click();
  await me.locator('.try-out__btn').click();
  await me.locator('button.execute').click();
  const answer = me.locator('.live-responses-table');
  await answer.locator('code', { hasText: username }).first().waitFor();
  expect(await answer.innerText()).toContain('200');
});
