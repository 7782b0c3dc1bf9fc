import { randomUUID } from 'node:crypto';
import type { ContractCases } from '../contract-case.js';
import { shopLogoutToken } from '../../support/issuer.js';

const PASSWORD = 'test123';
const newName = () => `c${randomUUID().replaceAll('-', '').slice(0, 16)}`;

/** Signing in and out. */
export const authCases: ContractCases = {
  'post /api/auth/register': async ({ client, alice }) => {
    const username = newName();
    const body = { username, email: `${username}@example.com`, password: PASSWORD };
    await client.call('post', '/api/auth/register', { body });
    await client.call('post', '/api/auth/register', { body });
    await client.call('post', '/api/auth/register', {
      body: { ...body, username: alice.username },
    });
    await client.call('post', '/api/auth/register', { body: '{"truncated":' });
  },
  'post /api/auth/login': async ({ client, alice }) => {
    const body = { username: alice.username, password: PASSWORD };
    const { body: answer } = await client.call('post', '/api/auth/login', { body });
    const { deviceToken } = answer.data as { deviceToken: string };
    await client.call('post', '/api/auth/login', { body: { ...body, deviceToken } });
    await client.call('post', '/api/auth/login', { body: { ...body, deviceToken: 'forged' } });
    await client.call('post', '/api/auth/login', { body: { ...body, password: 'not it' } });
    await client.call('post', '/api/auth/login', {
      body: { ...body, password: 'not it' },
      headers: { accept: 'application/problem+json' },
    });
  },
  'post /api/auth/refresh': async ({ client, newUser }) => {
    const body = { refreshToken: (await newUser()).refreshToken };
    await client.call('post', '/api/auth/refresh', { body });
    await client.call('post', '/api/auth/refresh', { body });
    await client.call('post', '/api/auth/refresh', { body: { refreshToken: 'forged' } });
  },
  'post /api/auth/backchannel-logout': async ({ client }) => {
    const body = { logout_token: await shopLogoutToken() };
    await client.call('post', '/api/auth/backchannel-logout', { body });
    await client.call('post', '/api/auth/backchannel-logout', { body });
  },
  'get /api/auth/me': async ({ client, alice }) => {
    await client.call('get', '/api/auth/me', { token: alice.token });
    await client.call('get', '/api/auth/me', { token: 'forged' });
  },
  'post /api/auth/logout': async ({ client, newUser }) => {
    const { token } = await newUser();
    await client.call('post', '/api/auth/logout', { token });
    await client.call('get', '/api/auth/me', { token });
  },
  'post /api/auth/logout-all': async ({ client, newUser }) => {
    const { token } = await newUser();
    await client.call('post', '/api/auth/logout-all', { token });
  },
  'post /api/auth/change-password': async ({ client, newUser }) => {
    const { token } = await newUser();
    const call = (currentPassword: string) =>
      client.call('post', '/api/auth/change-password', {
        token,
        body: { currentPassword, newPassword: 'test1234' },
      });
    await call('not it');
    await call(PASSWORD);
  },
};
