import type { ContractCases } from '../contract-case.js';

/** What changed since a client was last here. */
export const syncCases: ContractCases = {
  'post /api/sync': async ({ client, alice, bob, chatId, newUser }) => {
    await client.call('post', '/api/messages', {
      token: alice.token,
      body: { chatId, content: 'Hello!' },
    });
    const requests = [
      {},
      { chats: { [chatId]: 0 }, limit: 1 },
      { chats: { [chatId]: 1_000_000 }, scope: 'listed' },
    ];
    for (const body of requests) {
      await client.call('post', '/api/sync', { token: bob.token, body });
    }
    const { token } = await newUser();
    await client.call('post', '/api/sync', { token, body: { chats: { [chatId]: 0 } } });
    await client.call('post', '/api/sync', { token, body: { chats: { x: 1 } } });
  },
};
