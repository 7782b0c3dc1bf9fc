/** Invites reach strangers: how many one user may send, and how many may be open to one chat. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { TestSocket } from '../support/socket.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    env: { ...ADMIN_ENV, RATE_LIMIT_INVITES_PER_HOUR: '4', MAX_OPEN_INVITES: '3' },
  });
});
afterAll(() => server.close());

const people = (count: number) =>
  Promise.all(Array.from({ length: count }, () => registerUser(server)));
const post = (user: TestUser, path: string, body: object) =>
  server.http.post(path).set(user.auth).send(body);
const newGroup = async (owner: TestUser, memberIds: string[]) => {
  const made = await post(owner, '/api/chats', { kind: 'group', name: 'Lunch', memberIds });
  return made.body.data as { id: string };
};
const add = (owner: TestUser, chatId: string, users: TestUser[]) =>
  post(owner, `/api/chats/${chatId}/members`, { userIds: users.map(({ id }) => id) });

it('a user who has sent as many invites as an hour allows is refused, and those invited before count once', async () => {
  const [owner, ada, bob, cid, dan, eve] = (await people(6)) as [TestUser, ...TestUser[]];
  const first = await newGroup(owner, [ada!.id, bob!.id]);
  await add(owner, first.id, [ada!, bob!]).expect(200);
  const second = await newGroup(owner, []);
  const refused = await add(owner, second.id, [cid!, dan!, eve!]).expect(429);
  expect(refused.body).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
  await add(owner, second.id, [cid!, dan!]).expect(200);
  await add(owner, second.id, [eve!]).expect(429);
});

it('a request that is refused after its invites were counted costs none of them', async () => {
  const [owner, ada, bob, cid, dan] = (await people(5)) as [TestUser, ...TestUser[]];
  const name = `Rowing ${Date.now().toString(36)}`;
  const room = { kind: 'room', name, memberIds: [ada!.id, bob!.id] };
  await post(owner, '/api/chats', { ...room, memberIds: [] }).expect(201);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await post(owner, '/api/chats', room).expect(409);
  }
  const { id } = await newGroup(owner, []);
  await add(owner, id, [ada!, bob!, cid!]).expect(200);
  const other = await newGroup(owner, []);
  await add(owner, other.id, [dan!]).expect(200);
});

it('a chat that has as many open invites as it may have takes no more, and adds nobody of that request', async () => {
  const [owner, friend, ...others] = (await people(6)) as [TestUser, TestUser, ...TestUser[]];
  await openChatBetween(server, owner, friend);
  const { id } = await newGroup(owner, []);
  await add(owner, id, others.slice(0, 2)).expect(200);
  const refused = await add(owner, id, [friend, ...others.slice(2)]).expect(409);
  expect(refused.body).toMatchObject({ code: 'CONFLICT' });
  const members = await server.http.get(`/api/chats/${id}/members`).set(owner.auth).expect(200);
  expect(members.body.data).toHaveLength(1);
  await add(owner, id, others.slice(2, 3)).expect(200);
});

it('closing an account tells those who share a chat with its owner', async () => {
  const [user, friend] = (await people(2)) as [TestUser, TestUser];
  await openChatBetween(server, user, friend);
  const socket = await TestSocket.connect(server, friend);
  const root = await loginAdmin(server);
  await post(root, `/api/admin/users/${user.id}/deactivate`, {}).expect(200);
  expect(await socket.next('user_deactivated')).toEqual({ userId: user.id });
  socket.close();
});
