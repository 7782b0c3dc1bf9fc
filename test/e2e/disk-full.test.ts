/**
 * A disk without room for an upload, as the built program meets it: the system refuses to write a file
 * past a limit, as it would refuse on a full disk. The database is elsewhere and has room.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import sharp from 'sharp';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/parley-process.js';

/** Kilobytes that a file may have. Node ignores the signal, so that the write fails instead. */
const LIMIT_KB = 64;

const uri = new URL(process.env.TEST_MONGODB_URI!);
uri.pathname = `/full_${randomUUID().slice(0, 8)}`;

let dataDir: string;
let url: string;
let database: MongoClient;
let stop: () => Promise<void>;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-full-'));
  const port = String(await freePort());
  url = `http://127.0.0.1:${port}`;
  const child = spawn('bash', ['-c', `ulimit -f ${LIMIT_KB}; exec node dist/main.js`], {
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: port,
      DATA_DIR: dataDir,
      MONGODB_URI: uri.href,
      LOG_LEVEL: 'silent',
    },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  database = await MongoClient.connect(uri.href);
  await eventually(() =>
    fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
});
afterAll(async () => {
  await stop();
  await database.db().dropDatabase();
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

const call = async (path: string, token: string, body: object = {}) => {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return ((await answer.json()) as { data: { id: string; token: string; user: { id: string } } })
    .data;
};
const register = (username: string) =>
  call('/api/auth/register', '', {
    username,
    email: `${username}@example.com`,
    password: 'test123',
  });

it('the server answers an upload with 507 when the disk has no room, leaves no row and no file, and the chat goes on', async () => {
  const [alice, bob] = [await register('alice'), await register('bobby')];
  const chat = await call('/api/chats/or-create', alice.token, { recipientId: bob.user.id });
  await call(`/api/chats/${chat.id}/accept`, bob.token);
  const upload = async (content: Buffer, name: string) => {
    const form = new FormData();
    form.set('chatId', chat.id);
    form.set('file', new Blob([new Uint8Array(content)]), name);
    const answer = await fetch(`${url}/api/media/upload-chat-media`, {
      method: 'POST',
      headers: { authorization: `Bearer ${alice.token}` },
      body: form,
    });
    return { status: answer.status, body: (await answer.json()) as { code?: string } };
  };
  const leftOver = async () => {
    const entries = await readdir(join(dataDir, 'media'), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  };
  const rowCount = () => database.db().collection('media').countDocuments();
  const head = Buffer.from('%PDF-1.4\n');
  // What comes in does not fit.
  const tooLong = Buffer.concat([head, Buffer.alloc(4 * LIMIT_KB * 1024)]);
  // This one fits, but not the image that is made of it.
  const noise = await sharp({
    create: {
      width: 600,
      height: 600,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .jpeg({ quality: 20 })
    .toBuffer();
  expect(noise.length).toBeLessThan(LIMIT_KB * 1024);
  for (const [content, name] of [
    [tooLong, 'a.pdf'],
    [noise, 'a.jpg'],
  ] as const) {
    const answer = await upload(content, name);
    expect([answer.status, answer.body.code]).toEqual([507, 'INSUFFICIENT_STORAGE']);
    expect(await rowCount()).toBe(0);
    await eventually(async () => (await leftOver()).length === 0);
  }
  const sent = await call('/api/messages', alice.token, { chatId: chat.id, content: 'still here' });
  expect(sent).toHaveProperty('id');
  expect((await upload(head, 'small.pdf')).status).toBe(201);
});
