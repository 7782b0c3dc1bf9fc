/** An account that was closed counts in nothing: not as an owner, a reader who is missing, or somebody to show unmarked. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MemberRole } from '../../src/modules/chats/index.js';
import { objectId } from '../../src/platform/object-id.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import type { ConversationsCluster } from '../support/conversations-node.js';
import { actorOf, startConversations } from '../support/conversations-node.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser } from '../support/server.js';

let cluster: ConversationsCluster;
let server: TestServer;
let root: TestUser;
beforeAll(async () => {
  cluster = await startConversations({ env: ADMIN_ENV });
  ({ server } = cluster);
  root = await loginAdmin(server);
});
afterAll(() => cluster.close());

const people = (count: number) =>
  Promise.all(Array.from({ length: count }, () => registerUser(server)));
const get = async (user: TestUser, path: string) =>
  (await server.http.get(path).set(user.auth).expect(200)).body.data;
const post = (user: TestUser, path: string, body: object = {}) =>
  server.http.post(path).set(user.auth).send(body);
const close = (user: TestUser) => post(root, `/api/admin/users/${user.id}/deactivate`).expect(200);
const reopen = (user: TestUser) => post(root, `/api/admin/users/${user.id}/reactivate`).expect(200);
/** Closes an account as a server does that stops right after the write. */
const closeInSilence = ({ id }: TestUser) =>
  cluster.nodes[0].app.connection
    .collection('users')
    .updateOne({ _id: objectId(id) }, { $set: { deactivatedAt: new Date() } });

/** A group of its owner and others with their roles, who joined in this order. */
const newGroup = async (owner: TestUser, others: [TestUser, MemberRole][]): Promise<string> => {
  const { useCases } = cluster.nodes[0];
  const actor = { ...actorOf(owner), role: 'admin' as const };
  const { chat } = await useCases.groups.create(actor, { kind: 'group', name: 'Lunch' });
  const chatId = chat._id.toHexString();
  for (const [{ id }, role] of others) {
    await useCases.members.add(actor, chatId, [id]);
    if (role !== 'member') await useCases.members.setRole(actor, chatId, id, role);
  }
  return chatId;
};
const expectRoles = (chatId: string, roles: [TestUser, MemberRole][]) =>
  eventually(async () => {
    const found = await cluster.rolesIn(chatId);
    return roles.every(([{ id }, role]) => found[id] === role);
  });

describe('a message that everybody has read whose account is open', () => {
  it('is read, over every path of every dialect, and in a sync', async () => {
    const [ada, bob, cid] = (await people(3)) as [TestUser, TestUser, TestUser];
    const chatId = await newGroup(ada, [
      [bob, 'member'],
      [cid, 'member'],
    ]);
    const sent = await post(ada, '/api/messages', { chatId, content: 'Lunch at one' }).expect(201);
    const { id } = sent.body.data as { id: string };
    await post(bob, `/api/chats/${chatId}/read`).expect(200);
    const status = async () => (await get(ada, `/api/messages/${id}`)).status as string;
    expect(await status()).not.toBe('read');
    const tags = await post(ada, '/api/sync', { chats: {} }).expect(200);
    const before = tags.body.data.chats.find((chat: { chatId: string }) => chat.chatId === chatId);
    await close(cid);
    expect(await status()).toBe('read');
    const statusIn = (list: { id: string; status: string }[]) =>
      list.find((message) => message.id === id)?.status;
    expect(statusIn(await get(ada, `/api/messages?chatId=${chatId}`))).toBe('read');
    expect(statusIn(await get(ada, `/api/messages?room=${chatId}`))).toBe('read');
    expect(statusIn(await get(ada, `/api/chats/${chatId}/search?q=lunch`))).toBe('read');
    const v0 = await get(ada, `/api/v0/chat/conversation/${chatId}/messages`);
    expect(v0.find((message: { id: string }) => message.id === id)).toMatchObject({
      status: 'read',
      isRead: true,
    });
    const conversations = await get(ada, '/api/chat/conversations');
    const conversation = conversations.find((one: { id: string }) => one.id === chatId);
    expect(conversation.lastMessage.status).toBe('read');
    // The state has another tag, so a client that has it all hears of it, with the positions.
    const synced = await post(ada, '/api/sync', {
      chats: { [chatId]: before.version },
      tags: { [chatId]: before.tag },
    }).expect(200);
    const { positions } = synced.body.data.chats[0] as { positions: { userId: string }[] };
    expect(positions.find(({ userId }) => userId === cid.id)).toMatchObject({
      isDeactivated: true,
    });
    expect(positions.find(({ userId }) => userId === bob.id)).not.toHaveProperty('isDeactivated');
    await reopen(cid);
    expect(await status()).not.toBe('read');
  });

  it('stays what it was where the only other account is closed', async () => {
    const [ada, bob] = (await people(2)) as [TestUser, TestUser];
    const chatId = await openChatBetween(server, ada, bob);
    const say = async () =>
      (await post(ada, '/api/messages', { chatId, content: 'Hi' }).expect(201)).body.data
        .id as string;
    const read = await say();
    await post(bob, `/api/chats/${chatId}/read`).expect(200);
    const unread = await say();
    await close(bob);
    expect((await get(ada, `/api/messages/${read}`)).status).toBe('read');
    expect((await get(ada, `/api/messages/${unread}`)).status).not.toBe('read');
  });
});

describe('a group whose owners have all closed their accounts', () => {
  it.each<[string, MemberRole[], (MemberRole | 'closed')[], number]>([
    ['its oldest admin', ['member', 'admin', 'admin'], [], 1],
    ['its oldest member where there is no admin', ['member', 'member'], [], 0],
    ['the next admin where the oldest is closed', ['admin', 'admin', 'member'], ['closed'], 1],
    ['a member where all admins are closed', ['admin', 'member'], ['closed'], 1],
  ])('passes to %s', async (_, roles, closed, heir) => {
    const [owner, ...others] = (await people(roles.length + 1)) as [TestUser, ...TestUser[]];
    const chatId = await newGroup(
      owner,
      roles.map((role, i) => [others[i]!, role]),
    );
    for (const [i] of closed.entries()) await close(others[i]!);
    await close(owner);
    await expectRoles(chatId, [
      [owner, 'owner'],
      ...others.map((one, i): [TestUser, MemberRole] => [one, i === heir ? 'owner' : roles[i]!]),
    ]);
    expect(await get(others[heir]!, `/api/chats/${chatId}`)).toMatchObject({ role: 'owner' });
    await server.http
      .delete(`/api/chats/${chatId}/members/${owner.id}`)
      .set(others[heir]!.auth)
      .expect(200);
  });

  it.each<[string, (heir: TestUser, chatId: string) => Promise<unknown>]>([
    ['its members', (heir, chatId) => get(heir, `/api/chats/${chatId}/members`)],
    ['the group', (heir, chatId) => get(heir, `/api/chats/${chatId}`)],
    ['the list of chats', (heir) => get(heir, '/api/chats/active')],
    ['the conversations', (heir) => get(heir, '/api/chat/conversations')],
    ['a sync', (heir) => post(heir, '/api/sync', { chats: {} }).expect(200)],
    [
      'a change of it',
      (heir, chatId) =>
        server.http
          .patch(`/api/chats/${chatId}`)
          .set(heir.auth)
          .send({ name: 'Dinner' })
          .expect(200),
    ],
  ])('passes when somebody next looks at %s, where that was missed', async (_, look) => {
    const [owner, heir, other] = (await people(3)) as [TestUser, TestUser, TestUser];
    const chatId = await newGroup(owner, [
      [heir, 'member'],
      [other, 'member'],
    ]);
    await closeInSilence(owner);
    server.app.bus.emit('user.updated', { userId: owner.id }, { scope: 'cluster' });
    await look(heir, chatId);
    await expectRoles(chatId, [
      [owner, 'owner'],
      [heir, 'owner'],
      [other, 'member'],
    ]);
  });

  it('is theirs again when the account is opened, and stays the heir’s', async () => {
    const [owner, heir] = (await people(2)) as [TestUser, TestUser];
    const chatId = await newGroup(owner, [[heir, 'member']]);
    await close(owner);
    await reopen(owner);
    await expectRoles(chatId, [
      [owner, 'owner'],
      [heir, 'owner'],
    ]);
  });

  it('has an owner of an open account however many close theirs at the same moment', async () => {
    const [owner, ...others] = (await people(5)) as [TestUser, ...TestUser[]];
    const chatId = await newGroup(
      owner,
      others.map((one) => [one, 'member']),
    );
    const left = others[3]!;
    await Promise.all([owner, ...others.slice(0, 3)].map(close));
    await eventually(async () => (await cluster.rolesIn(chatId))[left.id] === 'owner');
    expect(await get(left, `/api/chats/${chatId}`)).toMatchObject({ role: 'owner' });
  });

  it('lets the last open owner neither leave nor step down while somebody else is open', async () => {
    const [owner, second, third] = (await people(3)) as [TestUser, TestUser, TestUser];
    const chatId = await newGroup(owner, [
      [second, 'owner'],
      [third, 'member'],
    ]);
    await close(second);
    const leave = () => post(owner, `/api/chats/${chatId}/leave`);
    expect((await leave()).body).toMatchObject({ code: 'LAST_OWNER' });
    const stepDown = await server.http
      .put(`/api/chats/${chatId}/members/${owner.id}/role`)
      .set(owner.auth)
      .send({ role: 'member' });
    expect(stepDown.body).toMatchObject({ code: 'LAST_OWNER' });
    await close(third);
    await leave().expect(200);
  });

  it('that are public rooms stay without one', async () => {
    const [maker, guest] = (await people(2)) as [TestUser, TestUser];
    const made = await post(maker, '/api/chats', { kind: 'room', name: `Room of ${maker.id}` });
    const { id, slug } = made.body.data as { id: string; slug: string };
    await post(guest, `/api/rooms/${slug}/join`).expect(200);
    await close(maker);
    await get(guest, `/api/chats/${id}/members`);
    await expectRoles(id, [
      [maker, 'owner'],
      [guest, 'member'],
    ]);
  });
});

describe('somebody whose account is closed', () => {
  it('is marked wherever they are shown, and nobody else is', async () => {
    const [ada, bob, cid] = (await people(3)) as [TestUser, TestUser, TestUser];
    const direct = await openChatBetween(server, cid, ada);
    const chatId = await newGroup(ada, [
      [bob, 'member'],
      [cid, 'member'],
    ]);
    await post(cid, '/api/messages', { chatId, content: 'Soon gone' }).expect(201);
    await post(ada, `/api/chats/${direct}/block`).expect(200);
    await close(cid);
    const places: [string, unknown][] = [
      ['members', await get(ada, `/api/chats/${chatId}/members`)],
      ['participants', (await get(ada, `/api/chats/${chatId}`)).participants],
      ['the other one', [(await get(ada, `/api/chats/${direct}`)).otherUser]],
      ['the list of chats', (await get(ada, '/api/chats/active')).map(others)],
      ['v0 conversations', (await get(ada, '/api/v0/chat/conversations')).map(others)],
      ['conversations', (await get(ada, '/api/chat/conversations')).map(others)],
      ['blocked', (await get(ada, '/api/users/blocked')).map(userIn)],
      ['sender', [(await get(ada, `/api/messages?chatId=${chatId}`)).at(-1).sender]],
    ];
    for (const [place, found] of places) {
      const cards = (found as (Card | Card[])[]).flat().filter(Boolean);
      expect([place, cards.find(({ id }) => id === cid.id)]).toMatchObject([
        place,
        { isDeactivated: true },
      ]);
      for (const card of cards.filter(({ id }) => id !== cid.id)) {
        expect([place, 'isDeactivated' in card]).toEqual([place, false]);
      }
    }
    const search = await get(ada, `/api/users/search?q=${cid.username}`);
    expect(search).toEqual([]);
    const mention = await post(ada, '/api/messages', { chatId, content: `Hi @${cid.username}` });
    expect(mention.body.data.mentions).toEqual([]);
    // Nobody is left who could not be unblocked.
    await post(ada, `/api/chats/${direct}/unblock`).expect(200);
    await reopen(cid);
    const members = (await get(ada, `/api/chats/${chatId}/members`)) as Card[];
    expect(members.filter(({ isDeactivated }) => isDeactivated)).toEqual([]);
  });
});

interface Card {
  id: string;
  isDeactivated?: boolean;
}
const others = ({ participants }: { participants: Card[] }) => participants;
const userIn = (blocked: Card & { user?: Card }): Card => blocked.user ?? blocked;
