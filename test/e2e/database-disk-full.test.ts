/**
 * A database whose disk is full, as the built program meets it: its file and log may not grow past a limit of
 * the system, and then may again. Uploads and secrets are small enough to fit.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { startParley } from '../support/parley-process.js';
import type { ParleyProcess } from '../support/parley-process.js';

let dataDir: string;
let parley: ParleyProcess;
const start = async () => {
  parley = await startParley({
    DATA_DIR: dataDir,
    BCRYPT_ROUNDS: '4',
    RATE_LIMIT_USER_PER_15_MIN: '0',
    RATE_LIMIT_MESSAGES_PER_MINUTE: '0',
  });
};
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-database-full-'));
  await start();
});
afterAll(async () => {
  await parley.stop('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

/** What the routes used here answer with. */
interface Data {
  id: string;
  token: string;
  user: { id: string };
}
interface Answer {
  status: number;
  body: {
    code?: string;
    retryAfter?: number;
    status?: string;
    components?: Record<string, string>;
    data: Data;
  };
}
const call = async (method: string, path: string, token = '', body?: object): Promise<Answer> => {
  const answer = await fetch(`${parley.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
};
const limitFiles = (bytes: string) => {
  execFileSync('prlimit', ['--pid', String(parley.child.pid), `--fsize=${bytes}:unlimited`]);
};
const register = async (username: string) =>
  (
    await call('POST', '/api/auth/register', '', {
      username,
      email: `${username}@example.com`,
      password: 'test123',
    })
  ).body.data;

it('the server refuses writes with 507 while its database has no room, says so in /health, recovers by itself, and loses nothing', async () => {
  const [alice, bob] = [await register('alice'), await register('bobby')];
  const chat = (
    await call('POST', '/api/chats/or-create', alice.token, { recipientId: bob.user.id })
  ).body.data;
  await call('POST', `/api/chats/${chat.id}/accept`, bob.token);
  const acknowledged: string[] = [];
  const send = async () => {
    const content = `${acknowledged.length} ${'x'.repeat(5000)}`;
    const answer = await call('POST', '/api/messages', alice.token, { chatId: chat.id, content });
    if (answer.status === 201) acknowledged.push(answer.body.data.id);
    return answer;
  };
  expect((await send()).status).toBe(201);
  limitFiles('1000000');
  let refused = await send();
  for (let i = 0; i < 500 && refused.status === 201; i += 1) refused = await send();
  const full = { code: 'INSUFFICIENT_STORAGE', retryAfter: 10 };
  expect(refused).toMatchObject({ status: 507, body: full });
  expect((await call('GET', '/health')).body).toMatchObject({
    status: 'degraded',
    components: { database: 'up', databaseDisk: 'down', mediaDisk: 'up' },
  });
  const writes = [
    call('POST', '/api/auth/register', '', {
      username: 'carol',
      email: 'carol@example.com',
      password: 'test123',
    }),
    call('POST', '/api/auth/login', '', { email: 'alice@example.com', password: 'test123' }),
    call('PUT', `/api/messages/${acknowledged[0]!}`, alice.token, { content: 'edited' }),
  ];
  for (const write of await Promise.all(writes))
    expect(write).toMatchObject({ status: 507, body: full });
  expect((await call('GET', '/api/auth/me', alice.token)).status).toBe(200);

  // Nobody writes meanwhile but the probe.
  limitFiles('unlimited');
  await eventually(async () => (await call('GET', '/health')).body.status === 'ok');
  expect((await send()).status).toBe(201);
  expect(parley.output()).not.toMatch(/\\n {4}at |Unhandled|INTERNAL/);
  expect(parley.output()).toContain('the disk has room again');

  await parley.stop('SIGKILL');
  await start();
  for (const id of acknowledged) {
    expect((await call('GET', `/api/messages/${id}`, alice.token)).status).toBe(200);
  }
});
