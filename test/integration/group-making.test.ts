/** A retry of making a group or room: it finishes what broke off, and otherwise changes nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { objectId } from '../../src/platform/object-id.js';
import type { ConversationsCluster } from '../support/conversations-node.js';
import {
  actorOf,
  diesAtWrite,
  holdFirst,
  startConversations,
} from '../support/conversations-node.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { Random } from '../support/random.js';
import { SEED, runs } from '../support/seed.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser } from '../support/server.js';

let cluster: ConversationsCluster;
let server: TestServer;
let nodes: ConversationsCluster['nodes'];
let mary: TestUser;
let anna: TestUser;
let bert: TestUser;
let stranger: TestUser;
let root: TestUser;
beforeAll(async () => {
  cluster = await startConversations({ env: ADMIN_ENV });
  ({ server, nodes } = cluster);
  [mary, anna, bert, stranger] = await Promise.all([
    registerUser(server),
    registerUser(server),
    registerUser(server),
    registerUser(server),
  ]);
  root = await loginAdmin(server);
  await openChatBetween(server, mary, anna);
  await openChatBetween(server, mary, bert);
});
afterEach(() => {
  cluster.openGates();
});
afterAll(async () => {
  await cluster.close();
});

let made = 0;
/** A request nobody has made yet. */
const newRequest = (kind: 'group' | 'room', memberIds: string[]) => {
  made += 1;
  return { kind, name: `${kind} ${made}`, clientChatId: `${kind}-${made}`, memberIds };
};
type Request = ReturnType<typeof newRequest>;

const post = (path: string, body: object, user = mary) =>
  server.http.post(path).set(user.auth).send(body);
const make = async (request: Request): Promise<string> => {
  const { body } = await post('/api/chats', request).expect(201);
  return (body as { data: { id: string } }).data.id;
};
const madeUnder = ({ clientChatId }: Request) =>
  nodes[0].collections.chats.findOne({ clientChatId });
const reportsIn = (chatId: string) =>
  nodes[0].collections.messages.countDocuments({ chatId: objectId(chatId), messageType: 'system' });
/** What a node leaves behind that dies at this write of the request; whether it has died. */
const makeAndDie = async (request: Request, writes: number): Promise<boolean> => {
  const death = diesAtWrite(nodes[1], writes);
  await nodes[1].useCases.groups.create(actorOf(mary), request).catch(() => undefined);
  nodes[1].setGate(undefined);
  return death.hasDied();
};
/** Leaves behind a chat in which its first members are not all: dies at the first write that makes it so. */
const makeHalf = async (request: Request, members: TestUser[]): Promise<string> => {
  for (let writes = 0; ; writes += 1) {
    const retry = { ...request, clientChatId: `${request.clientChatId} ${writes}` };
    const hasDied = await makeAndDie({ ...retry, name: `${retry.name} ${writes}` }, writes);
    const chat = await madeUnder(retry);
    const roles = chat ? await cluster.rolesIn(chat._id.toHexString()) : {};
    if (chat && members.every(({ id }) => roles[id]) && Object.keys(roles).length > 0) {
      request.clientChatId = retry.clientChatId;
      return chat._id.toHexString();
    }
    if (!hasDied) throw new Error('it was never half made');
  }
};

describe('a retry of making a finished group or room', () => {
  it.each(['room', 'group'] as const)(
    'adds neither the maker nor others to the %s once the maker has left',
    async (kind) => {
      const request = newRequest(kind, kind === 'group' ? [anna.id] : []);
      const chatId = await make(request);
      if (kind === 'group') {
        await server.http
          .put(`/api/chats/${chatId}/members/${anna.id}/role`)
          .set(mary.auth)
          .send({ role: 'owner' })
          .expect(200);
      }
      await post(`/api/chats/${chatId}/leave`, {}).expect(200);
      const before = await cluster.rolesIn(chatId);

      const memberIds = [stranger.id, bert.id, '0123456789abcdef01234567'];
      await post('/api/chats', { ...request, memberIds }).expect(404);

      expect(await cluster.rolesIn(chatId)).toEqual(before);
    },
  );

  it('does not restore the ownership of a maker who was removed', async () => {
    const request = newRequest('room', []);
    const chatId = await make(request);
    await server.http.delete(`/api/chats/${chatId}/members/${mary.id}`).set(root.auth).expect(200);
    await post('/api/chats', request).expect(404);
    expect(await cluster.rolesIn(chatId)).toEqual({});
    // Joining is another matter.
    await post(`/api/rooms/${request.name.replace(' ', '-')}/join`, {}).expect(200);
    expect((await post('/api/chats', request).expect(200)).body.data).toMatchObject({
      id: chatId,
      role: 'member',
    });
  });

  it('finds no list of first members left in the chat', async () => {
    const chatId = await make(newRequest('group', [anna.id]));
    const chat = await nodes[0].collections.chats.findOne({ _id: objectId(chatId) });
    expect(chat).not.toHaveProperty('making');
  });
});

describe('a retry of making a half-made group or room', () => {
  it.each(['room', 'group'] as const)(
    'adds the members of the first request, at whichever write the node died that made the %s',
    async (kind) => {
      let found = 0;
      for (let writes = 0, hasDied = true; hasDied; writes += 1) {
        const request = newRequest(kind, [anna.id, bert.id]);
        hasDied = await makeAndDie(request, writes);
        const chat = await madeUnder(request);
        if (!chat) continue;
        found += 1;
        const chatId = chat._id.toHexString();
        const retry = { ...request, memberIds: [stranger.id] };
        for (let i = 0; i < 2; i += 1) {
          expect((await post('/api/chats', retry)).status).toBe(200);
          expect(await cluster.rolesIn(chatId)).toEqual({
            [mary.id]: 'owner',
            [anna.id]: 'member',
            [bert.id]: 'member',
          });
          expect(await reportsIn(chatId)).toBe(kind === 'group' ? 1 : 0);
        }
        // It is finished now: who is removed stays out.
        await server.http
          .delete(`/api/chats/${chatId}/members/${anna.id}`)
          .set(mary.auth)
          .expect(200);
        await post('/api/chats', retry).expect(200);
        expect(Object.keys(await cluster.rolesIn(chatId)).sort()).toEqual(
          [mary.id, bert.id].sort(),
        );
      }
      expect(found).toBeGreaterThan(3);
    },
  );

  it('leaves out members who may no longer be added', async () => {
    const dora = await registerUser(server);
    const direct = await openChatBetween(server, mary, dora);
    const request = newRequest('group', [anna.id, dora.id]);
    const chatId = await makeHalf(request, [mary]);
    await post(`/api/chats/${direct}/block`, {}, dora).expect(200);
    await post('/api/chats', request).expect(200);
    expect(await cluster.rolesIn(chatId)).toEqual({ [mary.id]: 'owner', [anna.id]: 'member' });
    // Also later: it is made, and stays as it is.
    await post(`/api/chats/${direct}/unblock`, {}, dora).expect(200);
    await post('/api/chats', request).expect(200);
    expect(await cluster.rolesIn(chatId)).toEqual({ [mary.id]: 'owner', [anna.id]: 'member' });
  });

  it('does not add members again who have left meanwhile', async () => {
    const request = newRequest('group', [anna.id, bert.id]);
    const chatId = await makeHalf(request, [mary, anna, bert]);
    await post(`/api/chats/${chatId}/leave`, {}, anna).expect(200);
    await post('/api/chats', request).expect(200);
    expect(await cluster.rolesIn(chatId)).toEqual({ [mary.id]: 'owner', [bert.id]: 'member' });
  });
});

describe('concurrent retries of making a group', () => {
  it('do not add a member again who was removed after the first one had answered', async () => {
    const request = newRequest('group', [anna.id, bert.id]);
    const [first, second] = nodes;
    const working = holdFirst(
      first,
      ({ collection, name }) => collection === 'memberships' && name === 'updateOne',
    );
    const making = first.useCases.groups.create(actorOf(mary), request);
    await working.reached;
    // The retry has read what is to be done, and stops right before it writes.
    let inserts = 0;
    const late = holdFirst(second, ({ collection, name }) => {
      if (collection === 'memberships' && name === 'updateOne') inserts += 1;
      return inserts === 2;
    });
    const retrying = second.useCases.groups.create(actorOf(mary), request);
    await late.reached;
    working.release();
    const chatId = (await making).chat._id.toHexString();
    for (const { id } of [anna, bert]) {
      await first.useCases.members.remove(actorOf(mary), chatId, id);
    }
    late.release();
    expect(await retrying).toMatchObject({ isReplay: true });

    expect(await cluster.rolesIn(chatId)).toEqual({ [mary.id]: 'owner' });
    expect(await madeUnder(request)).not.toHaveProperty('making');
  });

  it(`make one group with all its members, in ${runs(10)} random orders on two nodes`, async () => {
    const random = new Random(SEED);
    for (let round = 0; round < runs(10); round += 1) {
      for (const node of nodes) {
        node.setGate(async () => {
          for (let turns = random.between(0, 12); turns > 0; turns -= 1) {
            await new Promise((resolve) => setImmediate(resolve));
          }
        });
      }
      const request = newRequest('group', [anna.id, bert.id]);
      const answers = await Promise.all(
        [0, 1, 0, 1].map((index) => nodes[index]!.useCases.groups.create(actorOf(mary), request)),
      );
      const ids = new Set(answers.map(({ chat }) => chat._id.toHexString()));
      expect(ids.size).toBe(1);
      expect(answers.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
      const [chatId] = [...ids] as [string];
      expect(await cluster.rolesIn(chatId)).toEqual({
        [mary.id]: 'owner',
        [anna.id]: 'member',
        [bert.id]: 'member',
      });
      expect(await reportsIn(chatId)).toBe(1);
      expect(await madeUnder(request)).not.toHaveProperty('making');
    }
  });
});
