import type { TOTP } from 'otpauth';
import { URI } from 'otpauth';
import type { TestUser } from '../../support/server.js';
import type { RouteSamples, SampleWorld } from './sample.js';

const PASSWORD = 'test123';
const addressOf = ({ username }: Pick<TestUser, 'username'>) => `${username}@example.com`;

/** The token of a mail that somebody new has asked for. */
export const linkOf = async (
  { server, mails, newUser }: SampleWorld,
  kind: 'reset' | 'verify' | 'changed',
): Promise<string> => {
  const user = await newUser();
  const verify = await mails.nextToken(addressOf(user));
  if (kind === 'verify') return verify;
  if (kind === 'reset') {
    await server.http.post('/api/auth/forgot-password').send({ email: addressOf(user) });
    return mails.nextToken(addressOf(user));
  }
  const email = `new.${addressOf(user)}`;
  const change = { email, currentPassword: PASSWORD };
  await server.http.post('/api/auth/change-email').set(user.auth).send(change);
  const token = await mails.nextToken(email);
  await server.http.post('/api/auth/verify-email').send({ token });
  return mails.nextToken(addressOf(user));
};

/** Asks for a secret; answers codes of it: each works once, so the first is that of the step before. */
export const proposeTotp = async (
  { server }: SampleWorld,
  { auth }: Pick<TestUser, 'auth'>,
): Promise<string[]> => {
  const { body } = await server.http
    .post('/api/auth/totp/enrol')
    .set(auth)
    .send({ password: PASSWORD });
  const totp = URI.parse((body as { data: { uri: string } }).data.uri) as TOTP;
  return [-30_000, 0, 30_000].map((later) => totp.generate({ timestamp: Date.now() + later }));
};

/** The challenge of a login of somebody with a second factor, and a code for it. */
export const challengeOf = async (
  world: SampleWorld,
): Promise<{ challenge: string; code: string }> => {
  const user = await world.newUser();
  const [first, second] = await proposeTotp(world, user);
  const { http } = world.server;
  await http.post('/api/auth/totp/confirm').set(user.auth).send({ code: first });
  const login = await http
    .post('/api/auth/login')
    .send({ username: user.username, password: PASSWORD });
  return { challenge: (login.body as { challenge: string }).challenge, code: second! };
};

/** Accounts: mails with links, second factors, logins. What changes the caller’s own is tried in the cases. */
export const accountRoutes: RouteSamples = {
  'post /api/auth/forgot-password': {
    request: ({ bob }) => ({ body: { email: addressOf(bob) } }),
    stranger: 200,
  },
  'post /api/auth/reset-password': {
    request: async (world) => ({
      body: { token: await linkOf(world, 'reset'), password: 'another password' },
    }),
    stranger: 200,
  },
  'post /api/auth/verify-email': {
    request: async (world) => ({ body: { token: await linkOf(world, 'verify') } }),
    stranger: 200,
  },
  'post /api/auth/verify-email/resend': {
    request: ({ bob }) => ({ body: { email: addressOf(bob) } }),
    stranger: 200,
  },
  'post /api/auth/undo-email-change': {
    request: async (world) => ({ body: { token: await linkOf(world, 'changed') } }),
    stranger: 200,
  },
  'post /api/auth/change-email': {
    request: () => ({ body: { email: 'elsewhere@example.com', currentPassword: PASSWORD } }),
    stranger: 200,
  },
  'post /api/auth/totp': {
    request: async (world) => ({ body: await challengeOf(world) }),
    stranger: 200,
  },
  'post /api/auth/totp/enrol': {
    request: () => ({ body: { password: PASSWORD } }),
    stranger: 200,
  },
  'get /api/auth/sessions': { request: () => ({}), stranger: 200 },
  'delete /api/auth/sessions/:sessionId': {
    request: async ({ server, alice }) => {
      const login = { username: alice.username, password: PASSWORD };
      const made = await server.http.post('/api/auth/login').send(login);
      const { token } = (made.body as { data: { token: string } }).data;
      const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as {
        sid: string;
      };
      return { params: { sessionId: claims.sid } };
    },
    stranger: 404,
  },
};
