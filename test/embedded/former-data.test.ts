/**
 * A data folder as version 0.1.0 of 2026-11-30 left it (`fixtures/former-data.tar.gz`): people, a direct chat, a
 * group with a picture and an invite, a public room, a broadcast. What was stored then must be usable for ever.
 */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../packages/embedded-mongo/test/embedded-db.fixture.js';
import { loadConfig } from '../../src/config/index.js';
import type { OpenDatabase } from '../../src/open-database.js';
import { openDatabase } from '../../src/open-database.js';
import { silentLogger } from '../support/logger.js';
import type { TestServer } from '../support/server.js';
import { startServer } from '../support/server.js';

const REFRESH_TOKEN = '9f8186f45349ba6b9bedb59c.YgTPTFgOFxLDY7ECfRXgw01w1wY4n_3hIgcsRYrqxig';
const CHAT = '6b0dd7bad34eb54a3a0481b6';
const GROUP = '6b0dd7bb4074483e26b40463';
const INVITE = 'BcU19a7gH6s1qshSPyWP9T_b';
/** A day after the folder was made: its logins have not run out. */
const NOW = Date.parse('2026-12-01T20:00:00Z');

let database: OpenDatabase;
let server: TestServer;
beforeAll(async () => {
  const dataDir = temporaryFolder();
  execFileSync('tar', ['-xzf', 'test/embedded/fixtures/former-data.tar.gz', '-C', dataDir]);
  const config = loadConfig({ DATA_DIR: dataDir, NODE_ENV: 'test' });
  database = await openDatabase(config, silentLogger());
  server = await startServer({
    mongodbUri: database.uri,
    isDatabasePrivate: true,
    env: { DATA_DIR: dataDir },
    clock: { now: () => NOW },
  });
});
afterAll(async () => {
  await server.close();
  await database.close();
});

const signIn = async (username: string): Promise<{ Authorization: string }> => {
  const { body } = await server.http
    .post('/api/auth/login')
    .send({ username, password: 'test123' })
    .expect(200);
  return { Authorization: `Bearer ${body.data.token}` };
};

describe('a data folder of a former version', () => {
  it('keeps logins: a refresh token and a password from then are good', async () => {
    const refreshed = await server.http
      .post('/api/auth/refresh')
      .send({ refreshToken: REFRESH_TOKEN })
      .expect(200);
    expect(refreshed.body.data.user.username).toBe('ada');
    await signIn('bob');
  });

  it('keeps messages with their numbers, edits, reactions and deletions', async () => {
    const ada = await signIn('ada');
    const { body } = await server.http.get(`/api/chats/${CHAT}/messages`).set(ada).expect(200);
    const shown = body.data.map((message: Record<string, unknown>) => [
      message.seq,
      message.content,
      message.isDeleted,
    ]);
    expect(shown).toEqual([
      [1, 'message 1', false],
      [2, 'message 2, edited', false],
      [3, 'message 3', false],
      [4, '', true],
      [5, 'message 5', false],
    ]);
    expect(body.data[2].reactions).toMatchObject([{ emoji: '👍' }]);
    const edits = await server.http.get(`/api/messages/${body.data[1].id}/edits`).set(ada);
    expect(edits.body.data).toMatchObject([{ content: 'message 2' }]);
  });

  it('answers a retry of a message that was sent then with that message', async () => {
    const ada = await signIn('ada');
    const { body } = await server.http
      .post('/api/messages')
      .set(ada)
      .send({ chatId: CHAT, content: 'message 1', clientMessageId: 'old-1' })
      .expect(200);
    expect(body.data.seq).toBe(1);
  });

  it('takes new messages, which continue the numbers', async () => {
    const bob = await signIn('bob');
    const { body } = await server.http
      .post('/api/messages')
      .set(bob)
      .send({ chatId: CHAT, content: 'message 6' })
      .expect(201);
    expect(body.data.seq).toBe(6);
  });

  it('keeps a group with its members, picture and invite', async () => {
    const eve = await signIn('eve');
    await server.http.post(`/api/invites/${INVITE}/accept`).set(eve).expect(200);
    const ada = await signIn('ada');
    const members = await server.http.get(`/api/chats/${GROUP}/members`).set(ada).expect(200);
    expect(members.body.data).toHaveLength(3);
    const { body } = await server.http.get(`/api/chats/${GROUP}/messages`).set(ada).expect(200);
    const picture = body.data.find(({ messageType }: { messageType: string }) => {
      return messageType === 'image';
    });
    const { pathname, search } = new URL(picture.media[0].url, server.url);
    const file = await server.http.get(pathname + search).expect(200);
    expect(file.headers['content-type']).toBe('image/png');
  });

  it('is found by search and brought by a first sync', async () => {
    const bob = await signIn('bob');
    const found = await server.http.get('/api/search/messages?q=pizza').set(bob).expect(200);
    expect(found.body.data).toMatchObject([{ content: 'Pizza, @bob?' }]);
    const synced = await server.http.post('/api/sync').set(bob).send({}).expect(200);
    const ids = synced.body.data.chats.map(({ chatId }: { chatId: string }) => chatId);
    expect(ids).toEqual(expect.arrayContaining([CHAT, GROUP]));
  });

  it('keeps the room, the broadcast and the archive', async () => {
    const bob = await signIn('bob');
    const rooms = await server.http.get('/api/rooms').set(bob).expect(200);
    expect(rooms.body.data.map(({ slug }: { slug: string }) => slug)).toContain('general');
    const broadcasts = await server.http.get('/api/broadcasts').set(bob).expect(200);
    expect(broadcasts.body.data).toMatchObject([{ message: 'Welcome' }]);
  });
});
