/** Looking at a chat while who may look at it changes: by being removed, and by leaving right away. */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { channels } from '../../src/transport/socket/channels.js';
import { ChatAccess } from '../../src/modules/chats/index.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/parley-process.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';
import type { Ack } from '../support/socket.js';
import { TestSocket, settled } from '../support/socket.js';

type Snapshot = Awaited<ReturnType<ChatAccess['snapshot']>>;

/** Milliseconds without a look-up after which those that follow a new chat and new connections are over. */
const QUIET_MS = 300;

/** Waits until what has happened in a chat is noted everywhere, which asks for the chat. */
const lookUpsAreOver = async (chatId: string): Promise<void> => {
  const original = ChatAccess.prototype.snapshot;
  let last = performance.now();
  const spy = jest.spyOn(ChatAccess.prototype, 'snapshot').mockImplementation(function (
    this: ChatAccess,
    id: string,
  ): Promise<Snapshot> {
    if (id === chatId) last = performance.now();
    return original.call(this, id);
  });
  await eventually(() => performance.now() - last > QUIET_MS);
  spy.mockRestore();
};

/**
 * The next look-up of a chat's members reads them, and keeps its answer back until it is let go, as when
 * one of its queries takes longer than the others. Other chats are left alone: what a test before has sent
 * is still being noted as delivered, which asks for its chat.
 */
const holdLookUp = async (
  heldId: string,
): Promise<{ hasRead: Promise<void>; letGo: () => void }> => {
  await lookUpsAreOver(heldId);
  let letGo = (): void => undefined;
  const isLetGo = new Promise<void>((resolve) => {
    letGo = resolve;
  });

  const original = ChatAccess.prototype.snapshot;
  let isTaken = false;
  let tellRead = (): void => undefined;
  const hasRead = new Promise<void>((resolve) => {
    tellRead = resolve;
  });
  jest.spyOn(ChatAccess.prototype, 'snapshot').mockImplementation(async function (
    this: ChatAccess,
    chatId: string,
  ): Promise<Snapshot> {
    if (isTaken || chatId !== heldId) return original.call(this, chatId);
    isTaken = true;
    const answer = await original.call(this, chatId);
    tellRead();
    await isLetGo;
    return answer;
  });
  return { hasRead, letGo };
};

const DIALECTS = [
  { dialect: 'native', join: 'join_chat', leave: 'leave_chat', field: 'chatId' },
  {
    dialect: 'conversation',
    join: 'join:conversation',
    leave: 'leave:conversation',
    field: 'conversationId',
  },
  { dialect: 'room', join: 'join-room', leave: 'leave-room', field: 'room' },
] as const;

describe.each(DIALECTS)('$join of the $dialect dialect', ({ dialect, join, leave, field }) => {
  // Without the other nodes' events, a node learns of removals from the database alone.
  let one: TestServer;
  let deaf: TestServer;
  const open: TestSocket[] = [];
  beforeAll(async () => {
    const env = { REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
    one = await startServer({ env });
    deaf = await startServer({ env, mongodbUri: one.mongodbUri });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    for (const socket of open.splice(0)) socket.close();
  });
  afterAll(async () => {
    await deaf.close();
    await one.close();
  });

  const connect = async (
    node: TestServer,
    user: TestUser,
    spoken: string = dialect,
  ): Promise<TestSocket> => {
    const socket = await TestSocket.connect(node, user, { dialect: spoken });
    open.push(socket);
    return socket;
  };
  const newGroup = async () => {
    const [owner, bob, carol] = [
      await registerUser(one),
      await registerUser(one),
      await registerUser(one),
    ];
    for (const member of [bob, carol]) await openChatBetween(one, owner, member);
    const response = await one.http
      .post('/api/chats')
      .set(owner.auth)
      .send({ kind: 'group', name: 'Team', memberIds: [bob.id, carol.id] })
      .expect(201);
    return { owner, bob, carol, chatId: (response.body as { data: { id: string } }).data.id };
  };
  const remove = (owner: TestUser, chatId: string, member: TestUser) =>
    one.http.delete(`/api/chats/${chatId}/members/${member.id}`).set(owner.auth).expect(200);
  const whatHears = (socket: TestSocket, content: string) =>
    socket.heard.filter(({ payload }) => JSON.stringify(payload ?? null).includes(content));

  it.each(['the same node', 'a node that hears nothing of the others'])(
    'lets nobody stay who is removed meanwhile, on %s',
    async (where) => {
      const node = where === 'the same node' ? one : deaf;
      const { owner, bob, carol, chatId } = await newGroup();
      const [b, sender] = [await connect(node, bob), await connect(node, carol, 'native')];
      const native = await connect(node, bob, 'native');
      const { hasRead, letGo } = await holdLookUp(chatId);
      const joining = b.command(join, { [field]: chatId });
      await hasRead;
      await remove(owner, chatId, bob);
      await native.next('members_removed', (event) => event.chatId === chatId);
      letGo();
      expect(await joining).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
      const sent = await sender.command('send_message', { chatId, content: 'among ourselves' });
      expect(sent).toMatchObject({ ok: true });
      await settled(b, native);
      expect(whatHears(b, 'among ourselves')).toEqual([]);
      expect(node.app.sockets.registry.countIn(channels.open(chatId))).toBe(0);
    },
  );

  it('gives way to a leave that comes before it is answered', async () => {
    const { bob, chatId } = await newGroup();
    const b = await connect(one, bob);
    const { hasRead, letGo } = await holdLookUp(chatId);
    const joining: Promise<Ack> = b.command(join, { [field]: chatId });
    await hasRead;
    expect(await b.command(leave, { [field]: chatId })).toMatchObject({ ok: true });
    letGo();
    expect(await joining).toMatchObject({ ok: true });
    expect(one.app.sockets.registry.countIn(channels.open(chatId))).toBe(0);

    expect(await b.command(join, { [field]: chatId })).toMatchObject({ ok: true });
    const looking = one.app.sockets.registry.socketsIn(channels.open(chatId));
    expect(looking.map(({ data }) => data.actor.userId)).toEqual([bob.id]);
  });
});
