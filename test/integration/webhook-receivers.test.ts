/** Receivers that are away, slow, lying or gone, and what admins do about them, through a whole node. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BASE = '/api/admin/webhooks';

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  id: string;
  content: string | undefined;
}

let server: TestServer;
let receiver: Server;
let origin: string;
let admin: TestUser;
let alice: TestUser;
let chatId: string;
/** What receivers got, by the path of their address. */
let received: Received[] = [];
let answers: Record<string, (response: ServerResponse) => void> = {};
/** How far the node's clock is ahead of the machine's, in milliseconds. */
let ahead = 0;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    void text(request).then((body) => {
      const path = request.url!;
      const { data } = JSON.parse(body) as { data: { message?: { content: string } } };
      const id = request.headers['webhook-id'] as string;
      const content = data.message?.content;
      received.push({ path, headers: request.headers, body, id, content });
      (answers[path] ?? (() => response.writeHead(204).end()))(response);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  server = await startServer({
    env: { ...ADMIN_ENV, OUTBOUND_ALLOW: '127.0.0.1', JWT_EXPIRES_IN: '60d' },
    clock: { now: () => Date.now() + ahead },
  });
  admin = await loginAdmin(server);
  ({ alice, chatId } = await openDirectChat(server));
});
afterAll(async () => {
  await server.close();
  receiver.closeAllConnections();
  receiver.close();
});
beforeEach(() => {
  received = [];
  answers = {};
});

const call = (method: 'get' | 'post' | 'delete' | 'patch', path: string, body?: object) =>
  server.http[method](path).set(admin.auth).send(body);
const dataOf = <T>({ body }: { body: unknown }): T => (body as { data: T }).data;

interface Shown {
  id: string;
  secret: string;
  isEnabled: boolean;
  disabledReason: string | null;
  recovery: { found: number; finishedAt: string | null } | null;
}
const create = async (path: string, events = ['message.created']) =>
  dataOf<Shown>(await call('post', BASE, { url: `${origin}${path}`, events }).expect(201));
const shown = async (id: string) => dataOf<Shown>(await call('get', `${BASE}/${id}`).expect(200));
const remove = async (...hooks: Shown[]) => {
  for (const { id } of hooks) await call('delete', `${BASE}/${id}`).expect(200);
};
const send = async (content: string) => {
  await server.http.post('/api/messages').set(alice.auth).send({ chatId, content }).expect(201);
};
const at = (path: string) => received.filter((one) => one.path === path);
const contentsAt = (path: string) => at(path).map(({ content }) => content);

interface Delivery {
  id: string;
  status: string;
  attemptCount: number;
  attempts: { status: number | null; answer: string }[];
  nextAt: string | null;
}
const deliveriesOf = async ({ id }: Shown) =>
  dataOf<Delivery[]>(await call('get', `${BASE}/${id}/deliveries`).expect(200));
/** The delivery of a webhook that has one, once so many attempts have been made. */
const afterAttempts = async (hook: Shown, count: number): Promise<Delivery> => {
  let found: Delivery | undefined;
  await eventually(async () => {
    [found] = await deliveriesOf(hook);
    return (found?.attemptCount ?? 0) >= count;
  });
  return found!;
};
/** Milliseconds until the next attempt, by the node's clock. */
const pauseOf = ({ nextAt }: Delivery) => Date.parse(nextAt!) - (Date.now() + ahead);

describe('a receiver', () => {
  it('that was dead for an hour gets each event with the id of its first attempt', async () => {
    const hook = await create('/dead');
    answers['/dead'] = (response) => response.destroy();
    await send('while dead');
    await afterAttempts(hook, 1);
    for (const pause of [10_000, 7 * MINUTE, 40 * MINUTE]) {
      const { attemptCount } = (await deliveriesOf(hook))[0]!;
      ahead += pause;
      await afterAttempts(hook, attemptCount + 1);
    }
    delete answers['/dead'];
    ahead += 3 * HOUR;
    const after = await afterAttempts(hook, 5);
    expect(after).toMatchObject({ status: 'delivered', nextAt: null });
    expect(after.attempts.map(({ status }) => status)).toEqual([null, null, null, null, 204]);
    expect(new Set(at('/dead').map(({ id }) => id)).size).toBe(1);
    await remove(hook);
  });

  it('that does not answer holds up no other', async () => {
    const hooks = [await create('/slow'), await create('/quick')];
    const held: ServerResponse[] = [];
    answers['/slow'] = (response) => held.push(response);
    for (let n = 0; n < 5; n += 1) await send(`${n}`);
    await eventually(() => contentsAt('/quick').join('') === '01234');
    // The next event of a chat waits for the one before.
    expect(contentsAt('/slow')).toEqual(['0']);
    answers = {};
    for (const response of held) response.end();
    await eventually(() => contentsAt('/slow').join('') === '01234');
    await remove(...hooks);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['garbage', (response) => response.end(Buffer.alloc(1000, 0xff))],
    [
      'less than it declares',
      ({ socket }) => socket!.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nok'),
    ],
    ['ten megabytes', (response) => response.end(Buffer.alloc(10_000_000, 'x'))],
    [
      'a body without end',
      (response) => {
        const more = () => {
          while (response.writable && response.write('x'.repeat(10_000)));
          response.once('drain', more);
        };
        more();
      },
    ],
  ])('that answers 200 with %s has got the event, once', async (_, answer) => {
    const hook = await create('/lying');
    answers['/lying'] = answer;
    await send('once');
    const { attempts, status } = await afterAttempts(hook, 1);
    expect([status, attempts[0]!.status]).toEqual(['delivered', 200]);
    expect(attempts[0]!.answer.length).toBeLessThanOrEqual(501);
    expect(at('/lying')).toHaveLength(1);
    await remove(hook);
  });

  it('cannot redirect Parley to another address', async () => {
    const hook = await create('/redirecting');
    answers['/redirecting'] = (response) =>
      response.writeHead(307, { location: `${origin}/inside` }).end();
    await send('not elsewhere');
    expect(await afterAttempts(hook, 1)).toMatchObject({
      status: 'waiting',
      attempts: [{ status: 307 }],
    });
    expect(at('/inside')).toEqual([]);
    await remove(hook);
  });

  it('that is too busy is left alone as long as it asks for', async () => {
    const hook = await create('/busy');
    answers['/busy'] = (response) => response.writeHead(429, { 'retry-after': '7200' }).end();
    await send('later');
    const pause = pauseOf(await afterAttempts(hook, 1));
    expect(pause).toBeGreaterThan(119 * MINUTE);
    expect(pause).toBeLessThanOrEqual(120 * MINUTE);
    answers = {};
    ahead += 2 * HOUR;
    expect((await afterAttempts(hook, 2)).status).toBe('delivered');
    await remove(hook);
  });

  it('that has failed for five days is given up, and the admins are told once', async () => {
    const hook = await create('/failing');
    answers['/failing'] = (response) => response.writeHead(500).end();
    for (let day = 0; day < 5; day += 1) {
      await send(`day ${day}`);
      await eventually(() => contentsAt('/failing').includes(`day ${day}`));
      expect((await shown(hook.id)).isEnabled).toBe(true);
      ahead += DAY + MINUTE;
    }
    await eventually(async () => !(await shown(hook.id)).isEnabled);
    expect((await shown(hook.id)).disabledReason).toBe('failing');
    const notices = async () =>
      dataOf<{ message: string }[]>(await call('get', '/api/broadcasts').expect(200)).filter(
        ({ message }) => message.includes('nothing has arrived there for five days'),
      );
    await eventually(async () => (await notices()).length > 0);
    expect(await notices()).toHaveLength(1);
    await remove(hook);
  });
});

describe('a secret', () => {
  it('that was replaced signs for 24 hours, and not longer', async () => {
    const hook = await create('/rotated');
    const secrets = [hook.secret];
    for (let turn = 0; turn < 2; turn += 1) {
      const rotated = await call('post', `${BASE}/${hook.id}/rotate`).expect(200);
      secrets.push(dataOf<Shown>(rotated).secret);
    }
    /** Whether each secret has signed, by the time in the header: receivers' clocks go with the node's. */
    const signs = ({ headers, body, id }: Received) =>
      secrets.map((secret) => {
        const time = new Date(Number(headers['webhook-timestamp']) * 1000);
        const signature = new Webhook(secret).sign(id, time, body);
        return (headers['webhook-signature'] as string).split(' ').includes(signature);
      });
    await send('within a day');
    await eventually(() => at('/rotated').length === 1);
    expect(signs(at('/rotated')[0]!)).toEqual([true, true, true]);
    ahead += DAY + MINUTE;
    await send('a day later');
    await eventually(() => at('/rotated').length === 2);
    expect(signs(at('/rotated')[1]!)).toEqual([false, false, true]);
    await remove(hook);
  });
});

describe('a recovery', () => {
  it('runs in the background, brings what was missed once, and says when it has ended', async () => {
    ahead += HOUR;
    const since = new Date(Date.now() + ahead).toISOString();
    const hook = await create('/recovered');
    await send('before');
    await eventually(() => contentsAt('/recovered').includes('before'));
    await call('patch', `${BASE}/${hook.id}`, { isEnabled: false }).expect(200);
    for (let n = 0; n < 3; n += 1) await send(`missed ${n}`);
    await call('patch', `${BASE}/${hook.id}`, { isEnabled: true }).expect(200);
    const asked = await call('post', `${BASE}/${hook.id}/recover`, { since }).expect(200);
    expect(dataOf<Shown>(asked).recovery).toMatchObject({ found: 0, finishedAt: null });
    await eventually(async () => (await shown(hook.id)).recovery?.finishedAt != null);
    await eventually(() => contentsAt('/recovered').includes('missed 2'));
    expect(contentsAt('/recovered')).toEqual(['before', 'missed 0', 'missed 1', 'missed 2']);
    await remove(hook);
  });
});

describe('the audit trail', () => {
  it('has who made, changed, tested, rotated, recovered, repeated and deleted a webhook', async () => {
    const hook = await create('/audited');
    await call('patch', `${BASE}/${hook.id}`, { description: 'Orders' }).expect(200);
    const tested = await call('post', `${BASE}/${hook.id}/test`).expect(200);
    await call('post', `${BASE}/${hook.id}/rotate`).expect(200);
    const { id } = dataOf<Delivery>(tested);
    await call('post', `${BASE}/${hook.id}/deliveries/${id}/redeliver`).expect(200);
    const since = new Date(Date.now() + ahead).toISOString();
    await call('post', `${BASE}/${hook.id}/recover`, { since }).expect(200);
    await remove(hook);
    const trail = await call('get', '/api/admin/audit').expect(200);
    const actions = dataOf<{ action: string; subject: string; outcome: string }[]>(trail)
      .filter(({ subject }) => subject === hook.id)
      .map(({ action, outcome }) => `${action} ${outcome}`);
    expect(actions.sort()).toEqual(
      ['create', 'delete', 'recover', 'redeliver', 'rotate_secret', 'test', 'update'].map(
        (action) => `webhooks.${action} done`,
      ),
    );
  });
});
