/** Who may make an account (REGISTRATION), and the codes of invites. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import type { MailServer } from '../support/mail-server.js';
import { startMailServer } from '../support/mail-server.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

const INVITES = '/api/admin/registration-invites';

let smtp: MailServer;
let open: TestServer;
let invite: TestServer;
let domain: TestServer;
let closed: TestServer;
let admin: TestUser;
/** Hours that the clock of the node with invites is ahead. */
let ahead = 0;

beforeAll(async () => {
  smtp = await startMailServer();
  open = await startServer();
  const { mongodbUri } = open;
  invite = await startServer({
    mongodbUri,
    env: { REGISTRATION: 'invite' },
    clock: { now: () => Date.now() + ahead * 3_600_000 },
  });
  domain = await startServer({
    mongodbUri,
    env: {
      REGISTRATION: 'domain: A.example, b.example',
      SMTP_URL: smtp.url,
      PUBLIC_URL: 'https://chat.example.com',
    },
  });
  // The first admin is made whatever the setting says.
  closed = await startServer({ mongodbUri, env: { REGISTRATION: 'closed', ...ADMIN_ENV } });
  admin = await loginAdmin(closed);
});
afterAll(async () => {
  await Promise.all([invite, domain, closed].map((server) => server.close()));
  await open.close();
  await smtp.close();
});

let count = 0;
const register = (server: TestServer, more: Record<string, unknown> = {}) => {
  const username = `reg${(count += 1)}`;
  const account = { username, email: `${username}@example.com`, password: 'test123', ...more };
  return server.http.post('/api/auth/register').send(account);
};
const outcome = ({ status, body }: { status: number; body: unknown }) => [
  status,
  (body as { code?: string }).code,
];

const newInvite = async (terms: object = {}) => {
  const { body } = await invite.http.post(INVITES).set(admin.auth).send(terms).expect(201);
  return (body as { data: { id: string; code: string; uses: number; maxUses: number } }).data;
};
const listed = async (id: string) => {
  const { body } = await invite.http.get(INVITES).set(admin.auth).expect(200);
  return (body as { data: { id: string }[] }).data.find((row) => row.id === id);
};

describe('REGISTRATION=closed', () => {
  it('lets nobody make an account, and those who have one sign in', async () => {
    expect(outcome(await register(closed))).toEqual([403, 'REGISTRATION_CLOSED']);
    const { username } = await registerUser(open);
    const credentials = { username, password: 'test123' };
    await closed.http.post('/api/auth/login').send(credentials).expect(200);
  });
});

describe('REGISTRATION=invite', () => {
  it('wants a code that is known', async () => {
    expect(outcome(await register(invite))).toEqual([403, 'INVITE_REQUIRED']);
    const refused = await register(invite, { inviteCode: 'made up' });
    expect(outcome(refused)).toEqual([403, 'INVITE_INVALID']);
  });

  it('takes a code as often as it says, and one of several sign-ups gets the last use', async () => {
    const { code, id, maxUses } = await newInvite();
    expect(maxUses).toBe(1);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => register(invite, { inviteCode: code })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 403, 403, 403, 403]);
    expect(await listed(id)).toMatchObject({ uses: 1 });
  });

  it('does not use a code up when no account is made', async () => {
    const { code, id } = await newInvite();
    const { username } = await registerUser(open);
    expect(outcome(await register(invite, { inviteCode: code, username }))).toEqual([
      409,
      'USERNAME_TAKEN',
    ]);
    expect(await listed(id)).toMatchObject({ uses: 0 });
    expect((await register(invite, { inviteCode: code })).status).toBe(201);
  });

  it('takes no code that has expired, was revoked, or is for another address', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const [brief, revoked, personal] = await Promise.all([
      newInvite({ expiresAt }),
      newInvite(),
      newInvite({ email: 'Eve@Example.com' }),
    ]);
    await invite.http.delete(`${INVITES}/${revoked.id}`).set(admin.auth).expect(200);
    await invite.http.delete(`${INVITES}/${revoked.id}`).set(admin.auth).expect(200);
    ahead = 2;
    for (const { code } of [brief, revoked, personal]) {
      expect(outcome(await register(invite, { inviteCode: code }))).toEqual([
        403,
        'INVITE_INVALID',
      ]);
    }
    ahead = 0;
    const eve = { inviteCode: personal.code, email: 'eve@example.com' };
    expect((await register(invite, eve)).status).toBe(201);
    const past = { expiresAt: new Date(Date.now() - 1000).toISOString() };
    await invite.http.post(INVITES).set(admin.auth).send(past).expect(400);
  });

  it('shows a code once, stores its hash, and has admins’ actions in the audit log', async () => {
    const { code, id } = await newInvite({ maxUses: 3 });
    expect(await listed(id)).not.toHaveProperty('code');
    const rows = await invite.app.connection.collection('registrationinvites').find().toArray();
    expect(JSON.stringify(rows)).not.toContain(code);
    const { body } = await invite.http.get('/api/admin/audit').set(admin.auth).expect(200);
    expect((body as { data: object[] }).data).toContainEqual(
      expect.objectContaining({
        action: 'registration_invites.create',
        subject: id,
        outcome: 'done',
      }),
    );
    const unknown = `${INVITES}/0123456789abcdef01234567`;
    await invite.http.delete(unknown).set(admin.auth).expect(404);
  });
});

describe('REGISTRATION=domain', () => {
  it('takes addresses of the domains alone', async () => {
    for (const email of [
      'x@example.com',
      'x@sub.a.example',
      'x@nota.example',
      'a.example@c.example',
    ]) {
      expect(outcome(await register(domain, { email }))).toEqual([403, 'EMAIL_DOMAIN_REFUSED']);
    }
  });

  it('lets nobody sign in before the address is confirmed', async () => {
    const email = 'Worker@B.Example';
    const answer = await register(domain, { email });
    expect([answer.status, answer.body]).toEqual([
      202,
      { success: true, data: { mustVerifyEmail: true } },
    ]);
    const login = (password = 'test123') =>
      domain.http.post('/api/auth/login').send({ email, password });
    expect(outcome(await login())).toEqual([403, 'EMAIL_NOT_VERIFIED']);
    expect(outcome(await login('not it'))).toEqual([401, 'INVALID_CREDENTIALS']);
    const token = await smtp.nextToken('Worker@b.example');
    await domain.http.post('/api/auth/verify-email').send({ token }).expect(200);
    const { body } = await login().expect(200);
    const { token: access } = (body as { data: { token: string } }).data;
    const change = { email: 'worker@elsewhere.example', currentPassword: 'test123' };
    const moved = await domain.http
      .post('/api/auth/change-email')
      .set({ Authorization: `Bearer ${access}` })
      .send(change);
    expect(outcome(moved)).toEqual([403, 'EMAIL_DOMAIN_REFUSED']);
  });

  it('lets those sign in who had their account before', async () => {
    const { username } = await registerUser(open);
    const credentials = { username, password: 'test123' };
    await domain.http.post('/api/auth/login').send(credentials).expect(200);
  });
});
