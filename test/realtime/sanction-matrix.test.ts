/**
 * Every sanction against every way to write, to read and to come in: imposed on one node, tried on both, over REST and
 * the sockets of all dialects, with a Redis and without.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/parley-process.js';
import { startRedis } from '../support/redis-process.js';
import type { RedisProcess } from '../support/redis-process.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const DIALECTS = ['native', 'v0', 'conversation', 'room'] as const;
type Dialect = (typeof DIALECTS)[number];

/** Somebody with a sanction, and where they were active before it. */
interface World {
  bob: TestUser;
  friend: TestUser;
  /** A room with an owner, in which Bob has written; its owner shows a stream in it. */
  chatId: string;
  slug: string;
  messageId: string;
  liveId: string;
  inviteCode: string;
  /** The direct chat of Bob and his friend. */
  directId: string;
  sockets: Record<Dialect, TestSocket>;
}

/** What came of a try: `ok`, or the code of the refusal. */
type Try = (world: World, node: TestServer) => Promise<string>;

const outcome = ({ status, body }: { status: number; body: unknown }): string =>
  status < 400 ? 'ok' : (body as { code: string }).code;
const rest =
  (
    method: 'get' | 'post' | 'put',
    path: (world: World) => string,
    body?: (world: World) => object,
  ): Try =>
  async (world, node) =>
    outcome(await node.http[method](path(world)).set(world.bob.auth).send(body?.(world)));
const upload =
  (path: string, fields: (world: World) => Record<string, string>): Try =>
  async (world, node) => {
    const file = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');
    const request = node.http.post(path).set(world.bob.auth).attach('file', file, 'a.pdf');
    for (const [name, value] of Object.entries(fields(world))) void request.field(name, value);
    return outcome(await request);
  };
const command =
  (dialect: Dialect, event: string, payload: (world: World) => object): Try =>
  async (world) => {
    const socket = world.sockets[dialect];
    if (!socket.raw.connected) return 'closed';
    const ack = await socket.command(event, payload(world));
    return ack.ok ? 'ok' : ack.error.code;
  };

/** What a try is about: writing in the room or in a direct chat, reading the room, coming into it. */
type Kind = 'write' | 'writeDirect' | 'read' | 'enter';
const text = { content: 'Hello' };
const paths: [Kind, string, Try][] = [
  [
    'write',
    'POST /api/messages',
    rest(
      'post',
      () => '/api/messages',
      ({ chatId }) => ({ chatId, ...text }),
    ),
  ],
  [
    'write',
    'PUT /api/messages/:id',
    rest(
      'put',
      ({ messageId }) => `/api/messages/${messageId}`,
      () => text,
    ),
  ],
  [
    'write',
    'POST /api/messages/:id/react',
    rest(
      'post',
      ({ messageId }) => `/api/messages/${messageId}/react`,
      () => ({ emoji: '👍' }),
    ),
  ],
  [
    'write',
    'POST /api/messages/:id/forward',
    rest(
      'post',
      ({ messageId }) => `/api/messages/${messageId}/forward`,
      ({ chatId }) => ({ chatIds: [chatId] }),
    ),
  ],
  [
    'write',
    'POST /api/media/upload-chat-media',
    upload('/api/media/upload-chat-media', ({ chatId }) => ({ chatId })),
  ],
  ['write', 'POST /api/files/upload', upload('/api/files/upload', ({ slug }) => ({ room: slug }))],
  [
    'write',
    'native send_message',
    command('native', 'send_message', ({ chatId }) => ({ chatId, ...text })),
  ],
  [
    'write',
    'native edit_message',
    command('native', 'edit_message', ({ messageId }) => ({ messageId, ...text })),
  ],
  [
    'write',
    'native add_reaction',
    command('native', 'add_reaction', ({ messageId }) => ({ messageId, emoji: '🎉' })),
  ],
  [
    'write',
    'native start_live',
    command('native', 'start_live', ({ chatId }) => ({ title: 'Look', chatId })),
  ],
  [
    'write',
    'native live_comment',
    command('native', 'live_comment', ({ liveId }) => ({ liveId, ...text })),
  ],
  [
    'write',
    'conversation send:message',
    command('conversation', 'send:message', ({ chatId }) => ({
      conversationId: chatId,
      text: 'Hello',
    })),
  ],
  [
    'write',
    'room send-message',
    command('room', 'send-message', ({ slug }) => ({ room: slug, ...text })),
  ],
  [
    'writeDirect',
    'POST /api/messages, direct',
    rest(
      'post',
      () => '/api/messages',
      ({ directId }) => ({ chatId: directId, ...text }),
    ),
  ],
  [
    'writeDirect',
    'POST /api/v0/chat/send',
    rest(
      'post',
      () => '/api/v0/chat/send',
      ({ friend }) => ({ receiverId: friend.id, message: 'Hello' }),
    ),
  ],
  [
    'writeDirect',
    'v0 send_message',
    command('v0', 'send_message', ({ friend }) => ({ receiverId: friend.id, message: 'Hello' })),
  ],
  [
    'read',
    'GET /api/chats/:id/messages',
    rest('get', ({ chatId }) => `/api/chats/${chatId}/messages`),
  ],
  [
    'read',
    'GET /api/chats/:id/search',
    rest('get', ({ chatId }) => `/api/chats/${chatId}/search?q=hello`),
  ],
  ['read', 'GET /api/messages/:id', rest('get', ({ messageId }) => `/api/messages/${messageId}`)],
  [
    'enter',
    'POST /api/rooms/:slug/join',
    rest(
      'post',
      ({ slug }) => `/api/rooms/${slug}/join`,
      () => ({}),
    ),
  ],
  [
    'enter',
    'POST /api/invites/:code/accept',
    rest(
      'post',
      ({ inviteCode }) => `/api/invites/${inviteCode}/accept`,
      () => ({}),
    ),
  ],
  ['enter', 'room join-room', command('room', 'join-room', ({ slug }) => ({ room: slug }))],
];

/** The sanctions, where they are imposed, and what is answered under each; what is not named goes on. */
const sanctions: {
  kind: 'silence' | 'ban';
  where: 'chat' | 'server';
  answers: Partial<Record<Kind, string[]>>;
}[] = [
  { kind: 'silence', where: 'chat', answers: { write: ['SILENCED'] } },
  { kind: 'silence', where: 'server', answers: { write: ['SILENCED'], writeDirect: ['SILENCED'] } },
  {
    kind: 'ban',
    where: 'chat',
    // A message of a chat that one may not read is not there.
    answers: { write: ['BANNED', 'NOT_FOUND'], read: ['BANNED', 'NOT_FOUND'], enter: ['BANNED'] },
  },
  {
    kind: 'ban',
    where: 'server',
    answers: Object.fromEntries(
      (['write', 'writeDirect', 'read', 'enter'] as const).map((kind) => [
        kind,
        ['BANNED', 'closed'],
      ]),
    ),
  },
];

describe.each(['without Redis', 'with Redis'] as const)('two nodes %s', (setting) => {
  let redis: RedisProcess | undefined;
  let one: TestServer;
  let two: TestServer;
  let admin: TestUser;
  const open: TestSocket[] = [];
  beforeAll(async () => {
    redis = setting === 'with Redis' ? await startRedis() : undefined;
    const url = redis?.url ?? `redis://127.0.0.1:${await freePort()}`;
    const env = { ...ADMIN_ENV, REDIS_URL: url };
    one = await startServer({ env });
    two = await startServer({ env, mongodbUri: one.mongodbUri });
    admin = await loginAdmin(one);
  });
  afterAll(async () => {
    for (const socket of open) socket.close();
    await two.close();
    await one.close();
    await redis?.kill();
  });

  const connect = async (user: TestUser, dialect: Dialect): Promise<TestSocket> => {
    const socket = await TestSocket.connect(two, user, { dialect });
    open.push(socket);
    return socket;
  };
  const post = async <T>(path: string, by: TestUser, body: object): Promise<T> => {
    const { status, body: answer } = await one.http.post(path).set(by.auth).send(body);
    expect({ path, isRefused: status >= 400 }).toEqual({ path, isRefused: false });
    return (answer as { data: T }).data;
  };

  /** A world before its sanction, and who owns the room. */
  const newWorld = async (): Promise<World & { owner: TestUser }> => {
    const [owner, bob, friend] = (await Promise.all([1, 2, 3].map(() => registerUser(one)))) as [
      TestUser,
      TestUser,
      TestUser,
    ];
    await openChatBetween(one, owner, bob);
    const directId = await openChatBetween(one, bob, friend);
    const room = { kind: 'room', name: `Harbour ${bob.username}`, memberIds: [bob.id] };
    const made = await post<{ id: string; slug: string }>('/api/chats', owner, room);
    const said = { chatId: made.id, content: 'hello' };
    const [{ id: messageId }, { code: inviteCode }] = await Promise.all([
      post<{ id: string }>('/api/messages', bob, said),
      post<{ code: string }>(`/api/chats/${made.id}/invites`, owner, {}),
    ]);
    const [host, ...own] = await Promise.all([
      connect(owner, 'native'),
      ...DIALECTS.map((dialect) => connect(bob, dialect)),
    ]);
    const sockets = Object.fromEntries(
      DIALECTS.map((dialect, index) => [dialect, own[index]!]),
    ) as World['sockets'];
    const started = { title: 'Boats', chatId: made.id };
    const { data } = await host.command<{ liveId: string }>('start_live', started);
    await sockets.native.command('join_live', { liveId: data.liveId });
    return {
      owner,
      bob,
      friend,
      directId,
      messageId,
      inviteCode,
      sockets,
      chatId: made.id,
      slug: made.slug,
      liveId: data.liveId,
    };
  };

  it.each(sanctions)(
    'a $kind in a $where is answered on every path, and nothing else is',
    async ({ kind, where, answers }) => {
      const { owner, ...world } = await newWorld();
      const isInChat = where === 'chat';
      const path = isInChat ? `/api/chats/${world.chatId}/sanctions` : '/api/admin/sanctions';
      await post(path, isInChat ? owner : admin, { userId: world.bob.id, kind, reason: 'Spam' });
      // Known on the other node, it holds on every path there.
      const [, , send] = paths[0]!;
      await eventually(async () => answers.write!.includes(await send(world, two)));
      for (const [about, name, attempt] of paths) {
        for (const [node, server] of [
          ['here', one],
          ['there', two],
        ] as const) {
          const answer = await attempt(world, server);
          const wanted = answers[about] ?? ['ok'];
          const said = wanted.includes(answer) ? wanted : answer;
          expect({ name, node, answer: said }).toEqual({ name, node, answer: wanted });
        }
      }
    },
  );
});
