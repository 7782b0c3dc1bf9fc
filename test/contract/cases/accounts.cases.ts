import type { ContractCases } from '../contract-case.js';
import { linkOf, proposeTotp } from '../samples/accounts.samples.js';

const PASSWORD = 'test123';

/** Accounts of people: what goes by mail, second factors, logins, closing. */
export const accountCases: ContractCases = {
  'post /api/auth/reset-password': async (world) => {
    const { client } = world;
    const reset = (token: string, password: string) =>
      client.call('post', '/api/auth/reset-password', { body: { token, password } });
    const token = await linkOf(world, 'reset');
    await reset(token, 'x');
    await reset(token, 'another password');
    await reset(token, 'another password');
  },
  'post /api/auth/verify-email': async (world) => {
    const { client } = world;
    const body = { token: await linkOf(world, 'verify') };
    await client.call('post', '/api/auth/verify-email', { body });
    await client.call('post', '/api/auth/verify-email', { body });
  },
  'post /api/auth/change-email': async ({ client, newUser, bob }) => {
    const { token } = await newUser();
    const change = (email: string, currentPassword: string) =>
      client.call('post', '/api/auth/change-email', { token, body: { email, currentPassword } });
    await change('somewhere@example.com', 'not it');
    await change(`${bob.username}@example.com`, PASSWORD);
    await change('somewhere@example.com', PASSWORD);
  },
  'post /api/auth/totp/confirm': async (world) => {
    const { client } = world;
    const user = await world.newUser();
    const { token } = user;
    const confirm = (code: string) =>
      client.call('post', '/api/auth/totp/confirm', { token, body: { code } });
    await confirm('123456');
    const [code] = await proposeTotp(world, user);
    await confirm('wrong');
    await confirm(code!);
    const login = { username: user.username, password: PASSWORD };
    await client.call('post', '/api/auth/login', { body: login });
    await client.call('post', '/api/auth/totp', { body: { challenge: 'forged', code: code! } });
  },
  'post /api/auth/totp/recovery-codes': async (world) => {
    const { client } = world;
    const user = await world.newUser();
    const { token } = user;
    const renew = (code: string) =>
      client.call('post', '/api/auth/totp/recovery-codes', { token, body: { code } });
    const [first, second] = await proposeTotp(world, user);
    await renew(second!);
    await client.call('post', '/api/auth/totp/confirm', { token, body: { code: first! } });
    await renew('nonsense');
    await renew(second!);
  },
  'post /api/auth/totp/disable': async (world) => {
    const { client } = world;
    const user = await world.newUser();
    const { token } = user;
    const disable = (password: string, code: string) =>
      client.call('post', '/api/auth/totp/disable', { token, body: { password, code } });
    const [first, second] = await proposeTotp(world, user);
    await disable(PASSWORD, second!);
    await client.call('post', '/api/auth/totp/confirm', { token, body: { code: first! } });
    await disable('not it', second!);
    await disable(PASSWORD, second!);
  },
  'delete /api/auth/sessions': async ({ client, newUser }) => {
    const { token } = await newUser();
    await client.call('delete', '/api/auth/sessions', { token });
  },
  'delete /api/users/me': async ({ client, newUser }) => {
    const { token } = await newUser();
    const close = (password: string) =>
      client.call('delete', '/api/users/me', { token, body: { password } });
    await close('not it');
    await close(PASSWORD);
    await close(PASSWORD);
  },
  'post /api/admin/registration-invites': async ({ client, admin }) => {
    const create = (body: object) =>
      client.call('post', '/api/admin/registration-invites', { token: admin.token, body });
    await create({});
    await create({ maxUses: 0 });
    await create({ expiresAt: '2001-01-01T00:00:00Z' });
  },
};
