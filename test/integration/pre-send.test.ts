/** The pre-send hook through whole nodes: on every path of a text, in every dialect, and across nodes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { OperationCounter, monitored } from '../support/operation-counts.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';
import { differencesFrom } from '../support/webhook-events.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const PICTURE = [{ url: 'https://pictures.example.com/cat.jpg' }];

/** What the hook was asked about. */
interface Asked {
  type: string;
  data: { content: string; messageId?: string; isForwarded?: boolean; media: object[] };
}

let hook: Server;
let hookEnv: Record<string, string>;
let asked: Asked[] = [];
/** What the specification does not say of the questions. */
let unlike: string[] = [];
/** Answers the next questions, if set. */
let answer: ((response: ServerResponse, asked: Asked) => void) | undefined;
let server: TestServer;
let other: TestServer;
let alice: TestUser;
let bob: TestUser;
let chatId: string;
let key: { Authorization: string };
let socket: TestSocket;

const say = (response: ServerResponse, body: object) => response.end(JSON.stringify(body));

beforeAll(async () => {
  hook = createServer((request, response) => {
    void text(request).then((body) => {
      const headers = request.headers as Record<string, string>;
      const question = new Webhook(SECRET).verify(body, headers) as Asked;
      asked.push(question);
      unlike.push(...differencesFrom(question));
      const { content } = question.data;
      if (answer) answer(response, question);
      else if (content.includes('forbidden')) {
        say(response, { action: 'refuse', message: 'Not in this shop' });
      } else if (/\d{4}/.test(content)) {
        say(response, { action: 'change', content: content.replace(/\d{4,}/g, '*******') });
      } else say(response, { action: 'accept' });
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as AddressInfo;
  hookEnv = {
    ...ADMIN_ENV,
    PRE_SEND_URL: `http://127.0.0.1:${port}/`,
    PRE_SEND_SECRET: SECRET,
    OUTBOUND_ALLOW: '127.0.0.0/8',
  };
  server = await startServer({ env: hookEnv });
  other = await startServer({ env: hookEnv, mongodbUri: server.mongodbUri });
  ({ alice, bob, chatId } = await openDirectChat(server));
  const admin = await loginAdmin(server);
  const scopes = ['messages:write', 'messages:read', 'act-as'];
  const made = await server.http
    .post('/api/admin/keys')
    .set(admin.auth)
    .send({ name: 'Shop', scopes })
    .expect(201);
  key = { Authorization: `Bearer ${(made.body as { data: { key: string } }).data.key}` };
  socket = await TestSocket.connect(server, alice);
});
afterAll(async () => {
  socket.close();
  await other.close();
  await server.close();
  hook.closeAllConnections();
  hook.close();
});
afterEach(() => {
  expect(unlike).toEqual([]);
});
beforeEach(() => {
  asked = [];
  unlike = [];
  answer = undefined;
});

interface Message {
  id: string;
  content: string;
  version: number;
  edits?: object[];
}
interface Outcome {
  status: number;
  body: { code?: string; message?: string; data?: unknown };
}
const post = (path: string, body: object, auth = alice.auth, on = server) =>
  on.http.post(path).set(auth).send(body);
const send = (content: string, more: object = {}, on = server) =>
  post('/api/messages', { chatId, content, ...more }, alice.auth, on);
const sent = async (content: string): Promise<Message> => {
  const { body } = await send(content).expect(201);
  return (body as { data: Message }).data;
};
const edit = (id: string, content: string, on = server) =>
  on.http.put(`/api/messages/${id}`).set(alice.auth).send({ content });
const stored = async (id: string): Promise<Message> => {
  const { body } = await server.http.get(`/api/messages/${id}`).set(bob.auth).expect(200);
  return (body as { data: Message }).data;
};
/** A command, answered like a request. */
const command = async (event: string, payload: object): Promise<Outcome> => {
  const ack = await socket.command(event, payload);
  return ack.ok
    ? { status: 200, body: { data: ack.data } }
    : { status: 0, body: { code: ack.error.code, message: ack.error.message } };
};

/** Every way in which somebody gives a message a text. */
const PATHS: Record<string, (content: string) => PromiseLike<Outcome>> = {
  'a send over REST': (content) => send(content),
  'a send over the socket': (content) => command('send_message', { chatId, content }),
  'a caption over REST': (content) => send(content, { messageType: 'image', media: PICTURE }),
  'a caption over the socket': (content) =>
    command('send_media', { chatId, content, messageType: 'image', media: PICTURE[0]! }),
  'a send of v0 over REST': (message) => post('/api/v0/chat/send', { receiverId: bob.id, message }),
  'a send of v0 over the socket': (message) =>
    command('send_message', { receiverId: bob.id, message }),
  'a send of the conversation dialect over REST': (content) =>
    post('/api/chat/message', { conversationId: chatId, text: content }),
  'a send of the conversation dialect over the socket': (content) =>
    command('send:message', { conversationId: chatId, text: content }),
  'a post in a room': (content) => command('send-message', { room: 'general', content }),
  'a send of a server in somebody’s name': (content) =>
    post(`/api/server/chats/${chatId}/messages`, { senderId: alice.id, content }, key),
  'an edit over REST': async (content) => edit((await sent('plain')).id, content),
  'an edit over the socket': async (content) =>
    command('edit_message', { messageId: (await sent('plain')).id, content }),
  'a new caption': async (content) => {
    const { body } = await send('', { messageType: 'image', media: PICTURE }).expect(201);
    return edit((body as { data: Message }).data.id, content);
  },
};

describe('the hook is asked', () => {
  it.each(Object.keys(PATHS))('about %s, and refuses, changes and accepts it', async (name) => {
    const refused = await PATHS[name]!(`${name}: forbidden`);
    expect(refused.body).toMatchObject({ code: 'MESSAGE_REFUSED', message: 'Not in this shop' });
    const changed = await PATHS[name]!(`${name}: call 5550100`);
    expect(JSON.stringify(changed.body)).toContain(`${name}: call *******`);
    const accepted = await PATHS[name]!(`${name}: hello`);
    expect(JSON.stringify(accepted.body)).toContain(`${name}: hello`);
    const about = asked.filter(({ data }) => data.content.startsWith(name));
    expect(about).toHaveLength(3);
  });

  it('about a forward, once for each chat', async () => {
    const { id } = await sent('for others');
    asked = [];
    const room = await post('/api/chats', { kind: 'group', name: 'Others', memberIds: [bob.id] });
    const target = (room.body as { data: { id: string } }).data.id;
    await post(`/api/messages/${id}/forward`, { chatIds: [target] }).expect(201);
    expect(asked.map(({ data }) => [data.content, data.isForwarded])).toEqual([
      ['for others', true],
    ]);
  });

  it('not about what is not a new text: reactions, pins, reads and the same text again', async () => {
    const { id } = await sent('same');
    asked = [];
    await edit(id, 'same').expect(200);
    await post(`/api/messages/${id}/reactions`, { emoji: '👍' });
    await post(`/api/chats/${chatId}/read`, {}, bob.auth);
    expect(asked).toEqual([]);
  });
});

describe('a message about which the hook gives no usable answer', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['nothing in time', () => undefined],
    ['500', (response) => response.writeHead(500).end()],
    ['garbage', (response) => response.end('<html>')],
    ['a redirection', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['ten megabytes', (response) => response.end(Buffer.alloc(10_000_000, ' '))],
    [
      'half of an answer',
      ({ socket: raw }) => raw!.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"action"'),
    ],
  ])('is refused in time when it answers %s, and sent when it works again', async (_, broken) => {
    answer = broken;
    const clientMessageId = randomUUID();
    const began = performance.now();
    const failed = await send('later', { clientMessageId });
    expect([failed.status, failed.body]).toMatchObject([503, { code: 'PRE_SEND_UNAVAILABLE' }]);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(asked).toHaveLength(1);
    answer = undefined;
    await send('later', { clientMessageId }).expect(201);
    expect(asked).toHaveLength(2);
  });
});

describe('a retry', () => {
  it('on another node asks nothing again, whether the hook has refused, changed or accepted', async () => {
    for (const content of ['forbidden', 'call 5550100', 'hello']) {
      const clientMessageId = randomUUID();
      const first = await send(content, { clientMessageId });
      const second = await send(content, { clientMessageId }, other);
      expect([second.body.code, second.body.data?.id]).toEqual([
        first.body.code,
        first.body.data?.id,
      ]);
    }
    expect(asked.map(({ data }) => data.content)).toEqual(['forbidden', 'call 5550100', 'hello']);
    const { id } = await sent('to be edited');
    asked = [];
    for (const on of [server, other]) expect((await edit(id, 'forbidden', on)).status).toBe(422);
    expect(asked).toHaveLength(1);
  });

  it('on another node, while the first try waits for the hook, gets the same message', async () => {
    const held: (() => void)[] = [];
    answer = (response) => held.push(() => say(response, { action: 'accept' }));
    const clientMessageId = randomUUID();
    const first = send('once', { clientMessageId }).then(({ body }) => body as { data: Message });
    await eventually(() => held.length === 1);
    const second = send('once', { clientMessageId }, other).then(
      ({ body }) => body as { data: Message },
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    held[0]!();
    expect((await second).data.id).toBe((await first).data.id);
    expect(asked).toHaveLength(1);
  });
});

describe('edits of one message', () => {
  it('do not overtake each other when the hook is slower about the first', async () => {
    const { id } = await sent('first');
    const held: (() => void)[] = [];
    answer = (response, { data }) => {
      const accept = () => say(response, { action: 'accept' });
      if (data.content === 'second') held.push(accept);
      else accept();
    };
    const slow = command('edit_message', { messageId: id, content: 'second' });
    await eventually(() => held.length === 1);
    const quick = command('edit_message', { messageId: id, content: 'third' });
    await eventually(() => asked.some(({ data }) => data.content === 'third'));
    held[0]!();
    const versions = (await Promise.all([slow, quick])).map(
      ({ body }) => (body.data as Message).version,
    );
    expect(versions[1]! - versions[0]!).toBe(1);
    expect((await stored(id)).content).toBe('third');
  });
});

describe('what the hook does', () => {
  it('is counted by its outcome', async () => {
    await sent('counted');
    const metrics = await server.app.metrics.registry.metrics();
    for (const outcome of ['accepted', 'changed', 'refused', 'failed']) {
      expect(metrics).toMatch(
        new RegExp(`parley_pre_send_duration_seconds_count{outcome="${outcome}"} [1-9]`),
      );
    }
  });
});

/** What sends of 20 messages ask of the database, by what the hook has to do with it; previews and the like apart. */
const costOfSends = async (node: TestServer, hasIds: boolean): Promise<Record<string, number>> => {
  // A chat of the node's own: where another node writes too, numbers are sometimes taken.
  const group = { kind: 'group', name: 'Costs', memberIds: [bob.id] };
  const made = await node.http.post('/api/chats').set(alice.auth).send(group).expect(201);
  const { id: ownChat } = (made.body as { data: { id: string } }).data;
  await send('the first', { chatId: ownChat }, node).expect(201);
  const counter = await OperationCounter.watch([node]);
  try {
    const { database } = await counter.count(async () => {
      for (let i = 0; i < 20; i += 1) {
        const id = { chatId: ownChat, ...(hasIds && { clientMessageId: randomUUID() }) };
        await send(`cost ${i}`, id, node).expect(201);
      }
    });
    const ofSend = Object.entries(database).filter(([name]) =>
      /^insert messages$|presend/.test(name),
    );
    return Object.fromEntries(ofSend);
  } finally {
    counter.close();
  }
};

describe('what a send costs', () => {
  it('is one insert, with webhooks too, and with a hook the claim to ask and the answer besides', async () => {
    const mongodbUri = monitored(server.mongodbUri);
    const [plain, hooked] = [
      await startServer({ mongodbUri }),
      await startServer({ mongodbUri, env: hookEnv }),
    ];
    try {
      expect(await costOfSends(plain, true)).toEqual({ 'insert messages': 20 });
      expect(await costOfSends(plain, false)).toEqual({ 'insert messages': 20 });
      expect(await costOfSends(hooked, false)).toEqual({ 'insert messages': 20 });
      expect(await costOfSends(hooked, true)).toEqual({
        'insert messages': 20,
        'update presendverdicts': 40,
      });
      const admin = await loginAdmin(server);
      // Nobody listens there.
      const webhook = { url: 'http://127.0.0.1:9/', events: ['message.created'] };
      await server.http.post('/api/admin/webhooks').set(admin.auth).send(webhook).expect(201);
      expect(await costOfSends(plain, true)).toEqual({ 'insert messages': 20 });
    } finally {
      await hooked.close();
      await plain.close();
    }
  });
});

describe('a node without a hook', () => {
  it('asks the database for nothing more on a send, an edit and their retries', async () => {
    const plain = await startServer({ mongodbUri: monitored(server.mongodbUri) });
    const counter = await OperationCounter.watch([plain]);
    try {
      const clientMessageId = randomUUID();
      const { database } = await counter.count(async () => {
        const { body } = await send('no hook', { clientMessageId }, plain).expect(201);
        await send('no hook', { clientMessageId }, plain).expect(200);
        await edit((body as { data: Message }).data.id, 'still no hook', plain).expect(200);
      });
      expect(Object.keys(database).filter((name) => name.includes('presend'))).toEqual([]);
      expect(asked).toEqual([]);
      // A send and an edit write the message once each; a retry that this node has sent itself asks nothing.
      expect([database['insert messages'], database['findAndModify messages']]).toEqual([1, 1]);
    } finally {
      counter.close();
      await plain.close();
    }
  });
});
