import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

let server: TestServer;
let ada: TestUser;
let eve: TestUser;
beforeAll(async () => {
  server = await startServer();
  [ada, eve] = await Promise.all([registerUser(server), registerUser(server)]);
});
afterAll(async () => {
  await server.close();
});

describe('public rooms', () => {
  it('has general from the start', async () => {
    const { body } = await server.http.get('/api/rooms').set(ada.auth).expect(200);
    expect(body.data).toMatchObject([{ slug: 'general', memberCount: 0, isMember: false }]);
  });

  it('lets anybody join and leave, once each', async () => {
    for (const name of ['general', 'General']) {
      const joined = await server.http.post(`/api/rooms/${name}/join`).set(ada.auth).expect(200);
      expect(joined.body.data).toMatchObject({ kind: 'room', slug: 'general', memberCount: 1 });
    }
    const left = await server.http.post('/api/rooms/general/leave').set(ada.auth).expect(200);
    expect(left.body.data).toMatchObject({ memberCount: 0, isMember: false });
    await server.http.post('/api/rooms/general/leave').set(ada.auth).expect(404);
  });

  it('shows its messages to people who have not joined, and takes messages from members only', async () => {
    const { body } = await server.http.post('/api/rooms/general/join').set(ada.auth).expect(200);
    const chatId = body.data.id as string;
    await server.http
      .post('/api/messages')
      .set(ada.auth)
      .send({ chatId, content: 'Hello, all' })
      .expect(201);
    await server.http
      .post('/api/messages')
      .set(eve.auth)
      .send({ chatId, content: 'Hi' })
      .expect(404);
    const page = await server.http.get(`/api/chats/${chatId}/messages`).set(eve.auth).expect(200);
    expect(page.body.data).toMatchObject([{ content: 'Hello, all', seq: 1 }]);
  });

  it('starts a newcomer with nothing unread', async () => {
    const { body } = await server.http.post('/api/rooms/general/join').set(eve.auth).expect(200);
    expect(body.data).toMatchObject({ unreadCount: 0, lastSeq: 1, role: 'member' });
  });

  it('knows no room of an unknown name', async () => {
    await server.http.post('/api/rooms/nowhere/join').set(ada.auth).expect(404);
    await server.http.get('/api/rooms/nowhere').set(ada.auth).expect(404);
    await server.http.get('/api/rooms').expect(401);
  });
});
