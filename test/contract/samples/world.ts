import { SERVER_SCOPES } from '../../../src/shared/server-caller.js';
import type { TestServer, TestUser } from '../../support/server.js';
import { startMailServer } from '../../support/mail-server.js';
import { openDirectChat, registerUser, startServer } from '../../support/server.js';
import { SHOP_ISSUER } from '../../support/issuer.js';
import type { SampleRequest, SampleWorld } from './sample.js';

const ADMIN = { username: 'root', email: 'root@example.com', password: 'test123' };

/** Starts a node with an admin and builds the people that the samples use. */
export const createWorld = async (): Promise<SampleWorld> => {
  const mails = await startMailServer();
  const started = await startServer({
    env: {
      SMTP_URL: mails.url,
      PUBLIC_URL: 'https://chat.example.com',
      ...SHOP_ISSUER,
      ADMIN_USERNAME: ADMIN.username,
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
    },
  });
  const server = {
    ...started,
    close: async () => {
      await started.close();
      await mails.close();
    },
  };
  const { alice, bob, chatId } = await openDirectChat(server);
  const login = await server.http
    .post('/api/auth/login')
    .send({ username: ADMIN.username, password: ADMIN.password });
  const { token, refreshToken, user } = login.body.data as {
    token: string;
    refreshToken: string;
    user: { id: string };
  };
  const auth = { Authorization: `Bearer ${token}` };
  return {
    server,
    mails,
    alice,
    bob,
    chatId,
    stranger: await registerUser(server),
    admin: {
      id: user.id,
      username: ADMIN.username,
      token,
      refreshToken,
      auth,
    },
    service: await newService(server, { auth }),
    newUser: () => registerUser(server),
    newMessage: async () => {
      const sent = await server.http
        .post('/api/messages')
        .set(alice.auth)
        .send({ chatId, content: 'a message to work on' });
      return (sent.body as { data: { id: string } }).data.id;
    },
  };
};

/** A server that has a key; with every scope unless told. */
export const newService = async (
  server: TestServer,
  admin: Pick<TestUser, 'auth'>,
  scopes: readonly string[] = SERVER_SCOPES,
): Promise<TestUser> => {
  const made = await server.http
    .post('/api/admin/keys')
    .set(admin.auth)
    .send({ name: 'Orders', scopes })
    .expect(201);
  const { id, key } = (made.body as { data: { id: string; key: string } }).data;
  const auth = { Authorization: `Bearer ${key}` };
  return { id, username: 'Orders', token: key, refreshToken: '', auth };
};

/** The address of a request. */
export const addressOf = (path: string, { params = {}, query = {} }: SampleRequest): string => {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name]!));
  const search = new URLSearchParams(query).toString();
  return search ? `${filled}?${search}` : filled;
};
