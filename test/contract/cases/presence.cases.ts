import type { ContractCases } from '../contract-case.js';

/** Who is here, and what people say of themselves. */
export const presenceCases: ContractCases = {
  'get /api/users/online': async ({ client, alice }) => {
    const { token } = alice;
    await client.call('get', '/api/users/online', { token });
    await client.call('get', '/api/users/online', { token, query: { page: '2', limit: '1' } });
  },
  'post /api/users/status': async ({ client, newUser }) => {
    const { token } = await newUser();
    for (const body of [
      { status: 'busy', customStatus: 'In a meeting' },
      { status: 'offline', customStatus: '' },
      { status: 'asleep' },
    ]) {
      await client.call('post', '/api/users/status', { token, body });
    }
  },
  'get /api/users/{userId}/status': async ({ client, alice, bob, newUser }) => {
    for (const { id } of [alice, bob, await newUser()]) {
      await client.call('get', '/api/users/{userId}/status', {
        token: alice.token,
        params: { userId: id },
      });
    }
  },
};
