import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DialectName } from '../../../src/transport/socket/dialect.js';
import type { TestServer } from '../../support/server.js';
import { openDirectChat, registerUser, startServer } from '../../support/server.js';
import { TestSocket, settled } from '../../support/socket.js';

/** What each dialect calls coming and going, and what it says of it. */
const TURNS: [DialectName, here: string, gone: string, fields: object, fieldsGone: object][] = [
  [
    'v0',
    'user_status_update',
    'user_status_update',
    { status: 'online', isOnline: true, lastSeen: null },
    { status: 'offline', isOnline: false, lastSeen: expect.stringMatching(/Z$/) },
  ],
  [
    'conversation',
    'user:online',
    'user:offline',
    { status: 'online' },
    { status: 'offline', lastSeen: expect.any(Number) },
  ],
  [
    'room',
    'user-online',
    'user-offline',
    { status: 'online', isOnline: true },
    { status: 'offline', isOnline: false, lastSeen: expect.stringMatching(/Z$/) },
  ],
];

describe('presence in the dialects', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ env: { PRESENCE_GRACE_MS: '0' } });
  });
  afterAll(async () => {
    await server.close();
  });

  it.each(TURNS)('%s: %s and %s', async (dialect, here, gone, fields, fieldsGone) => {
    const { alice, bob } = await openDirectChat(server);
    const watcher = await TestSocket.connect(server, bob, { dialect });
    const stranger = await TestSocket.connect(server, await registerUser(server), { dialect });
    stranger.clear();
    const a = await TestSocket.connect(server, alice);
    const isAlice = (payload: Record<string, unknown>) => payload.userId === alice.id;
    expect(await watcher.next(here, isAlice)).toMatchObject(fields);
    watcher.clear();
    a.close();
    expect(await watcher.next(gone, isAlice)).toMatchObject(fieldsGone);
    await settled(stranger);
    expect(stranger.heard.filter(({ payload }) => payload.userId === alice.id)).toEqual([]);
    watcher.close();
    stranger.close();
  });

  it('v0 over REST: who is online, and where somebody stands, for those who share a chat', async () => {
    const { alice, bob } = await openDirectChat(server);
    const stranger = await registerUser(server);
    const a = await TestSocket.connect(server, alice);
    const get = (path: string, { auth }: { auth: object }) =>
      server.http.get(`/api/v0/chat/${path}`).set(auth as Record<string, string>);
    const b = await TestSocket.connect(server, bob, { dialect: 'v0' });
    const online = await get('online-users', bob).expect(200);
    expect(online.body.data).toMatchObject([{ userId: alice.id, username: alice.username }]);
    const nobody = await get('online-users', stranger).expect(200);
    expect(nobody.body.data).toEqual([]);

    const status = await get(`user-status/${alice.id}`, bob).expect(200);
    expect(status.body.data).toMatchObject({ userId: alice.id, isOnline: true, status: 'online' });
    const refused = await get(`user-status/${alice.id}`, stranger).expect(404);
    expect(refused.body).toMatchObject({ success: false, code: 'NOT_FOUND' });
    a.close();
    await b.next('user_status_update', ({ isOnline }) => isOnline === false);
    const gone = await get(`user-status/${alice.id}`, bob).expect(200);
    expect(gone.body.data).toMatchObject({
      isOnline: false,
      lastSeen: expect.stringMatching(/Z$/),
    });
    b.close();
  });
});
