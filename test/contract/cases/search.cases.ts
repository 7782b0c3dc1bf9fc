import type { ContractCases } from '../contract-case.js';

/** Search. */
export const searchCases: ContractCases = {
  'get /api/chats/{chatId}/search': async ({ client, server, alice, bob, chatId, newUser }) => {
    await server.http.post('/api/messages').set(alice.auth).send({ chatId, content: 'a needle' });
    for (const { token } of [bob, await newUser()]) {
      await client.call('get', '/api/chats/{chatId}/search', {
        token,
        params: { chatId },
        query: { q: 'needle' },
      });
    }
  },
  'get /api/search/messages': async ({ client, bob }) => {
    for (const q of ['needle', '?']) {
      await client.call('get', '/api/search/messages', { token: bob.token, query: { q } });
    }
  },
};
