/** Webhooks through a whole node: what receivers hear of, how it is signed, and what happens when they fail. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { WEBHOOK_EVENTS } from '../../src/modules/webhooks/index.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { wavOf } from '../support/media-samples.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';
import { differencesFrom } from '../support/webhook-events.js';

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  type: string;
  data: { message?: { content: string } };
}

let server: TestServer;
let receiver: Server;
let address: string;
let received: Received[] = [];
/** What the specification does not say of the events that came. */
let unlike: string[] = [];
let answer: (response: ServerResponse) => void;
let admin: TestUser;
let alice: TestUser;
let bob: TestUser;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const event = JSON.parse(body) as Pick<Received, 'type' | 'data'>;
      unlike.push(...differencesFrom(event));
      received.push({ headers: request.headers, body, ...event });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  server = await startServer({ env: { ...ADMIN_ENV, OUTBOUND_ALLOW: '127.0.0.0/8' } });
  [admin, alice, bob] = await Promise.all([
    loginAdmin(server),
    registerUser(server),
    registerUser(server),
  ]);
});
afterAll(async () => {
  await server.close();
  receiver.closeAllConnections();
  receiver.close();
});
afterEach(() => {
  expect(unlike).toEqual([]);
});
beforeEach(() => {
  unlike = [];
  received = [];
  answer = (response) => response.writeHead(204).end();
});

const call = (
  method: 'get' | 'post' | 'put' | 'delete' | 'patch',
  path: string,
  user: TestUser,
  body?: object,
) => server.http[method](path).set(user.auth).send(body);
const BASE = '/api/admin/webhooks';
const create = async (events: string[]): Promise<{ id: string; secret: string }> => {
  const made = await call('post', BASE, admin, { url: address, events }).expect(201);
  return (made.body as { data: { id: string; secret: string } }).data;
};
const remove = async (id: string): Promise<void> => {
  await call('delete', `${BASE}/${id}`, admin).expect(200);
};
const send = async (chatId: string, content: string): Promise<string> => {
  const sent = await call('post', '/api/messages', alice, { chatId, content }).expect(201);
  return (sent.body as { data: { id: string } }).data.id;
};
const typesReceived = () => received.map(({ type }) => type);
const contentsReceived = () => received.map(({ data }) => data.message?.content);

describe('a webhook', () => {
  it('gets what happens to a message, signed, once and in order', async () => {
    const chatId = await openChatBetween(server, alice, bob);
    const { id, secret } = await create([
      'message.created',
      'message.edited',
      'message.deleted',
      'message.reaction_added',
      'message.reaction_removed',
      'message.read',
    ]);
    const messageId = await send(chatId, 'one');
    await eventually(() => typesReceived().join() === ['message.created'].join());
    await call('put', `/api/messages/${messageId}`, alice, { content: 'two' }).expect(200);
    await eventually(() => typesReceived().join() === ['message.created', 'message.edited'].join());
    await call('delete', `/api/messages/${messageId}`, alice).expect(200);
    await eventually(
      () =>
        typesReceived().join() === ['message.created', 'message.edited', 'message.deleted'].join(),
    );
    for (const { body, headers } of received) {
      expect(() =>
        new Webhook(secret).verify(body, headers as Record<string, string>),
      ).not.toThrow();
    }
    expect(contentsReceived()).toEqual(['one', 'two', '']);
    await remove(id);
  });

  it('hears of a change of the metadata alone as an edit, once, and of no text that has not changed', async () => {
    const chatId = await openChatBetween(server, alice, bob);
    const { id } = await create(['message.created', 'message.edited']);
    const messageId = await send(chatId, 'your order');
    const change = (body: object) =>
      call('put', `/api/messages/${messageId}`, alice, body).expect(200);
    const edits = () => received.filter(({ type }) => type === 'message.edited');
    const newest = () =>
      edits().at(-1)?.data.message as { metadata?: object; editedAt: string | null } | undefined;
    await eventually(() => received.length === 1);
    await change({ metadata: { state: 'paid' } });
    await eventually(() => edits().length === 1);
    expect(newest()).toMatchObject({ metadata: { state: 'paid' }, editedAt: null });
    await change({ metadata: { state: 'paid' } });
    await change({ metadata: null });
    await eventually(() => edits().length === 2);
    expect(newest()).not.toHaveProperty('metadata');
    await change({ content: 'your order, sent', metadata: { state: 'sent' } });
    await eventually(() => edits().length === 3);
    expect(newest()).toMatchObject({ metadata: { state: 'sent' } });
    expect(newest()!.editedAt).not.toBeNull();
    await remove(id);
  });

  it('hears of chats, members and accounts', async () => {
    const { id } = await create([
      'user.created',
      'user.updated',
      'chat.created',
      'chat.updated',
      'member.added',
      'member.removed',
    ]);
    const carol = await registerUser(server);
    await openChatBetween(server, alice, carol);
    const made = await call('post', '/api/chats', alice, {
      kind: 'group',
      name: 'Plans',
      memberIds: [carol.id],
    }).expect(201);
    const { id: groupId } = (made.body as { data: { id: string } }).data;
    const changes = { name: 'Other plans', metadata: { order: 7 } };
    await call('patch', `/api/chats/${groupId}`, alice, changes).expect(200);
    await call('delete', `/api/chats/${groupId}/members/${carol.id}`, alice).expect(200);
    const wanted = [
      'user.created',
      'chat.created',
      'chat.updated',
      'member.added',
      'member.removed',
    ];
    await eventually(() => wanted.every((type) => typesReceived().includes(type)));
    const ids = received.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(ids.length);
    await remove(id);
  });

  it('gets events of every type, each as the specification shows it', async () => {
    const types = [...WEBHOOK_EVENTS];
    const { id } = await create(types);
    const [chatId, carol, dora] = [
      await openChatBetween(server, alice, bob),
      await registerUser(server),
      await registerUser(server),
    ];
    await openChatBetween(server, alice, carol);
    const messageId = await send(chatId, 'All of it');
    await call('post', `/api/messages/${messageId}/react`, bob, { emoji: '👍' }).expect(200);
    await eventually(() => typesReceived().includes('message.reaction_added'));
    await call('post', `/api/messages/${messageId}/react`, bob, { emoji: '👍' }).expect(200);
    await call('put', `/api/messages/${messageId}`, alice, { content: 'All' }).expect(200);
    await call('post', `/api/messages/${messageId}/read`, bob).expect(200);
    await call('post', `/api/messages/${messageId}/report`, bob, { reason: 'spam' }).expect(201);
    await server.http
      .post('/api/media/upload-chat-media')
      .set(alice.auth)
      .field('chatId', chatId)
      .attach('file', wavOf(1), 'sound.wav')
      .expect(201);
    await call('post', '/api/admin/broadcasts', admin, { message: 'To all' }).expect(201);
    const made = await call('post', '/api/chats', alice, {
      kind: 'group',
      name: 'All of it',
      memberIds: [carol.id],
    }).expect(201);
    const { id: groupId } = (made.body as { data: { id: string } }).data;
    await call('patch', `/api/chats/${groupId}`, alice, { description: 'And more' }).expect(200);
    await call('delete', `/api/chats/${groupId}/members/${carol.id}`, alice).expect(200);
    await call('put', '/api/users/profile', bob, { bio: 'Of webhooks' }).expect(200);
    await call('post', `/api/admin/users/${dora.id}/deactivate`, admin).expect(200);
    const changed = ['message.reaction_removed', 'message.edited', 'message.read'];
    await eventually(() => changed.every((type) => typesReceived().includes(type)));
    await call('delete', `/api/messages/${messageId}`, alice).expect(200);
    await eventually(() => types.every((type) => typesReceived().includes(type)));
    await remove(id);
    expect(unlike).toEqual([]);
  });

  it('is disabled at once when its receiver answers 410, and can be enabled and recovered', async () => {
    const chatId = await openChatBetween(server, alice, bob);
    const { id } = await create(['message.created']);
    answer = (response) => response.writeHead(410).end();
    await send(chatId, 'gone');
    const state = async () =>
      (
        (await call('get', `${BASE}/${id}`, admin).expect(200)).body as {
          data: { isEnabled: boolean; disabledReason: string | null };
        }
      ).data;
    await eventually(async () => !(await state()).isEnabled);
    expect((await state()).disabledReason).toBe('gone');
    received = [];
    answer = (response) => response.writeHead(200).end('ok');
    await call('patch', `${BASE}/${id}`, admin, { isEnabled: true }).expect(200);
    const since = new Date(Date.now() - 60_000).toISOString();
    await call('post', `${BASE}/${id}/recover`, admin, { since }).expect(200);
    await eventually(() => contentsReceived().includes('gone'));
    await remove(id);
  });

  it('can be tested and gets another secret, both of which sign', async () => {
    const { id, secret } = await create(['message.created']);
    const rotated = await call('post', `${BASE}/${id}/rotate`, admin).expect(200);
    const { secret: newer } = (rotated.body as { data: { secret: string } }).data;
    answer = (response) => response.writeHead(418).end('a teapot\u0000');
    const tested = await call('post', `${BASE}/${id}/test`, admin).expect(200);
    expect((tested.body as { data: object }).data).toMatchObject({
      type: 'webhook.test',
      status: 'failed',
      attempts: [{ status: 418, answer: 'a teapot' }],
    });
    // A delivery to the webhook of the test before may still come.
    const { body, headers } = received.find(({ type }) => type === 'webhook.test')!;
    for (const key of [secret, newer]) {
      expect(() => new Webhook(key).verify(body, headers as Record<string, string>)).not.toThrow();
    }
    const shown = await call('get', `${BASE}/${id}`, admin).expect(200);
    expect(JSON.stringify(shown.body)).not.toContain('whsec_');
    await remove(id);
  });

  it('cannot lead to an address that is not public', async () => {
    for (const url of [
      'http://10.0.0.1/',
      'http://[::ffff:169.254.169.254]/',
      'http://a:b@c.example/',
    ]) {
      const made = await call('post', BASE, admin, { url, events: ['message.created'] });
      expect([made.status, (made.body as { code: string }).code]).toEqual([400, 'VALIDATION']);
    }
  });
});
