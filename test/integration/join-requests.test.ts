/** Rooms that are closed: who may read and join them, and how people are let in. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let server: TestServer;
let admin: TestUser;
beforeAll(async () => {
  server = await startServer({ env: ADMIN_ENV });
  admin = await loginAdmin(server);
});
afterAll(() => server.close());

const call = (
  method: 'get' | 'post' | 'patch' | 'delete',
  path: string,
  user: TestUser,
  body?: object,
) => server.http[method](path).set(user.auth).send(body);

/** A closed room of an owner, and somebody who is not in it. */
const closedRoom = async (joinMode: 'request' | 'invite' = 'request') => {
  const [owner, bob] = await Promise.all([registerUser(server), registerUser(server)]);
  const name = `Club of ${owner.username}`;
  const made = await call('post', '/api/chats', owner, { kind: 'room', name, joinMode });
  const { id: chatId, slug } = (made.body as { data: { id: string; slug: string } }).data;
  return { owner, bob, chatId, slug, requests: `/api/chats/${chatId}/join-requests` };
};

describe('a room with joinMode "request"', () => {
  it('is read and joined by members alone, until somebody is let in, which both sides hear', async () => {
    const { owner, bob, chatId, slug, requests } = await closedRoom();
    const [manager, asker] = await Promise.all([
      TestSocket.connect(server, owner, { dialect: 'native' }),
      TestSocket.connect(server, bob, { dialect: 'native' }),
    ]);
    await call('get', `/api/chats/${chatId}/messages`, bob).expect(404);
    const join = await call('post', `/api/rooms/${slug}/join`, bob);
    expect([join.status, join.body]).toMatchObject([403, { code: 'JOIN_REQUEST_NEEDED' }]);
    const listed = await call('get', `/api/rooms/${slug}`, bob).expect(200);
    expect(listed.body.data).toMatchObject({ joinMode: 'request', isMember: false });
    const asked = await call('post', `/api/rooms/${slug}/join-requests`, bob).expect(201);
    const again = await call('post', `/api/rooms/${slug}/join-requests`, bob).expect(201);
    expect(again.body.data).toEqual(asked.body.data);
    expect(await manager.next('join_requested')).toMatchObject({ chatId, user: { id: bob.id } });
    expect(manager.count('join_requested')).toBe(1);
    const mine = await call('get', '/api/users/me/join-requests', bob).expect(200);
    expect(mine.body.data).toMatchObject([{ chatId, slug }]);
    await call('get', requests, bob).expect(404);
    await call('post', `${requests}/${bob.id}/accept`, bob).expect(404);
    const waiting = await call('get', requests, owner).expect(200);
    expect(waiting.body.data).toMatchObject([{ id: bob.id }]);
    await call('post', `${requests}/${bob.id}/accept`, owner).expect(200);
    const ended = { chatId, userId: bob.id, outcome: 'accepted' };
    expect(await asker.next('join_request_ended')).toMatchObject(ended);
    expect(await manager.next('join_request_ended')).toMatchObject(ended);
    await call('get', `/api/chats/${chatId}/messages`, bob).expect(200);
    await call('post', `/api/rooms/${slug}/join`, bob).expect(200);
    await call('post', `${requests}/${bob.id}/accept`, owner).expect(404);
    const none = await call('get', requests, owner).expect(200);
    expect(none.body.data).toEqual([]);
    for (const socket of [manager, asker]) socket.close();
  });

  it('takes the request of a room client that joins, and refuses its messages', async () => {
    const { owner, bob, slug, requests } = await closedRoom();
    const socket = await TestSocket.connect(server, bob, { dialect: 'room' });
    const refusal = (code: string) => ({ ok: false, error: { code } });
    const said = await socket.command('send-message', { room: slug, content: 'hello' });
    expect(said).toMatchObject(refusal('JOIN_REQUEST_NEEDED'));
    for (let time = 0; time < 2; time += 1) {
      const joined = await socket.command('join-room', { room: slug });
      expect(joined).toMatchObject(refusal('JOIN_REQUESTED'));
    }
    await call('post', `${requests}/${bob.id}/accept`, owner).expect(200);
    expect(await socket.command('join-room', { room: slug })).toMatchObject({ ok: true });
    socket.close();
  });

  it('rejects for a day, lets requests be withdrawn, and keeps out who is banned', async () => {
    const { owner, bob, chatId, slug, requests } = await closedRoom();
    const ask = () => call('post', `/api/rooms/${slug}/join-requests`, bob);
    const withdraw = () => call('delete', `/api/rooms/${slug}/join-requests`, bob);
    await ask().expect(201);
    await withdraw().expect(200);
    await withdraw().expect(404);
    await ask().expect(201);
    await call('post', `${requests}/${bob.id}/reject`, admin).expect(200);
    const refused = await ask().expect(429);
    expect((refused.body as { retryAfter: number }).retryAfter).toBeGreaterThan(80_000);
    const eve = await registerUser(server);
    await call('post', `/api/rooms/${slug}/join-requests`, eve).expect(201);
    const ban = { userId: eve.id, kind: 'ban', reason: 'Advertising' };
    await call('post', `/api/chats/${chatId}/sanctions`, owner, ban).expect(201);
    const kept = await call('post', `${requests}/${eve.id}/accept`, owner).expect(403);
    expect(kept.body).toMatchObject({ code: 'BANNED' });
    await call('post', `/api/rooms/${slug}/join-requests`, eve).expect(403);
  });

  it('is closed and opened by owners and admins; an open one takes no requests', async () => {
    const { owner, bob, chatId, slug } = await closedRoom();
    await call('patch', `/api/chats/${chatId}`, owner, { joinMode: 'open' }).expect(200);
    await call('post', `/api/rooms/${slug}/join-requests`, bob).expect(409);
    await call('post', `/api/rooms/${slug}/join`, bob).expect(200);
    await call('patch', `/api/chats/${chatId}`, bob, { joinMode: 'invite' }).expect(403);
    const group = await call('post', '/api/chats', owner, { kind: 'group', name: 'Lunch' });
    const { id } = (group.body as { data: { id: string } }).data;
    await call('patch', `/api/chats/${id}`, owner, { joinMode: 'open' }).expect(400);
  });
});

describe('a room with joinMode "invite"', () => {
  it('takes no requests, and lets in who has an invite', async () => {
    const { owner, bob, chatId, slug } = await closedRoom('invite');
    await call('post', `/api/rooms/${slug}/join`, bob).expect(403);
    await call('post', `/api/rooms/${slug}/join-requests`, bob).expect(403);
    const invite = await call('post', `/api/chats/${chatId}/invites`, owner, {}).expect(201);
    const { code } = (invite.body as { data: { code: string } }).data;
    await call('post', `/api/invites/${code}/accept`, bob).expect(200);
    await call('get', `/api/chats/${chatId}/messages`, bob).expect(200);
  });
});
