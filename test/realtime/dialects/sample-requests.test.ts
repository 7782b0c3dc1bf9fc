/**
 * Every request and every event that the dialects' documents write down, as they write it down, against
 * a node with nothing configured but an admin: no dialect declared, no acks, all limits as they come.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { loginAdmin } from '../../support/admin.js';
import { Console, DEFAULT_ENV, SampleSockets } from '../../support/sample-program.js';
import type { TestServer, TestUser } from '../../support/server.js';
import { registerUser, startServer } from '../../support/server.js';

interface Answer {
  success: boolean;
  data: Record<string, unknown> & Record<string, unknown>[];
  pagination: object;
}

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let admin: TestUser;
const sockets = new SampleSockets(() => server.url);
beforeAll(async () => {
  server = await startServer({ env: { ...DEFAULT_ENV, PRESENCE_GRACE_MS: '100' } });
  [alice, bob] = [await registerUser(server), await registerUser(server)];
  admin = await loginAdmin(server);
});
afterEach(() => {
  sockets.closeAll();
});
afterAll(async () => {
  await server.close();
});

/** An axios of the documents: a base URL and a token. */
const api =
  (user: TestUser) =>
  async (request: string, body?: object): Promise<Answer> => {
    const [method, path] = request.split(' ') as [string, string];
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${user.token}`,
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Answer;
    expect([request, answer]).toEqual([request, expect.objectContaining({ success: true })]);
    return answer;
  };
const listen = <T>(socket: Socket, event: string, listener: (data: T) => void) => {
  socket.on(event, listener as (data: unknown) => void);
};

describe('v0', () => {
  const base = '/api/v0/chat';

  it('user, conversation and message endpoints', async () => {
    const [mine, theirs] = [api(alice), api(bob)];
    const conversation = await mine(`GET ${base}/conversation/${bob.id}`);
    const conversationId = conversation.data._id as string;
    const sent = await mine(`POST ${base}/send`, {
      receiverId: bob.id,
      message: 'Hello!',
      messageType: 'text',
    });
    expect(sent.data).toMatchObject({ message: 'Hello!', messageType: 'text', conversationId });
    const replyTo = sent.data._id as string;
    const reply = await theirs(`POST ${base}/send`, {
      receiverId: alice.id,
      message: 'Hello!',
      messageType: 'text',
      replyTo,
    });
    expect(reply.data).toMatchObject({ replyTo });
    expect((await mine(`GET ${base}/conversations`)).data).toMatchObject([{ _id: conversationId }]);
    expect((await mine(`GET ${base}/unread-count`)).data).toEqual({ unreadCount: 1 });
    const page = await mine(`GET ${base}/conversation/${conversationId}/messages`);
    expect(page.data).toMatchObject([{ _id: replyTo }, { _id: reply.data._id }]);
    expect(page.pagination).toMatchObject({ page: 1, total: 2 });
    await mine(`PUT ${base}/message/${reply.data._id as string}/read`);
    await theirs(`PUT ${base}/conversation/${conversationId}/read`);
    expect((await mine(`GET ${base}/unread-count`)).data).toEqual({ unreadCount: 0 });
    await mine(`DELETE ${base}/message/${replyTo}`);
    expect((await mine(`GET ${base}/online-users`)).data).toEqual([]);
    expect((await mine(`GET ${base}/user-status/${bob.id}`)).data).toMatchObject({
      userId: bob.id,
      isOnline: false,
    });
  });

  it('admin endpoints and events, and who has come', async () => {
    const console = new Console();
    const socket = await sockets.connect(bob.token);
    listen(socket, 'admin_broadcast', (data: { data: { message: string } }) => {
      console.log('Admin broadcast:', data.data.message);
    });
    listen(socket, 'new_message', (data: { data: { message: string } }) => {
      console.log('New message:', data.data.message);
    });
    listen(socket, 'user_status_update', (data: { userId: string; isOnline: boolean }) => {
      console.log('User status:', data.userId, data.isOnline);
    });
    const boss = await sockets.connect(admin.token);
    boss.emit('admin_broadcast', { message: 'Important announcement!', messageType: 'text' });
    await console.line('Admin broadcast: Important announcement!');
    boss.emit('admin_message_user', {
      userId: bob.id,
      message: 'Hello from admin',
      messageType: 'text',
    });
    await console.line('New message: Hello from admin');
    await api(admin)(`POST ${base}/admin/broadcast`, { message: 'Over REST' });
    await console.line('Admin broadcast: Over REST');
    await api(admin)(`POST ${base}/admin/send-to-user`, { userId: bob.id, message: 'Also this' });
    await console.line('New message: Also this');
    const other = await sockets.connect(alice.token);
    await console.line(`User status: ${alice.id} true`);
    other.close();
    const lines = await console.line(`User status: ${alice.id} false`);
    expect(lines.filter((line) => !line.startsWith('User status'))).toEqual([
      'Admin broadcast: Important announcement!',
      'New message: Hello from admin',
      'Admin broadcast: Over REST',
      'New message: Also this',
    ]);
  });
});

describe('conversation', () => {
  const base = '/api/chat';
  const media = [
    { url: 'https://example.com/image.jpg', type: 'image', filename: 'image.jpg', size: 1024000 },
  ];

  it('all endpoints, with the bodies of the document', async () => {
    const carol = await registerUser(server);
    const [mine, theirs] = [api(alice), api(carol)];
    const { data } = await mine(`GET ${base}/conversation/${carol.id}`);
    const conversationId = data._id as string;
    const first = await theirs(`POST ${base}/message`, { conversationId, text: 'Hello!' });
    const replyTo = first.data._id as string;
    const sent = await mine(`POST ${base}/message`, {
      conversationId,
      text: 'Hello!',
      media,
      messageType: 'text',
      replyTo,
    });
    expect(sent.data).toMatchObject({ text: 'Hello!', messageType: 'text', replyTo, media });
    expect((await mine(`GET ${base}/conversations`)).data).toContainEqual(
      expect.objectContaining({
        _id: conversationId,
        participants: expect.arrayContaining([
          expect.objectContaining({ _id: carol.id, isOnline: false, lastSeen: null }),
        ]),
        lastMessage: expect.objectContaining({ text: 'Hello!', status: 'sent' }),
      }),
    );
    const page = await theirs(
      `GET ${base}/conversation/${conversationId}/messages?page=1&limit=50`,
    );
    expect(page.data).toMatchObject([
      { _id: replyTo, senderId: { _id: carol.id }, media: [], replyTo: null },
      { _id: sent.data._id, senderId: { _id: alice.id }, conversationId },
    ]);
    expect(page.pagination).toMatchObject({ page: 1, limit: 50, total: 2 });
    expect((await theirs(`GET ${base}/unread-count`)).data).toEqual({ unreadCount: 1 });
    const messageIds = [sent.data._id];
    await theirs(`POST ${base}/messages/read`, { conversationId, messageIds });
    await theirs(`POST ${base}/messages/read`, { conversationId });
    expect((await theirs(`GET ${base}/unread-count`)).data).toEqual({ unreadCount: 0 });
    await mine(`DELETE ${base}/message/${sent.data._id as string}`, { deleteForEveryone: true });
    await mine(`DELETE ${base}/message/${replyTo}`, { deleteForEveryone: false });
  });

  it('joining, leaving, media over the socket, and who has come and gone', async () => {
    // Somebody who has not been here: a socket that Bob had a moment ago would hide that he comes.
    const dave = await registerUser(server);
    const { data } = await api(alice)(`GET ${base}/conversation/${dave.id}`);
    const conversationId = data._id as string;
    const console = new Console();
    const socket = await sockets.connect(alice.token);
    listen(socket, 'new:message', ({ message }: { message: Record<string, unknown> }) => {
      console.log('New message:', message.text, JSON.stringify(message.media));
    });
    listen(socket, 'user:online', ({ userId }: { userId: string }) => {
      console.log('User online:', userId);
    });
    listen(socket, 'user:offline', ({ userId }: { userId: string }) => {
      console.log('User offline:', userId);
    });
    const other = await sockets.connect(dave.token, { transports: ['websocket'] });
    await console.line(`User online: ${dave.id}`);
    other.emit('join:conversation', { conversationId });
    const first = await api(dave)(`POST ${base}/message`, { conversationId, text: 'Look' });
    other.emit('send:message', {
      conversationId,
      text: 'Hello!',
      media,
      messageType: 'text',
      replyTo: first.data._id,
    });
    const lines = await console.until((all) => all.some((line) => line.includes('Hello!')));
    expect(lines.find((line) => line.includes('Hello!'))).toContain(
      '"url":"https://example.com/image.jpg"',
    );
    other.emit('leave:conversation', { conversationId });
    other.close();
    await console.line(`User offline: ${dave.id}`);
  });
});

describe('room', () => {
  it('endpoints of messages, users and files', async () => {
    const [mine, theirs] = [api(alice), api(bob)];
    await mine('GET /api/auth/me');
    const sent = await mine('POST /api/messages', { room: 'general', content: 'Hello room' });
    const id = sent.data._id as string;
    await mine(`PUT /api/messages/${id}`, { content: 'Hello, room' });
    await theirs('POST /api/messages', { room: 'general', content: 'Hi' });
    expect((await theirs('GET /api/messages?room=general')).data).toMatchObject([
      { _id: id, content: 'Hello, room' },
      { content: 'Hi' },
    ]);
    await theirs(`POST /api/messages/${id}/read`);
    const react = { emoji: '👍' };
    expect((await theirs(`POST /api/messages/${id}/react`, react)).data).toMatchObject({
      reactions: [{ emoji: '👍' }],
    });
    expect((await theirs(`POST /api/messages/${id}/react`, react)).data).toMatchObject({
      reactions: [],
    });
    await mine('GET /api/users/online');
    await mine('PUT /api/users/profile', { firstName: 'Alice' });
    expect((await mine('GET /api/users/profile')).data).toMatchObject({ firstName: 'Alice' });
    expect((await theirs('GET /api/users/search?q=Alice')).data).toMatchObject([{ _id: alice.id }]);
    await mine('POST /api/users/status', { status: 'away' });
    await mine('POST /api/users/status', { status: 'online' });

    const upload = await server.http
      .post('/api/files/upload')
      .set(alice.auth)
      .field('room', 'general')
      .attach('file', Buffer.from('%PDF-1.4\n%%EOF\n'), 'notes.pdf')
      .expect(201);
    const messageId = (upload.body as { data: { messageId: string } }).data.messageId;
    expect((await theirs('GET /api/files/media/general')).data).toHaveLength(1);
    await theirs('GET /api/files/stats/general');
    await mine(`DELETE /api/files/${messageId}`);
    await mine(`DELETE /api/messages/${id}`);
  });

  it('all events', async () => {
    const console = new Console();
    const socket = await sockets.connect(alice.token);
    const other = await sockets.connect(bob.token);
    listen(socket, 'online-users', ({ room, users }: { room: string; users: unknown[] }) => {
      console.log('online-users', room, users.length);
    });
    listen(socket, 'new-message', (message: { content: string }) => {
      console.log('new-message', message.content);
    });
    listen(socket, 'user-typing', (data: { userId: string; isTyping: boolean }) => {
      console.log('user-typing', data.userId, data.isTyping);
    });
    listen(socket, 'message-read-receipt', (data: { messageId: string; readBy: string }) => {
      console.log('message-read-receipt', data.messageId, data.readBy);
    });
    listen(socket, 'user-status-update', (data: { userId: string; status: string }) => {
      console.log('user-status-update', data.userId, data.status);
    });
    for (const event of ['user-online', 'user-offline']) {
      listen(socket, event, (data: { userId: string; room?: string }) => {
        console.log(event, data.userId, data.room ?? '');
      });
    }
    const heard: { _id: string; content: string }[] = [];
    const read = new Console();
    listen(other, 'new-message', (message: { _id: string; content: string }) => {
      heard.push(message);
      read.log(message.content);
    });
    socket.emit('join-room', 'tea');
    await console.line('online-users tea 1');
    other.emit('join-room', 'tea');
    await console.line(`user-online ${bob.id} tea`);
    other.emit('typing-start', 'tea');
    await console.line(`user-typing ${bob.id} true`);
    other.emit('typing-stop', 'tea');
    await console.line(`user-typing ${bob.id} false`);
    socket.emit('send-message', { room: 'tea', content: 'Anyone?' });
    await read.line('Anyone?');
    await console.line('new-message Anyone?');
    const { _id: messageId } = heard.find(({ content }) => content === 'Anyone?')!;
    other.emit('message-read', { messageId });
    await console.line(`message-read-receipt ${messageId} ${bob.id}`);
    other.emit('user-status', 'busy');
    await console.line(`user-status-update ${bob.id} busy`);
    other.emit('user-status', 'online');
    await console.line(`user-status-update ${bob.id} online`);
    other.emit('leave-room', 'tea');
    const lines = await console.line(`user-offline ${bob.id} tea`);
    expect(lines.filter((line) => line === 'new-message Anyone?')).toHaveLength(1);
  });
});
