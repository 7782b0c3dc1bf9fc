/** examples/embed as somebody has it who copies it: started by its one command, and used by two people in browsers. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import type { Example } from '../support/examples.js';
import { installExample } from '../support/examples.js';
import { freePort } from '../support/parley-process.js';

/** Longest wait for something to appear, in milliseconds. */
const APPEARS_MS = 60_000;

/** Longest wait for the shop, in milliseconds. */
const START_MS = 300_000;

let example: Example;
let browser: Browser;
let program: ChildProcess;
let shopUrl: string;
let printed = '';
/** What the browsers complained about, but for requests that are refused. */
const complaints: string[] = [];

beforeAll(async () => {
  [example, browser] = await Promise.all([installExample('embed'), startBrowser()]);
  const port = await freePort();
  shopUrl = `http://127.0.0.1:${port}`;
  program = spawn(process.execPath, ['start.mjs'], {
    cwd: example.folder,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: String(port),
      PARLEY_PORT: String(await freePort()),
      PARLEY_DIR: resolve('.'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const keep = (chunk: Buffer) => (printed += chunk.toString());
  program.stdout!.on('data', keep);
  program.stderr!.on('data', keep);
  const isUp = () =>
    fetch(shopUrl).then(
      ({ ok }) => ok,
      () => false,
    );
  // The program may build Parley first.
  const deadline = Date.now() + START_MS;
  while (program.exitCode === null && Date.now() < deadline) {
    if (await isUp()) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`the shop did not start: ${printed}`);
}, 400_000);
afterAll(async () => {
  await browser.close();
  if (program.exitCode === null) {
    const ended = once(program, 'exit');
    program.kill('SIGTERM');
    await ended;
  }
  await example.remove();
}, 60_000);

const signIn = async (name: string): Promise<Page> => {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(APPEARS_MS);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(`${shopUrl}/login`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill('shop1234');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Things for your home' }).waitFor();
  return page;
};
const say = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('Message').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
};

describe('examples/embed', () => {
  it('lets a customer ask and order, and the seller answer and send, in their own shop', async () => {
    const [ada, grace] = [await signIn('ada'), await signIn('grace')];
    await ada.goto(`${shopUrl}/products/teapot`);
    await ada.getByRole('status').getByText('online').waitFor();
    await say(ada, 'Is it dishwasher safe? Call me: 0171 555 0100');
    await ada.getByText('Call me: •••').waitFor();
    await say(ada, 'Do you take bitcoin?');
    await ada.getByRole('alert').getByText('This shop does not talk about bitcoin.').waitFor();

    await grace.goto(`${shopUrl}/inbox`);
    await grace.getByText('Ada Customer').click();
    await grace.getByText('Is it dishwasher safe?').waitFor();
    expect(await grace.getByText('bitcoin').count()).toBe(0);
    await say(grace, 'Yes, up to 60 degrees.');
    await ada.getByText('Yes, up to 60 degrees.').waitFor();

    await ada.getByRole('button', { name: 'Order' }).click();
    await ada.locator('.card').getByText('ordered').waitFor();
    await grace.goto(`${shopUrl}/orders`);
    await grace.getByRole('button', { name: 'Mark as sent' }).click();
    await ada.locator('.card').getByText('sent', { exact: true }).waitFor();

    await eventually(async () => {
      await grace.reload();
      return (await grace.locator('.events').getByText('Order A-').count()) > 0;
    });
    const heard = await grace.locator('.events').innerText();
    expect(heard).toContain('Yes, up to 60 degrees.');
    expect(heard).not.toContain('0171');
    expect(complaints).toEqual([]);
  }, 300_000);

  it('lets nobody in who is not signed in, and takes no events that are not from Parley', async () => {
    expect((await fetch(`${shopUrl}/chat-token`)).status).toBe(401);
    for (const path of ['events', 'review']) {
      const forged = await fetch(`${shopUrl}/parley/${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': 'forged',
          'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
          'webhook-signature': 'v1,Zm9yZ2Vk',
        },
        body: '{"type":"message.created","data":{}}',
      });
      expect(forged.status).toBe(401);
    }
  });
});
