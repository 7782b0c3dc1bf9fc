/** A group keeps an owner who is a member, whoever goes, comes and is appointed at the same moment. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { MemberRole } from '../../src/modules/chats/index.js';
import { objectId } from '../../src/platform/object-id.js';
import type { ConversationsCluster, ConversationsNode } from '../support/conversations-node.js';
import {
  actorOf,
  diesAtWrite,
  holdFirst,
  startConversations,
} from '../support/conversations-node.js';
import { Random } from '../support/random.js';
import { SEED, runs } from '../support/seed.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser } from '../support/server.js';

/** Random orders that each of those tests tries. */
const ORDERS = runs(8, 30);

let cluster: ConversationsCluster;
let server: TestServer;
let nodes: ConversationsCluster['nodes'];
let ada: TestUser;
let xena: TestUser;
let paul: TestUser;
beforeAll(async () => {
  cluster = await startConversations();
  ({ server, nodes } = cluster);
  [ada, xena, paul] = await Promise.all([
    registerUser(server),
    registerUser(server),
    registerUser(server),
  ]);
  await openChatBetween(server, ada, xena);
  await openChatBetween(server, ada, paul);
});
afterEach(() => {
  cluster.openGates();
});
afterAll(async () => {
  await cluster.close();
});

/** A group of Ada, its owner, and others with their roles. */
const newGroup = async (others: [TestUser, MemberRole][]): Promise<string> => {
  const [{ useCases }] = nodes;
  const { chat } = await useCases.groups.create(actorOf(ada), {
    kind: 'group',
    name: 'Lunch',
    memberIds: others.map(([{ id }]) => id),
  });
  const chatId = chat._id.toHexString();
  for (const [{ id }, role] of others) {
    if (role !== 'member') await useCases.members.setRole(actorOf(ada), chatId, id, role);
  }
  return chatId;
};
const expectOwner = async (chatId: string): Promise<void> => {
  const roles = Object.values(await cluster.rolesIn(chatId));
  if (roles.length > 0) expect(roles).toContain('owner');
};
const codesOf = async (calls: Promise<unknown>[]) =>
  (await Promise.allSettled(calls)).map((settled) =>
    settled.status === 'fulfilled' ? 'done' : (settled.reason as { code?: string }).code,
  );
const leave = (node: ConversationsNode, who: TestUser, chatId: string) =>
  node.useCases.members.leave(actorOf(who), chatId);
const appoint = (
  node: ConversationsNode,
  chatId: string,
  whom: TestUser,
  role: MemberRole = 'owner',
) => node.useCases.members.setRole(actorOf(ada), chatId, whom.id, role);

/** Lets every operation of both nodes wait for a while that the seed decides. */
const shuffle = (random: Random): void => {
  for (const node of nodes) {
    node.setGate(async () => {
      for (let turns = random.between(0, 12); turns > 0; turns -= 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }
};

describe('an owner who is appointed while leaving', () => {
  it('is no owner, and does not count when the other owner wants to leave', async () => {
    const chatId = await newGroup([
      [xena, 'member'],
      [paul, 'member'],
    ]);
    const [first, second] = nodes;
    const { reached, release } = holdFirst(
      second,
      ({ collection, name }) => collection === 'memberships' && name === 'updateOne',
    );
    const appointing = codesOf([appoint(second, chatId, xena)]);
    await reached;
    await leave(first, xena, chatId);
    release();

    expect(await appointing).toEqual(['NOT_FOUND']);
    expect(await codesOf([leave(first, ada, chatId)])).toEqual(['LAST_OWNER']);
    expect(await cluster.rolesIn(chatId)).toEqual({ [ada.id]: 'owner', [paul.id]: 'member' });
  });

  it(`leaves no group without an owner, in ${ORDERS} random orders on two nodes`, async () => {
    const random = new Random(SEED);
    for (let round = 0; round < ORDERS; round += 1) {
      const chatId = await newGroup([
        [xena, 'member'],
        [paul, 'member'],
      ]);
      shuffle(random);
      const going = random.pick([
        () => leave(nodes[1], xena, chatId),
        () => nodes[1].useCases.members.remove(actorOf(ada), chatId, xena.id),
      ]);
      await codesOf([
        appoint(nodes[0], chatId, xena),
        going(),
        ...(random.next() < 0.5 ? [leave(random.pick(nodes), ada, chatId)] : []),
      ]);
      await expectOwner(chatId);
      const { [ada.id]: wasOwner, [xena.id]: heir } = await cluster.rolesIn(chatId);
      const [code] = await codesOf([leave(random.pick(nodes), ada, chatId)]);
      await expectOwner(chatId);
      if (wasOwner) expect(code).toBe(heir === 'owner' ? 'done' : 'LAST_OWNER');
    }
  });
});

describe('the owners of a group who lose their role at once', () => {
  it(`never all lose it, in ${ORDERS} random orders on two nodes`, async () => {
    const random = new Random(SEED + 1);
    for (let round = 0; round < ORDERS; round += 1) {
      const chatId = await newGroup([
        [xena, 'owner'],
        [paul, 'member'],
      ]);
      let fewest = Number.POSITIVE_INFINITY;
      let isOver = false;
      const { memberships } = nodes[0].collections;
      const look = async () => {
        const owners = { chatId: objectId(chatId), role: 'owner' as const };
        fewest = Math.min(fewest, await memberships.countDocuments(owners));
      };
      const watch = (async () => {
        while (!isOver) await look();
      })();
      shuffle(random);
      const lose = (who: TestUser, by: TestUser, node: ConversationsNode) =>
        random.pick([
          () => leave(node, who, chatId),
          () => node.useCases.members.remove(actorOf(by), chatId, who.id),
          () => node.useCases.members.setRole(actorOf(by), chatId, who.id, 'member'),
        ])();
      const codes = await codesOf([lose(ada, xena, nodes[0]), lose(xena, ada, nodes[1])]);
      isOver = true;
      await watch;
      // The watch may have looked last before one of them was an owner no more.
      await look();

      expect(codes.filter((code) => code === 'done')).toHaveLength(1);
      expect(fewest).toBe(1);
      await expectOwner(chatId);
    }
  });

  it('leave one owner when a node dies at any point of it, and nobody waits for that node', async () => {
    const losses: ((chatId: string) => Promise<unknown>)[] = [
      (chatId) => leave(nodes[1], ada, chatId),
      (chatId) => nodes[1].useCases.members.remove(actorOf(ada), chatId, xena.id),
      (chatId) => appoint(nodes[1], chatId, xena, 'member'),
    ];
    for (const lose of losses) {
      for (let writes = 0, hasDied = true; hasDied; writes += 1) {
        const chatId = await newGroup([
          [xena, 'owner'],
          [paul, 'member'],
        ]);
        const death = diesAtWrite(nodes[1], writes);
        await codesOf([lose(chatId)]);
        hasDied = death.hasDied();
        nodes[1].setGate(undefined);

        await expectOwner(chatId);
        const codes = await codesOf([
          leave(nodes[0], ada, chatId),
          leave(nodes[0], xena, chatId),
          leave(nodes[0], paul, chatId),
        ]);
        expect(codes).not.toContain('UNAVAILABLE');
        await expectOwner(chatId);
      }
    }
  });

  it('do not lose a role they were given after the loss was decided', async () => {
    const chatId = await newGroup([
      [xena, 'owner'],
      [paul, 'member'],
    ]);
    // The second write to a membership in a demotion is the one that carries it out.
    let updates = 0;
    const { reached, release } = holdFirst(nodes[1], ({ collection, name }) => {
      if (collection === 'memberships' && name === 'updateOne') updates += 1;
      return updates === 2;
    });
    const late = codesOf([appoint(nodes[1], chatId, ada, 'member')]);
    await reached;
    // Decided, not done: whoever comes by does it, and then it cannot be Xena's turn.
    expect(await codesOf([leave(nodes[0], xena, chatId)])).toEqual(['LAST_OWNER']);
    expect(await cluster.rolesIn(chatId)).toMatchObject({ [ada.id]: 'member', [xena.id]: 'owner' });
    await nodes[0].useCases.members.setRole(actorOf(xena), chatId, ada.id, 'owner');
    await leave(nodes[0], xena, chatId);
    release();
    await late;
    expect(await cluster.rolesIn(chatId)).toEqual({ [ada.id]: 'owner', [paul.id]: 'member' });
  });

  it('do not lose it to a loss that nobody has carried out within a minute', async () => {
    const chatId = await newGroup([
      [xena, 'owner'],
      [paul, 'member'],
    ]);
    // The second write to the chat decides; then the node dies. Ada hears of an error, and stays.
    let updates = 0;
    nodes[1].setGate(({ collection, name }) => {
      if (updates === 2) return Promise.reject(new Error('this node is dead'));
      if (collection === 'chats' && name === 'updateOne') updates += 1;
      return Promise.resolve();
    });
    expect(await codesOf([leave(nodes[1], ada, chatId)])).not.toEqual(['done']);
    nodes[1].setGate(undefined);
    const { chats } = nodes[0].collections;
    const _id = objectId(chatId);
    expect(await chats.findOne({ _id })).toMatchObject({
      ownerLoss: { pending: { userId: objectId(ada.id), role: null } },
    });
    const longAgo = new Date(Date.now() - 3_600_000);
    await chats.updateOne({ _id }, { $set: { 'ownerLoss.pending.decidedAt': longAgo } });
    await appoint(nodes[0], chatId, xena, 'member');
    expect(await cluster.rolesIn(chatId)).toEqual({
      [ada.id]: 'owner',
      [xena.id]: 'member',
      [paul.id]: 'member',
    });
  });

  it('do not include the only member, who cannot step down', async () => {
    const chatId = await newGroup([]);
    expect(await codesOf([appoint(nodes[0], chatId, ada, 'member')])).toEqual(['LAST_OWNER']);
    expect(await cluster.rolesIn(chatId)).toEqual({ [ada.id]: 'owner' });
  });
});

describe('a group whose last member leaves', () => {
  it(`has an owner when somebody joins at that moment, in ${ORDERS} random orders`, async () => {
    const random = new Random(SEED + 2);
    for (let round = 0; round < ORDERS; round += 1) {
      const chatId = await newGroup([]);
      const { code } = await nodes[0].useCases.invites.create(actorOf(ada), chatId, {});
      shuffle(random);
      await codesOf([
        leave(nodes[0], ada, chatId),
        nodes[1].useCases.invites.accept(actorOf(paul), code),
      ]);
      expect(await cluster.rolesIn(chatId)).toMatchObject({ [paul.id]: expect.anything() });
      await expectOwner(chatId);
    }
  });
});

describe('a group that has lost its owner', () => {
  it('gets its longest-standing admin as owner with the next request of a member', async () => {
    const chatId = await newGroup([
      [paul, 'member'],
      [xena, 'admin'],
    ]);
    await nodes[0].collections.memberships.deleteOne({
      chatId: objectId(chatId),
      userId: objectId(ada.id),
    });
    await server.http.get(`/api/chats/${chatId}/members`).set(paul.auth).expect(200);
    expect(await cluster.rolesIn(chatId)).toEqual({ [paul.id]: 'member', [xena.id]: 'owner' });
    // And may rule it at once.
    await server.http
      .put(`/api/chats/${chatId}/members/${paul.id}/role`)
      .set(xena.auth)
      .send({ role: 'owner' })
      .expect(200);
  });
});
