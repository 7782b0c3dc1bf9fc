/** Accepting an invite when the server or the database stops in the middle of it. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { ConversationsCluster } from '../support/conversations-node.js';
import {
  actorOf,
  diesAtWrite,
  holdFirst,
  startConversations,
} from '../support/conversations-node.js';
import type { TestUser } from '../support/server.js';
import { registerUser } from '../support/server.js';

let now = Date.now();
let cluster: ConversationsCluster;
let owner: TestUser;
let guest: TestUser;
let other: TestUser;
beforeAll(async () => {
  cluster = await startConversations({ clock: { now: () => now } });
  const { server } = cluster;
  [owner, guest, other] = await Promise.all([
    registerUser(server),
    registerUser(server),
    registerUser(server),
  ]);
});
afterEach(() => {
  cluster.openGates();
});
afterAll(async () => {
  await cluster.close();
});

const call = (method: 'get' | 'post' | 'delete', path: string, body: object = {}, user = owner) =>
  cluster.server.http[method](path).set(user.auth).send(body);
/** A group of its owner alone, and an invite for one. */
const newInvite = async (): Promise<{ chatId: string; code: string }> => {
  const group = await call('post', '/api/chats', { kind: 'group', name: 'Lunch' }).expect(201);
  const chatId = (group.body as { data: { id: string } }).data.id;
  const made = await call('post', `/api/chats/${chatId}/invites`, { maxUses: 1 }).expect(201);
  return { chatId, code: (made.body as { data: { code: string } }).data.code };
};
const accept = (code: string, user: TestUser) =>
  call('post', `/api/invites/${code}/accept`, {}, user);
const acceptOn = (index: 0 | 1, code: string, user: TestUser) =>
  cluster.nodes[index].useCases.invites.accept(actorOf(user), code);
const membersOf = async (chatId: string) => Object.keys(await cluster.rolesIn(chatId));
const isMembership = ({ collection, isWrite }: { collection: string; isWrite: boolean }) =>
  isWrite && collection === 'memberships';

it('a user whose use of an invite was counted before a crash may try again, and nobody else may', async () => {
  const { chatId, code } = await newInvite();
  const death = diesAtWrite(cluster.nodes[1], 0);
  await expect(acceptOn(1, code, guest)).rejects.toThrow('dead');
  expect(death.hasDied()).toBe(true);
  expect(await membersOf(chatId)).toEqual([owner.id]);

  await accept(code, other).expect(410);
  await accept(code, guest).expect(200);
  expect((await membersOf(chatId)).sort()).toEqual([owner.id, guest.id].sort());
  await accept(code, other).expect(410);
});

it('a counted use of an invite ends after ten minutes, and when the invite is revoked', async () => {
  const late = await newInvite();
  const revoked = await newInvite();
  for (const { code } of [late, revoked]) {
    diesAtWrite(cluster.nodes[1], 0);
    await expect(acceptOn(1, code, guest)).rejects.toThrow('dead');
  }
  await call('delete', `/api/chats/${revoked.chatId}/invites/${revoked.code}`).expect(200);
  await accept(revoked.code, guest).expect(410);
  now += 11 * 60_000;
  await accept(late.code, guest).expect(410);
  expect(await membersOf(late.chatId)).toEqual([owner.id]);
});

it('a removed member cannot come back by a used-up invite', async () => {
  const { chatId, code } = await newInvite();
  await accept(code, guest).expect(200);
  await call('delete', `/api/chats/${chatId}/members/${guest.id}`).expect(200);
  await accept(code, guest).expect(410);
});

it.each(['the first', 'the second'])(
  'a user who accepts an invite twice at the same moment uses it once, when %s is slower',
  async (slower) => {
    const { chatId, code } = await newInvite();
    const { reached, release } = holdFirst(cluster.nodes[0], isMembership);
    const first = acceptOn(0, code, guest);
    await reached;
    const second = acceptOn(1, code, guest);
    if (slower === 'the first') await second;
    release();
    await Promise.all([first, second]);
    expect((await membersOf(chatId)).sort()).toEqual([owner.id, guest.id].sort());
    await accept(code, other).expect(410);
    const joined = await call('get', `/api/chats/${chatId}/messages`).expect(200);
    const types = (joined.body.data as { system: { type: string } }[]).map(
      ({ system }) => system.type,
    );
    expect(types.filter((type) => type === 'member_joined')).toHaveLength(1);
  },
);
