/** What goes by mail: confirmed addresses, forgotten passwords, changed addresses; with a real SMTP server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConfigError, loadConfig } from '../../src/config/index.js';
import { MailOutboxRepository } from '../../src/modules/mail/mail-outbox.repository.js';
import { UsersRepository } from '../../src/modules/users/users.repository.js';
import { eventually } from '../support/eventually.js';
import type { MailServer } from '../support/mail-server.js';
import { startMailServer } from '../support/mail-server.js';
import { OperationCounter, monitored } from '../support/operation-counts.js';
import type { TestServer } from '../support/server.js';
import { startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const PUBLIC_URL = 'https://chat.example.com/base/';
const PASSWORD = 'test123';

let smtp: MailServer;
let server: TestServer;
/** Minutes that the server's clock is ahead. */
let ahead = 0;
const clock = { now: () => Date.now() + ahead * 60_000 };
const mailEnv = () => ({ SMTP_URL: smtp.url, PUBLIC_URL });

beforeAll(async () => {
  smtp = await startMailServer();
  server = await startServer({ env: mailEnv(), clock });
});
beforeEach(() => {
  smtp.mood = 'takes';
});
afterAll(async () => {
  await server.close();
  await smtp.close();
});

let count = 0;
const newName = () => `mail${(count += 1)}`;

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  server.http.post(path).set(headers).send(body);
const login = (identifier: string, password = PASSWORD) =>
  post('/api/auth/login', { identifier, password });

interface SignedUp {
  username: string;
  email: string;
  token: string;
  auth: { Authorization: string };
}

/** Signs up; answers with the token of the link in the first mail. */
const signUp = async (language = 'en'): Promise<SignedUp & { link: string }> => {
  const username = newName();
  const email = `${username}@example.com`;
  const { body } = await post(
    '/api/auth/register',
    { username, email, password: PASSWORD },
    { 'Accept-Language': language },
  ).expect(201);
  const { token } = (body as { data: { token: string } }).data;
  const link = await smtp.nextToken(email);
  return { username, email, token, link, auth: { Authorization: `Bearer ${token}` } };
};

const me = async ({ auth }: SignedUp) =>
  ((await server.http.get('/api/auth/me').set(auth).expect(200)).body as { data: object }).data;
const forgot = (email: string, headers?: Record<string, string>) =>
  post('/api/auth/forgot-password', { email }, headers);
const reset = (token: string, password = 'new password') =>
  post('/api/auth/reset-password', { token, password });
const verify = (token: string) => post('/api/auth/verify-email', { token });

const expectInvalid = ({ status, body }: { status: number; body: unknown }) => {
  expect([status, (body as { code: string }).code]).toEqual([410, 'LINK_INVALID']);
};

describe('a new account', () => {
  it('gets a link that confirms its address, once', async () => {
    const user = await signUp();
    expect(await me(user)).toMatchObject({ isEmailVerified: false });
    const { body } = await verify(user.link).expect(200);
    expect(body).toMatchObject({ data: { email: user.email } });
    expect(await me(user)).toMatchObject({ isEmailVerified: true });
    expectInvalid(await verify(user.link));
  });

  it('gets it again when it asks, and the former link does not work any more', async () => {
    const user = await signUp();
    await post('/api/auth/verify-email/resend', { email: user.email }).expect(202);
    const second = await smtp.nextToken(user.email);
    expectInvalid(await verify(user.link));
    await verify(second).expect(200);
  });

  it('has the language that the client asked for, until it chooses another', async () => {
    const user = await signUp('tlh, fr-CA;q=0.9, de;q=0.5');
    expect(await me(user)).toMatchObject({ locale: 'fr' });
    const changed = { locale: 'ar' };
    await server.http.put('/api/users/profile').set(user.auth).send(changed).expect(200);
    await forgot(user.email, { 'Accept-Language': 'ja' }).expect(202);
    const mail = await smtp.next(user.email);
    expect(mail.headers['content-language']).toBe('ar');
    expect(mail.headers.subject).toBe('تعيين كلمة مرور جديدة في chat.example.com');
    expect(mail.html).toContain('<html lang="ar" dir="rtl">');
    expect(mail.text).toContain(`${PUBLIC_URL}views/account.html?action=reset&lang=ar#`);
  });
});

describe('a forgotten password', () => {
  it('is replaced by a link that works once, and all logins end', async () => {
    const user = await signUp();
    const socket = await TestSocket.connect(server, user);
    const closed = new Promise((resolve) => socket.raw.once('disconnect', resolve));
    await forgot(user.email.toUpperCase()).expect(202);
    const token = await smtp.nextToken(user.email);
    const { body } = await reset(token).expect(200);
    expect(body).toMatchObject({ data: { endedSessions: 1 } });
    await closed;
    await server.http.get('/api/auth/me').set(user.auth).expect(401);
    await login(user.username).expect(401);
    await login(user.username, 'new password').expect(200);
    expectInvalid(await reset(token));
    const notice = await smtp.next(user.email);
    expect(notice.headers.subject).toBe('Your password on chat.example.com was changed');
    expect(notice.text).not.toContain('http');
  });

  it('is not replaced by an older link, a changed one, one for something else, or after an hour', async () => {
    const user = await signUp();
    await forgot(user.email);
    const first = await smtp.nextToken(user.email);
    await forgot(user.email);
    const second = await smtp.nextToken(user.email);
    expectInvalid(await reset(first));
    expectInvalid(await reset(user.link));
    expectInvalid(await verify(second));
    expectInvalid(await reset(`${second.slice(0, -1)}${second.endsWith('A') ? 'B' : 'A'}`));
    expectInvalid(await reset('nonsense'));
    ahead += 61;
    expectInvalid(await reset(second));
    await login(user.username).expect(200);
  });

  it('is replaced by one of two calls with the same link', async () => {
    const user = await signUp();
    await forgot(user.email);
    const token = await smtp.nextToken(user.email);
    const answers = await Promise.all([1, 2, 3].map((i) => reset(token, `password ${i}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410]);
  });

  it('is answered alike whether or not there is an account, and no mail goes to strangers', async () => {
    const user = await signUp();
    const known = await forgot(user.email);
    const unknown = await forgot('nobody@example.com');
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
    await smtp.next(user.email);
    await eventually(async () => (await waitingMails()) === 0);
    expect(smtp.received.some(({ to }) => to === 'nobody@example.com')).toBe(false);
  });

  it('is ordered without a look at whose the address is, so that the answer takes as long', async () => {
    const user = await signUp();
    const node = await startServer({
      env: mailEnv(),
      mongodbUri: monitored(server.mongodbUri),
      clock,
    });
    const counter = await OperationCounter.watch([node]);
    try {
      for (const email of [user.email, 'nobody-at-all@example.com']) {
        const { database } = await counter.count(() =>
          node.http.post('/api/auth/forgot-password').send({ email }).expect(202),
        );
        // Whose the address is, is found out by whoever sends the mail.
        expect([email, database['insert outgoingmails']]).toEqual([email, 1]);
      }
    } finally {
      counter.close();
      await node.close();
    }
  });

  it('goes to the address as the account has it, not as it was typed', async () => {
    const user = await signUp();
    await forgot(user.email.replace('mail', 'ｍail')).expect(202);
    expect((await smtp.next(user.email)).headers.to).toBe(user.email);
  });

  it('leads where PUBLIC_URL says, whatever the request claims', async () => {
    const user = await signUp();
    await forgot(user.email, { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' });
    const { text, html, headers } = await smtp.next(user.email);
    expect(`${text}${html}${JSON.stringify(headers)}`).not.toContain('evil.example');
  });

  it('is not stored in a form that could be used', async () => {
    const user = await signUp();
    await forgot(user.email);
    const token = await smtp.nextToken(user.email);
    const links = await server.app.connection.collection('accountlinks').find().toArray();
    const mails = await server.app.connection.collection('outgoingmails').find().toArray();
    expect(links.length).toBeGreaterThan(0);
    expect(JSON.stringify([links, mails])).not.toContain(token.split('.')[1]!);
  });
});

const waitingMails = () => server.app.connection.collection('outgoingmails').countDocuments();

describe('a change of address', () => {
  const change = (user: SignedUp, email: string, currentPassword = PASSWORD) =>
    post('/api/auth/change-email', { email, currentPassword }, user.auth);

  it('is confirmed at the new address, told to the former one, and undone from there', async () => {
    const user = await signUp();
    await forgot(user.email);
    const resetLink = await smtp.nextToken(user.email);
    const other = `${newName()}@example.com`;
    await change(user, other, 'not it').expect(401);
    await change(user, other).expect(202);
    const link = await smtp.nextToken(other);
    expect(await me(user)).toMatchObject({ email: user.email });
    await verify(link).expect(200);
    expect(await me(user)).toMatchObject({ email: other, isEmailVerified: true });
    expectInvalid(await reset(resetLink));
    const undo = await smtp.nextToken(user.email);
    const { body } = await post('/api/auth/undo-email-change', { token: undo }).expect(200);
    await server.http.get('/api/auth/me').set(user.auth).expect(401);
    // Whoever has changed the address knows the password.
    await login(user.username).expect(401);
    await reset((body as { data: { resetToken: string } }).data.resetToken).expect(200);
    const again = await login(user.email, 'new password').expect(200);
    expect(again.body).toMatchObject({ data: { user: { email: user.email } } });
    expectInvalid(await post('/api/auth/undo-email-change', { token: undo }));
  });

  it('can be undone by the first owner after two changes by somebody else', async () => {
    const user = await signUp();
    const addresses = [`${newName()}@example.com`, `${newName()}@example.com`];
    for (const address of addresses) {
      await change(user, address).expect(202);
      await verify(await smtp.nextToken(address)).expect(200);
      ahead += 1;
    }
    const first = await smtp.nextToken(user.email);
    const second = await smtp.nextToken(addresses[0]!);
    // The thief's own way back does not take the owner's away.
    await post('/api/auth/undo-email-change', { token: second }).expect(200);
    await post('/api/auth/undo-email-change', { token: first }).expect(200);
    const { body } = await forgot(user.email).expect(202);
    expect(body).toMatchObject({ success: true });
    await reset(await smtp.nextToken(user.email)).expect(200);
    await login(user.email, 'new password').expect(200);
  });

  it('is refused for an address that another account has, also when it takes it meanwhile', async () => {
    const [user, other] = [await signUp(), await signUp()];
    const refused = await change(user, other.email).expect(409);
    expect(refused.body).toMatchObject({ code: 'EMAIL_TAKEN' });
    const username = newName();
    const email = `${username}@example.com`;
    await change(user, email).expect(202);
    const link = await smtp.nextToken(email);
    await post('/api/auth/register', { username, email, password: PASSWORD }).expect(201);
    expect((await verify(link)).body).toMatchObject({ code: 'EMAIL_TAKEN' });
    expect(await me(user)).toMatchObject({ email: user.email });
  });
});

describe('a mail that tells of a change', () => {
  const changePassword = (user: SignedUp, newPassword: string) =>
    post('/api/auth/change-password', { currentPassword: PASSWORD, newPassword }, user.auth);
  const mailsTo = ({ email }: SignedUp) => smtp.received.filter(({ to }) => to === email).length;

  it('comes although the node has stopped right after the change', async () => {
    const user = await signUp();
    const release = jest
      .spyOn(MailOutboxRepository.prototype, 'release')
      .mockRejectedValueOnce(new Error('stopped'));
    await changePassword(user, 'new password').expect(200);
    release.mockRestore();
    await eventually(async () => (await waitingMails()) === 1);
    ahead += 2;
    expect((await smtp.next(user.email)).headers.subject).toMatch(/^Your password on .* changed$/);
  });

  it('does not come when the change was not made', async () => {
    const user = await signUp();
    const before = mailsTo(user);
    const replace = jest
      .spyOn(UsersRepository.prototype, 'replacePasswordHash')
      .mockRejectedValueOnce(new Error('stopped'));
    await changePassword(user, 'new password').expect(500);
    replace.mockRestore();
    await eventually(async () => (await waitingMails()) === 1);
    ahead += 2;
    await eventually(async () => (await waitingMails()) === 0);
    expect(mailsTo(user)).toBe(before);
    await login(user.username).expect(200);
  });

  it('comes of a change of address too, with a link that undoes it', async () => {
    const user = await signUp();
    const email = `${newName()}@example.com`;
    await post('/api/auth/change-email', { email, currentPassword: PASSWORD }, user.auth);
    const link = await smtp.nextToken(email);
    const release = jest
      .spyOn(MailOutboxRepository.prototype, 'release')
      .mockRejectedValueOnce(new Error('stopped'));
    await verify(link).expect(200);
    release.mockRestore();
    ahead += 2;
    const undo = await smtp.nextToken(user.email);
    await post('/api/auth/undo-email-change', { token: undo }).expect(200);
  });
});

describe('a mail to another address', () => {
  it('that still waits when the password changes never leads to a change', async () => {
    const user = await signUp();
    const email = `${newName()}@example.com`;
    smtp.mood = 'refuses';
    const before = smtp.turnedAway;
    await post('/api/auth/change-email', { email, currentPassword: PASSWORD }, user.auth);
    await eventually(() => smtp.turnedAway > before);
    const change = { currentPassword: PASSWORD, newPassword: 'new password' };
    await post('/api/auth/change-password', change, user.auth).expect(200);
    smtp.mood = 'takes';
    ahead += 2;
    await eventually(async () => (await waitingMails()) === 0);
    expect(smtp.received.some(({ to }) => to === email)).toBe(false);
    expect(await me(user)).toMatchObject({ email: user.email });
  });
});

describe('a mail server', () => {
  it('that refuses for a moment is tried again, with the same link, also by another node', async () => {
    const user = await signUp();
    smtp.mood = 'refuses';
    const before = smtp.turnedAway;
    await forgot(user.email).expect(202);
    await eventually(() => smtp.turnedAway > before);
    await eventually(async () => {
      const mails = await server.app.connection.collection('outgoingmails').find().toArray();
      return mails.every(
        ({ nextAttemptAt }) => (nextAttemptAt as Date).getTime() < clock.now() + 60_000,
      );
    });
    smtp.mood = 'takes';
    ahead += 2;
    const other = await startServer({ env: mailEnv(), mongodbUri: server.mongodbUri, clock });
    const token = await smtp.nextToken(user.email);
    await other.close();
    await reset(token).expect(200);
  });

  it('that rejects an address for good is not asked again', async () => {
    const user = await signUp();
    smtp.mood = 'rejects';
    await forgot(user.email).expect(202);
    await eventually(async () => (await waitingMails()) === 0);
    const text = await server.app.metrics.registry.metrics();
    expect(text).toMatch(/parley_mails_total\{outcome="refused"\} [1-9]/);
    expect(text).toMatch(/parley_mails_total\{outcome="sent"\} [1-9]/);
  });

  it('that hangs holds up nobody', async () => {
    const user = await signUp();
    smtp.mood = 'hangs';
    const before = smtp.turnedAway;
    const start = Date.now();
    for (let i = 0; i < 6; i += 1) await forgot(user.email).expect(202);
    await login(user.username).expect(200);
    expect(Date.now() - start).toBeLessThan(10_000);
    await eventually(() => smtp.turnedAway > before);
  });
});

describe('settings', () => {
  it.each([
    ['SMTP_URL without PUBLIC_URL', { SMTP_URL: 'smtp://localhost' }, 'PUBLIC_URL'],
    ['a domain without SMTP_URL', { REGISTRATION: 'domain:a.example' }, 'SMTP_URL'],
    ['a sender of two lines', { MAIL_FROM: 'a@b.example\r\nBcc: c@d.example' }, 'MAIL_FROM'],
    ['a rule that is none', { REGISTRATION: 'domain:' }, 'REGISTRATION'],
  ])('refuse the start with %s', (_, env, named) => {
    expect(() => loadConfig(env as Record<string, string>)).toThrow(ConfigError);
    expect(() => loadConfig(env as Record<string, string>)).toThrow(named);
  });

  it('without SMTP_URL the routes say so, and signing up works', async () => {
    const plain = await startServer();
    const username = newName();
    const body = { username, email: `${username}@example.com`, password: PASSWORD };
    const { body: signedUp } = await plain.http.post('/api/auth/register').send(body).expect(201);
    const { token } = (signedUp as { data: { token: string } }).data;
    const auth = { Authorization: `Bearer ${token}` };
    const email = { email: 'a@example.com' };
    const answers = [
      await plain.http.post('/api/auth/forgot-password').send(email),
      await plain.http.post('/api/auth/verify-email/resend').send(email),
      await plain.http
        .post('/api/auth/change-email')
        .set(auth)
        .send({ ...email, currentPassword: PASSWORD }),
    ];
    for (const { status, body: refusal } of answers) {
      expect([status, (refusal as { code: string }).code]).toEqual([501, 'MAIL_NOT_CONFIGURED']);
    }
    await plain.close();
  });

  it('limit how often mails are asked for from one address, and how many go to one', async () => {
    const strict = await startServer({
      env: {
        ...mailEnv(),
        RATE_LIMIT_MAIL_REQUESTS_PER_HOUR: '4',
        RATE_LIMIT_MAILS_PER_HOUR: '2',
      },
    });
    const username = newName();
    const email = `${username}@example.com`;
    const signUpBody = { username, email, password: PASSWORD };
    await strict.http.post('/api/auth/register').send(signUpBody).expect(201);
    await smtp.next(email);
    const asked = [];
    for (let i = 0; i < 6; i += 1) {
      asked.push((await strict.http.post('/api/auth/forgot-password').send({ email })).status);
    }
    expect(asked).toEqual([202, 202, 202, 202, 429, 429]);
    await smtp.next(email);
    await eventually(
      async () => (await strict.app.connection.collection('outgoingmails').countDocuments()) === 0,
    );
    expect(smtp.received.filter(({ to }) => to === email).length).toBeLessThanOrEqual(3);
    await strict.close();
  });
});
