import type { ContractCases } from '../contract-case.js';

/** People and their profiles. */
export const userCases: ContractCases = {
  'get /api/users/profile': async ({ client, alice, bob, newUser }) => {
    const { token } = alice;
    await client.call('get', '/api/users/profile', { token });
    for (const { id } of [bob, await newUser()]) {
      await client.call('get', '/api/users/profile', { token, query: { userId: id } });
    }
  },
  'put /api/users/profile': async ({ client, newUser }) => {
    const { token } = await newUser();
    await client.call('put', '/api/users/profile', {
      token,
      body: { firstName: 'Ada', lastName: 'Lovelace' },
    });
    await client.call('put', '/api/users/profile', { token, body: { role: 'admin' } });
  },
  'get /api/users/search': async ({ client, alice, bob }) => {
    await client.call('get', '/api/users/search', {
      token: alice.token,
      query: { q: bob.username, limit: '5' },
    });
    await client.call('get', '/api/users/search', { token: alice.token, query: { q: '.*(' } });
  },
  'get /api/users/{userId}': async ({ client, alice, bob, newUser }) => {
    for (const { id } of [alice, bob, await newUser()]) {
      await client.call('get', '/api/users/{userId}', {
        token: alice.token,
        params: { userId: id },
      });
    }
  },
};
