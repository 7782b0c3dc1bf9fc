import type { ContractCases, ContractWorld } from '../contract-case.js';
import type { TestUser } from '../../support/server.js';

const request = async ({ client }: ContractWorld, from: TestUser, to: TestUser) => {
  const { body } = await client.call('post', '/api/chats/or-create', {
    token: from.token,
    body: { recipientId: to.id },
  });
  return (body.data as { id: string }).id;
};

/** One person asks another; the other answers, and the asker tries to. */
const answer =
  (verb: 'accept' | 'reject') =>
  async (world: ContractWorld): Promise<void> => {
    const [asker, asked] = [await world.newUser(), await world.newUser()];
    const chatId = await request(world, asker, asked);
    for (const { token } of [asker, asked, asked]) {
      await world.client.call('post', `/api/chats/{chatId}/${verb}`, { token, params: { chatId } });
    }
  };

/** Direct chats and their requests. */
export const chatCases: ContractCases = {
  'post /api/chats/or-create': async (world) => {
    const [asker, asked] = [await world.newUser(), await world.newUser()];
    await request(world, asker, asked);
    await request(world, asker, asked);
    const toMyself = { token: asker.token, body: { recipientId: asker.id } };
    await world.client.call('post', '/api/chats/or-create', toMyself);
  },
  'get /api/chats/requests': async (world) => {
    const [asker, asked] = [await world.newUser(), await world.newUser()];
    await request(world, asker, asked);
    await world.client.call('get', '/api/chats/requests', { token: asked.token });
    await world.client.call('get', '/api/chats/requests', {
      token: asker.token,
      query: { direction: 'outgoing' },
    });
  },
  'post /api/chats/{chatId}/accept': answer('accept'),
  'post /api/chats/{chatId}/reject': answer('reject'),
  'get /api/chats/active': async ({ client, alice, newUser }) => {
    await client.call('get', '/api/chats/active', { token: alice.token });
    await client.call('get', '/api/chats/active', {
      token: (await newUser()).token,
      query: { page: '2', limit: '200' },
    });
  },
  'get /api/chats/{chatId}': async ({ client, alice, chatId, newUser }) => {
    for (const { token } of [alice, await newUser()]) {
      await client.call('get', '/api/chats/{chatId}', { token, params: { chatId } });
    }
  },
};
