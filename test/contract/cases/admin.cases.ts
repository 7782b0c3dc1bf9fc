import { randomUUID } from 'node:crypto';
import type { ContractCases } from '../contract-case.js';

const UNKNOWN = '0123456789abcdef01234567';

/** Accounts, broadcasts, reports and the audit trail. */
export const adminCases: ContractCases = {
  'get /api/admin/users': async ({ client, admin, bob }) => {
    const { token } = admin;
    const queries: Record<string, string>[] = [
      { q: bob.username },
      { role: 'admin', limit: '1' },
      { status: 'deactivated' },
      { status: 'asleep' },
    ];
    for (const query of queries) {
      await client.call('get', '/api/admin/users', { token, query });
    }
  },
  'get /api/admin/users/{userId}': async ({ client, admin, bob }) => {
    for (const userId of [bob.id, UNKNOWN]) {
      await client.call('get', '/api/admin/users/{userId}', {
        token: admin.token,
        params: { userId },
      });
    }
  },
  'put /api/admin/users/{userId}/role': async ({ client, admin, newUser }) => {
    const { token } = admin;
    const path = '/api/admin/users/{userId}/role';
    const { id: userId } = await newUser();
    for (const role of ['admin', 'user', 'king']) {
      await client.call('put', path, { token, params: { userId }, body: { role } });
    }
    await client.call('put', path, {
      token,
      params: { userId: admin.id },
      body: { role: 'user' },
    });
  },
  'post /api/admin/broadcasts': async ({ client, admin, bob }) => {
    const { token } = admin;
    const clientMessageId = randomUUID();
    for (const body of [
      { message: 'Admins only', audience: 'role', role: 'admin' },
      { message: 'You alone', audience: 'list', userIds: [bob.id] },
      { message: 'Later', scheduledAt: new Date(Date.now() + 3_600_000).toISOString() },
      { message: 'Once', clientMessageId },
      { message: 'Once', clientMessageId },
      { message: 'Not the same', clientMessageId },
      { message: 'To whom?', audience: 'role' },
      { message: 'To whom?', audience: 'all', userIds: [bob.id] },
    ]) {
      await client.call('post', '/api/admin/broadcasts', { token, body });
    }
  },
  'get /api/broadcasts': async ({ client, alice }) => {
    const { token } = alice;
    await client.call('get', '/api/broadcasts', { token, query: { limit: '1' } });
    await client.call('get', '/api/broadcasts', { token, query: { before: '2' } });
  },
  'post /api/messages/{messageId}/report': async ({ client, alice, bob, newMessage }) => {
    const path = '/api/messages/{messageId}/report';
    const params = { messageId: await newMessage() };
    const body = { reason: 'not nice' };
    await client.call('post', path, { token: bob.token, params, body });
    await client.call('post', path, { token: bob.token, params, body });
    await client.call('post', path, { token: alice.token, params, body });
  },
  'get /api/admin/audit': async ({ client, admin }) => {
    await client.call('get', '/api/admin/audit', { token: admin.token, query: { limit: '2' } });
  },
};
