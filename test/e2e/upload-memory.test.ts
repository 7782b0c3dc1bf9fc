/** A large upload goes to disk, not through memory: measured on the built program. */
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { startParley } from '../support/parley-process.js';

const MB = 1024 * 1024;
const LIMIT_MB = 60;

/** Highest resident memory of a process so far, in megabytes; Linux alone tells. */
const peakMb = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
};

it('an upload of 100 MB takes less than 60 MB of extra memory', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-upload-'));
  const parley = await startParley({ DATA_DIR: dataDir, LOG_LEVEL: 'warn' });
  try {
    const call = async (path: string, token: string, body?: object) => {
      const answer = await fetch(`${parley.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(body ?? {}),
      });
      return (
        (await answer.json()) as { data: { id: string; token: string; user: { id: string } } }
      ).data;
    };
    const register = (username: string) =>
      call('/api/auth/register', '', {
        username,
        email: `${username}@example.com`,
        password: 'test123',
      });
    const [alice, bob] = [await register('alice'), await register('bobby')];
    const chat = await call('/api/chats/or-create', alice.token, { recipientId: bob.user.id });
    await call(`/api/chats/${chat.id}/accept`, bob.token);
    const upload = async (size: number): Promise<number> => {
      const head = Buffer.from('%PDF-1.4\n');
      const form = new FormData();
      form.set('chatId', chat.id);
      form.set('file', new Blob([head, new Uint8Array(size - head.length)]), 'a.pdf');
      const answer = await fetch(`${parley.url}/api/media/upload-chat-media`, {
        method: 'POST',
        headers: { authorization: `Bearer ${alice.token}` },
        body: form,
      });
      await answer.arrayBuffer();
      return answer.status;
    };
    // What the first upload of any size loads is not the large one's.
    expect(await upload(MB)).toBe(201);
    const before = await peakMb(parley.child.pid!);
    expect(await upload(100 * MB)).toBe(201);
    expect((await peakMb(parley.child.pid!)) - before).toBeLessThan(LIMIT_MB);
  } finally {
    await parley.stop('SIGTERM');
    await rm(dataDir, { recursive: true, force: true });
  }
});
