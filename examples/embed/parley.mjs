/** Parley beside the shop: its process, and what an admin sets up once. In production you run it yourself. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Parley's own folder. */
const PARLEY_DIR = resolve(process.env.PARLEY_DIR ?? '../..');
/** What this example keeps; delete it to begin anew. */
const DATA = resolve('.parley');
/** Longest time until Parley is ready, in milliseconds: the first start may build it. */
const START_MS = 120_000;

/** The administrator of this Parley is this program: Parley makes the account at its first start. */
const loadAdmin = async () => {
  const file = join(DATA, 'admin.json');
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const admin = { username: 'shop_admin', password: randomBytes(24).toString('base64url') };
  await mkdir(DATA, { recursive: true });
  await writeFile(file, JSON.stringify(admin), { mode: 0o600 });
  return admin;
};

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

/** Puts the client SDK where the shop serves it from, as npm packs it; answers the file for browsers. */
export const installClient = async () => {
  await run(process.execPath, ['scripts/build.mjs', '--if-needed'], { cwd: PARLEY_DIR });
  const folder = join(DATA, 'client');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: join(PARLEY_DIR, 'packages/client') });
  const [{ filename }] = JSON.parse(stdout);
  await run('tar', ['-xzf', join(folder, filename), '-C', folder]);
  return join(folder, 'package/dist/browser.js');
};

/** Starts Parley with the shop as its one issuer of tokens, and resolves when it is ready. */
export const startParley = async ({ parleyUrl, shopUrl }) => {
  const admin = await loadAdmin();
  const preSendSecret = newSecret();
  const issuer = {
    name: 'shop',
    issuer: shopUrl,
    audience: 'parley',
    jwksUri: `${shopUrl}/.well-known/jwks.json`,
    algorithms: ['ES256'],
  };
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd: PARLEY_DIR,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: new URL(parleyUrl).port,
      DATA_DIR: join(DATA, 'data'),
      LOG_LEVEL: 'warn',
      ADMIN_USERNAME: admin.username,
      ADMIN_EMAIL: 'admin@shop.example',
      ADMIN_PASSWORD: admin.password,
      AUTH_ISSUERS: JSON.stringify([issuer]),
      // Nobody registers with Parley: people have their account with the shop.
      REGISTRATION: 'closed',
      CLIENT_URL: shopUrl,
      METADATA_INDEXES: 'messages.orderId,chats.about',
      // Webhooks lead to public addresses only; this shop is on the same machine.
      OUTBOUND_ALLOW: '127.0.0.1',
      PRE_SEND_URL: `${shopUrl}/parley/review`,
      PRE_SEND_SECRET: preSendSecret,
    },
  });
  const ended = new Promise((done) => child.once('exit', done));
  const stop = () => child.kill('SIGTERM');
  const deadline = Date.now() + START_MS;
  const isReady = () =>
    fetch(`${parleyUrl}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (child.exitCode !== null || Date.now() > deadline) {
      stop();
      throw new Error('Parley did not start');
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return { preSendSecret, ended, stop };
};

/** As an admin of Parley: makes a server key and a webhook for the shop; answers what is shown once. */
export const connectShop = async ({ parleyUrl, shopUrl }) => {
  const call = async (method, path, body, token) => {
    const response = await fetch(parleyUrl + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.message}`);
    return answer.data;
  };
  const { token } = await call('POST', '/api/auth/login', await loadAdmin());
  // Those of an earlier start: nobody knows their secrets any more.
  for (const { id, name, revokedAt } of await call('GET', '/api/admin/keys', undefined, token)) {
    if (name === 'Shop' && !revokedAt) {
      await call('DELETE', `/api/admin/keys/${id}`, undefined, token);
    }
  }
  const url = `${shopUrl}/parley/events`;
  for (const hook of await call('GET', '/api/admin/webhooks', undefined, token)) {
    if (hook.url === url) {
      await call('DELETE', `/api/admin/webhooks/${hook.id}`, undefined, token);
    }
  }
  const scopes = ['users:write', 'chats:write', 'messages:write', 'messages:read'];
  const { key } = await call('POST', '/api/admin/keys', { name: 'Shop', scopes }, token);
  const events = ['message.created', 'message.edited', 'chat.created', 'member.added'];
  const { secret } = await call('POST', '/api/admin/webhooks', { url, events }, token);
  return { key, webhookSecret: secret };
};
