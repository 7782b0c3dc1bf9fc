import type { TestServer, TestUser } from './server.js';

/** Settings of a node that has an admin. */
export const ADMIN_ENV = {
  ADMIN_USERNAME: 'root',
  ADMIN_EMAIL: 'root@example.com',
  ADMIN_PASSWORD: 'test123',
};

/** Logs in as the admin of {@link ADMIN_ENV}. */
export const loginAdmin = async (server: TestServer): Promise<TestUser> => {
  const login = await server.http
    .post('/api/auth/login')
    .send({ username: ADMIN_ENV.ADMIN_USERNAME, password: ADMIN_ENV.ADMIN_PASSWORD })
    .expect(200);
  const { token, refreshToken, user } = login.body.data as {
    token: string;
    refreshToken: string;
    user: { id: string };
  };
  return {
    id: user.id,
    username: ADMIN_ENV.ADMIN_USERNAME,
    token,
    refreshToken,
    auth: { Authorization: `Bearer ${token}` },
  };
};
