import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedDb } from '@parley-chat/embedded-mongo';
import type { TestServer } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

const run = promisify(execFile);

/** Runs the program as a user would, with these settings. */
const makeAdmin = (args: string[], env: Record<string, string>) =>
  run(process.execPath, ['--import', 'tsx', 'src/make-admin.ts', ...args], {
    env: { PATH: process.env.PATH, ...env },
  });

describe('make-admin', () => {
  let server: TestServer;
  let dataDir: string;

  beforeAll(async () => {
    server = await startServer();
    dataDir = await mkdtemp(join(tmpdir(), 'parley-admin-'));
  });

  afterAll(async () => {
    await rm(dataDir, { recursive: true });
    await server.close();
  });

  it('gives the role to a user, by name in any case, while the server runs', async () => {
    const user = await registerUser(server);
    const env = { MONGODB_URI: server.mongodbUri };
    const { stdout } = await makeAdmin([user.username.toUpperCase()], env);
    expect(stdout).toBe(`${user.username} is an admin now.\n`);
    const { body } = await server.http.get('/api/auth/me').set(user.auth).expect(200);
    expect(body.data.role).toBe('admin');
  });

  it('stands in the audit log, as done by the system', async () => {
    const user = await registerUser(server);
    await makeAdmin([user.username], { MONGODB_URI: server.mongodbUri });
    const { body } = await server.http.get('/api/admin/audit').set(user.auth).expect(200);
    const set = (body.data as { action: string }[]).find(
      ({ action }) => action === 'users.set_role',
    );
    expect(set).toMatchObject({
      actorId: null,
      actor: null,
      subject: user.id,
      details: { role: 'admin', by: 'make-admin' },
      outcome: 'done',
    });
  });

  it('opens the embedded database when no other is named, and says whom it does not find', async () => {
    await expect(makeAdmin(['nobody'], { DATA_DIR: dataDir })).rejects.toMatchObject({
      code: 1,
      stderr: 'There is no user nobody\n',
    });
  });

  it('says so when a running server has the embedded database', async () => {
    const inUse = await startEmbeddedDb({ dataDir });
    try {
      await expect(makeAdmin(['nobody'], { DATA_DIR: dataDir })).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/in use|another process/i),
      });
    } finally {
      await inUse.close();
    }
  });

  it('explains itself without a name', async () => {
    await expect(makeAdmin([], {})).rejects.toMatchObject({
      code: 2,
      stderr: 'Usage: npm run make-admin -- <username>\n',
    });
  });
});
