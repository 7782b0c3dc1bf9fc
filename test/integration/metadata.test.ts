/** Data that people and servers attach for themselves: kept as they are, everywhere, and searched where declared. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let chatId: string;

beforeAll(async () => {
  server = await startServer({ env: { METADATA_INDEXES: 'messages.orderId,chats.shop' } });
  ({ alice, bob, chatId } = await openDirectChat(server));
});
afterAll(async () => {
  await server.close();
});

type Body = Record<string, unknown>;
const send = async (body: Body, by: TestUser = alice) =>
  server.http
    .post('/api/messages')
    .set(by.auth)
    .send({ chatId, content: 'Your order', ...body });
const dataOf = (answer: { body: unknown }) => (answer.body as { data: Body & { id: string } }).data;

describe('metadata of a message', () => {
  const metadata = {
    orderId: 'A-1',
    price: { amount: 12.5, currency: 'EUR' },
    tags: [1, null, true],
  };

  it('are in the answer, the history, the event and the sync, and nowhere where there are none', async () => {
    const socket = await TestSocket.connect(server, bob, { dialect: 'native' });
    const sent = dataOf(await send({ metadata }));
    expect(sent.metadata).toEqual(metadata);
    const heard = await socket.next(
      'unread_message',
      ({ message }) => (message as Body).id === sent.id,
    );
    expect((heard.message as Body).metadata).toEqual(metadata);
    const history = await server.http.get(`/api/chats/${chatId}/messages`).set(bob.auth);
    const rows = (history.body as { data: Body[] }).data;
    expect(rows.find(({ id }) => id === sent.id)!.metadata).toEqual(metadata);
    const sync = await server.http
      .post('/api/sync')
      .set(bob.auth)
      .send({ chats: { [chatId]: 0 } });
    expect(JSON.stringify(sync.body)).toContain('"amount":12.5');
    const plain = dataOf(await send({ content: 'Nothing more' }));
    expect(plain).not.toHaveProperty('metadata');
    expect(plain).not.toHaveProperty('customType');
    socket.close();
  });

  it.each([
    ['v0', { receiverId: 'bob', message: 'Hi' }, 'send_message', 'new_message'],
    ['conversation', { conversationId: 'chat', text: 'Hi' }, 'send:message', 'new:message'],
    ['room', { room: 'chat', content: 'Hi' }, 'send-message', 'new-message'],
  ])('are taken and told by the dialect %s', async (dialect, payload, command, event) => {
    const [from, to] = await Promise.all([
      TestSocket.connect(server, alice, { dialect }),
      TestSocket.connect(server, bob, { dialect }),
    ]);
    const named = Object.fromEntries(
      Object.entries(payload).map(([name, value]) => [
        name,
        { bob: bob.id, chat: chatId }[value] ?? value,
      ]),
    );
    const custom = { messageType: 'custom', customType: 'order.card', metadata };
    const ack = await from.command(command, { ...named, ...custom });
    expect(ack).toMatchObject({ ok: true, data: custom });
    const heard = JSON.stringify(await to.next(event));
    expect(heard).toContain('"customType":"order.card"');
    expect(heard).toContain('"orderId":"A-1"');
    for (const socket of [from, to]) socket.close();
  });

  it('belong to what a retry repeats, in whatever order their keys come', async () => {
    const clientMessageId = randomUUID();
    const first = await send({ clientMessageId, metadata: { a: 1, b: { c: 2, d: 3 } } });
    expect(first.status).toBe(201);
    const again = await send({ clientMessageId, metadata: { b: { d: 3, c: 2 }, a: 1 } });
    expect([again.status, dataOf(again).id]).toEqual([200, dataOf(first).id]);
    const other = await send({ clientMessageId, metadata: { a: 2 } });
    expect([other.status, (other.body as Body).code]).toEqual([409, 'CLIENT_MESSAGE_ID_REUSED']);
    expect((await send({ clientMessageId })).status).toBe(409);
  });

  it('are changed by the sender alone, as a change that syncs, and not as an edit of the text', async () => {
    const sent = dataOf(await send({ metadata }));
    const edit = (by: TestUser, body: Body) =>
      server.http.put(`/api/messages/${sent.id}`).set(by.auth).send(body);
    expect((await edit(bob, { metadata: {} })).status).toBe(403);
    const socket = await TestSocket.connect(server, bob, { dialect: 'native' });
    const changed = dataOf(await edit(alice, { metadata: { state: 'paid' } }));
    expect(changed).toMatchObject({ metadata: { state: 'paid' }, isEdited: false });
    expect(changed.version).toBeGreaterThan(sent.version as number);
    expect(await socket.next('message_edited')).toMatchObject({ metadata: { state: 'paid' } });
    const same = dataOf(await edit(alice, { metadata: { state: 'paid' } }));
    expect(same.version).toBe(changed.version);
    const both = dataOf(await edit(alice, { content: 'Paid', metadata: null }));
    expect(both).toMatchObject({ content: 'Paid', isEdited: true });
    expect(both).not.toHaveProperty('metadata');
    socket.close();
  });

  it('are gone when it is deleted, and travel along when it is forwarded', async () => {
    const custom = { messageType: 'custom', customType: 'order.card', metadata };
    const sent = dataOf(await send(custom));
    const room = `r${randomUUID().slice(0, 8)}`;
    const made = await server.http
      .post('/api/chats')
      .set(alice.auth)
      .send({ kind: 'room', name: room });
    const forwarded = await server.http
      .post(`/api/messages/${sent.id}/forward`)
      .set(alice.auth)
      .send({ chatIds: [dataOf(made).id] });
    expect(dataOf(forwarded)).toMatchObject([custom]);
    await server.http.delete(`/api/messages/${sent.id}`).set(alice.auth).expect(200);
    const gone = dataOf(await server.http.get(`/api/messages/${sent.id}`).set(alice.auth));
    expect(gone).toMatchObject({ isDeleted: true, messageType: 'custom' });
    expect(gone).not.toHaveProperty('metadata');
    expect(gone).not.toHaveProperty('customType');
  });

  it.each([
    ['a key with a dot', { 'a.b': 1 }],
    ['a key like an operator', { $set: 1 }],
    ['an operator further in', { a: [{ $where: '1' }] }],
    ['a prototype', JSON.parse('{"__proto__":{"admin":true}}')],
    ['a constructor', { constructor: 'x' }],
    ['a type of the driver', { a: { _bsontype: 'ObjectId' } }],
    ['an empty key', { '': 1 }],
    ['too many bytes', { a: 'é'.repeat(2050) }],
    ['too many levels', { a: { a: { a: { a: { a: { a: { a: { a: {} } } } } } } } }],
    ['a list', [1]],
    ['a text', 'a'],
    ['a broken text', { a: '\ud800' }],
  ])('are refused with %s', async (_what, bad) => {
    const { status, body } = await send({ metadata: bad as never });
    expect([status, (body as Body).code]).toEqual([400, 'VALIDATION']);
  });

  it('take what is just within the bounds', async () => {
    const largest = { a: 'é'.repeat(2044) };
    expect(Buffer.byteLength(JSON.stringify(largest))).toBe(4096);
    expect(dataOf(await send({ metadata: largest })).metadata).toEqual(largest);
    const deepest = { a: { a: { a: { a: { a: { a: { a: {} } } } } } } };
    expect(dataOf(await send({ metadata: deepest })).metadata).toEqual(deepest);
  });
});

describe('a message of a type of one’s own', () => {
  it.each([
    ['no customType', { messageType: 'custom' }],
    ['no text', { messageType: 'custom', customType: 'card', content: undefined }],
    ['a customType with other signs', { messageType: 'custom', customType: 'Card!' }],
    ['a customType beside another type', { messageType: 'text', customType: 'card' }],
  ])('is refused with %s', async (_what, body) => {
    expect((await send(body)).status).toBe(400);
  });

  it('is shown by its text in the list of chats', async () => {
    await send({ messageType: 'custom', customType: 'card', content: 'A card' });
    const list = await server.http.get('/api/chats/active').set(bob.auth);
    const [chat] = (list.body as { data: { lastMessage: Body }[] }).data;
    expect(chat!.lastMessage).toMatchObject({ messageType: 'custom', content: 'A card' });
  });
});

describe('a search by metadata', () => {
  const search = (by: TestUser, query: Body, path = '/api/search/messages') =>
    server.http.get(path).set(by.auth).query(query);
  const idsOf = (answer: { body: unknown }) =>
    (answer.body as { data: { id: string }[] }).data.map(({ id }) => id);

  it('finds exactly the messages with the value that the caller may see', async () => {
    const orderId = randomUUID();
    const first = dataOf(await send({ content: 'Red shoes', metadata: { orderId } }));
    const second = dataOf(await send({ content: 'Blue shoes', metadata: { orderId } }));
    await send({ metadata: { orderId: `${orderId}x` } });
    const query = { 'metadata.orderId': orderId };
    expect(idsOf(await search(bob, query))).toEqual([second.id, first.id]);
    expect(idsOf(await search(bob, { ...query, q: 'red' }))).toEqual([first.id]);
    expect(idsOf(await search(bob, query, `/api/chats/${chatId}/search`))).toHaveLength(2);
    const stranger = await registerUser(server);
    expect(idsOf(await search(stranger, query))).toEqual([]);
    expect((await search(stranger, query, `/api/chats/${chatId}/search`)).status).toBe(404);
    await server.http.delete(`/api/messages/${second.id}`).set(alice.auth).expect(200);
    expect(idsOf(await search(bob, query))).toEqual([first.id]);
  });

  it('finds numbers by their digits', async () => {
    const sent = dataOf(await send({ metadata: { orderId: 4711 } }));
    expect(idsOf(await search(bob, { 'metadata.orderId': '4711' }))).toEqual([sent.id]);
  });

  it('is refused for a key that has no index', async () => {
    const { status, body } = await search(bob, { 'metadata.price': '1' });
    expect([status, (body as Body).code]).toEqual([400, 'VALIDATION']);
  });
});

describe('metadata of a chat', () => {
  it('are set by who runs it, seen by its members, and searched among one’s chats', async () => {
    const shop = randomUUID();
    const made = await server.http
      .post('/api/chats')
      .set(alice.auth)
      .send({ kind: 'group', name: 'Order 7', memberIds: [bob.id], metadata: { shop } });
    const { id } = dataOf(made);
    const detail = await server.http.get(`/api/chats/${id}`).set(bob.auth);
    expect(dataOf(detail).metadata).toEqual({ shop });
    const patch = (by: TestUser, body: Body) =>
      server.http.patch(`/api/chats/${id}`).set(by.auth).send(body);
    expect((await patch(bob, { metadata: {} })).status).toBe(403);
    const found = await server.http
      .get('/api/chats/active')
      .set(bob.auth)
      .query({ 'metadata.shop': shop });
    expect((found.body as { data: Body[] }).data.map((chat) => chat.id)).toEqual([id]);
    const socket = await TestSocket.connect(server, bob, { dialect: 'native' });
    expect(dataOf(await patch(alice, { metadata: { shop, step: 2 } })).metadata).toEqual({
      shop,
      step: 2,
    });
    expect(await socket.next('chat_updated')).toMatchObject({ chat: { metadata: { step: 2 } } });
    expect(dataOf(await patch(alice, { metadata: null }))).not.toHaveProperty('metadata');
    socket.close();
  });

  it('of a membership are the member’s own', async () => {
    const set = (metadata: unknown) =>
      server.http.patch(`/api/chats/${chatId}/settings`).set(alice.auth).send({ metadata });
    expect(dataOf(await set({ colour: 'red' })).memberMetadata).toEqual({ colour: 'red' });
    const others = await server.http.get(`/api/chats/${chatId}`).set(bob.auth);
    expect(JSON.stringify(others.body)).not.toContain('colour');
    expect(dataOf(await set(null))).not.toHaveProperty('memberMetadata');
  });
});
