/**
 * Every name that the five documents Parley grew out of give it, in one list: endpoints, events in both
 * directions, settings, scripts and files. What each does is tested where docs/seeds/*.md say; here none
 * may be missing, or be called otherwise.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/index.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const ENDPOINTS = [
  'GET /api/chats/requests',
  'GET /api/chats/active',
  'GET /api/chats/:chatId',
  'POST /api/chats/or-create',
  'POST /api/chats/:chatId/accept',
  'POST /api/chats/:chatId/reject',
  'GET /api/chats/:chatId/messages',
  'GET /api/chats/:chatId/search',
  'POST /api/chats/:chatId/block',
  'POST /api/chats/:chatId/unblock',
  'POST /api/chats/:chatId/archive',
  'DELETE /api/chats/:chatId',
  'GET /api/chats/user/:userId/history',
  'POST /api/media/upload-chat-media',
  'POST /api/media/bulk-upload',
  'GET /api/media/get-upload-token',
  'GET /api/media/:fileId/metadata',
  'POST /api/media/delete',

  'GET /api/v0/chat/conversations',
  'GET /api/v0/chat/unread-count',
  'GET /api/v0/chat/online-users',
  'GET /api/v0/chat/user-status/:userId',
  'GET /api/v0/chat/conversation/:receiverId',
  'GET /api/v0/chat/conversation/:conversationId/messages',
  'POST /api/v0/chat/send',
  'PUT /api/v0/chat/message/:messageId/read',
  'PUT /api/v0/chat/conversation/:conversationId/read',
  'DELETE /api/v0/chat/message/:messageId',
  'POST /api/v0/chat/admin/broadcast',
  'POST /api/v0/chat/admin/send-to-user',

  'GET /api/chat/conversations',
  'GET /api/chat/conversation/:participantId',
  'GET /api/chat/conversation/:conversationId/messages',
  'POST /api/chat/message',
  'DELETE /api/chat/message/:messageId',
  'POST /api/chat/messages/read',
  'GET /api/chat/unread-count',

  'POST /api/auth/register',
  'POST /api/auth/login',
  'GET /api/auth/me',
  'GET /api/messages',
  'POST /api/messages',
  'PUT /api/messages/:id',
  'DELETE /api/messages/:id',
  'POST /api/messages/:id/read',
  'POST /api/messages/:id/react',
  'GET /api/users/online',
  'GET /api/users/profile',
  'PUT /api/users/profile',
  'POST /api/users/avatar',
  'GET /api/users/search',
  'POST /api/users/status',
  'POST /api/files/upload',
  'GET /api/files/media/:room',
  'DELETE /api/files/:messageId',
  'GET /api/files/stats/:room',
  'GET /health',
];

const CLIENT_EVENTS = [
  ...['join_chat', 'leave_chat', 'send_message', 'send_media', 'mark_as_read', 'typing'],
  ...['stop_typing', 'edit_message', 'delete_message', 'add_reaction', 'remove_reaction'],
  ...['typing_start', 'typing_stop', 'mark_message_read', 'admin_broadcast', 'admin_message_user'],
  ...['join:conversation', 'leave:conversation', 'send:message', 'typing:start', 'typing:stop'],
  ...['message:read', 'join-room', 'leave-room', 'send-message', 'typing-start', 'typing-stop'],
  ...['message-read', 'user-status'],
];

const SERVER_EVENTS = [
  ...['join_chat_success', 'message_received', 'media_received', 'messages_read', 'user_typing'],
  ...['user_stop_typing', 'message_edited', 'message_deleted', 'reaction_added'],
  ...['reaction_removed', 'unread_message', 'user_online', 'user_offline', 'error'],
  ...['new_message', 'message_sent', 'message_read', 'admin_broadcast', 'user_status_update'],
  ...['new:message', 'message:sent', 'message:delivered', 'messages:read', 'typing:start'],
  ...['typing:stop', 'user:online', 'user:offline', 'message:deleted'],
  ...['new-message', 'user-online', 'user-offline', 'user-typing', 'message-read-receipt'],
  ...['user-status-update', 'online-users'],
];

const UNKNOWN_ID = '0123456789abcdef01234567';

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let chatId: string;
beforeAll(async () => {
  server = await startServer({ env: { ...ADMIN_ENV, PRESENCE_GRACE_MS: '0' } });
  ({ alice, bob, chatId } = await openDirectChat(server));
});
afterAll(async () => {
  await server.close();
});

describe('endpoints', () => {
  it.each(ENDPOINTS)('%s', async (endpoint) => {
    const [method, path] = endpoint.split(' ') as [string, string];
    const response = await fetch(`${server.url}${path.replace(/:\w+/, UNKNOWN_ID)}`, {
      method,
      headers: alice.auth,
    });
    const { message } = (await response.json()) as { message?: string };
    expect(message ?? '').not.toMatch(/^No such endpoint/);
    expect(response.status).toBeLessThan(500);
  });

  it('that need nothing but their name answer to it', async () => {
    const bare = [
      ...['/api/chats/requests', '/api/chats/active', '/api/auth/me', '/api/messages'],
      ...['/api/v0/chat/conversations', '/api/v0/chat/unread-count', '/api/v0/chat/online-users'],
      ...['/api/chat/conversations', '/api/chat/unread-count', '/api/users/online', '/health'],
      '/api/users/profile',
    ];
    for (const path of bare) {
      const { status } = await server.http.get(path).set(alice.auth);
      expect([path, status]).toEqual([path, 200]);
    }
  });

  it('GET /api/messages without a room is about the one that is there from the start', async () => {
    const sent = await server.http
      .post('/api/messages')
      .set(bob.auth)
      .send({ room: 'general', content: 'Hello, everybody' })
      .expect(201);
    const { body } = await server.http.get('/api/messages?limit=1').set(alice.auth).expect(200);
    expect(body).toMatchObject({
      data: [{ id: (sent.body as { data: { id: string } }).data.id }],
      pagination: { page: 1, limit: 1 },
    });
  });
});

describe('events', () => {
  it('that clients send are all known', async () => {
    const socket = await TestSocket.connect(server, alice);
    for (const event of CLIENT_EVENTS) {
      const ack = await socket.command(event, {});
      expect([event, ack.ok ? 'ok' : ack.error.code]).not.toEqual([event, 'UNKNOWN_EVENT']);
    }
    socket.close();
  });

  it('that the server sends are all heard', async () => {
    const sockets: TestSocket[] = [];
    const connect = async (user: Pick<TestUser, 'token'>) => {
      const socket = await TestSocket.connect(server, user);
      sockets.push(socket);
      return socket;
    };
    const missing = () => {
      const heard = new Set(sockets.flatMap(({ heard }) => heard.map(({ event }) => event)));
      return SERVER_EVENTS.filter((event) => !heard.has(event));
    };
    const send = async (socket: TestSocket, event: string, payload: object) => {
      const { ok, data, error } = await socket.command<{ id: string }>(event, payload);
      expect([event, ok ? 'ok' : error]).toEqual([event, 'ok']);
      return data;
    };
    // This device says nothing, and so hears every dialect.
    await connect(alice);
    const a = await connect(alice);
    const b = await connect(bob);

    await send(a, 'join_chat', { chatId });
    await send(b, 'join_chat', { chatId });
    await send(b, 'typing', { chatId });
    await send(b, 'stop_typing', { chatId });
    const { id: messageId } = await send(a, 'send_message', { chatId, content: 'Hello!' });
    await send(a, 'send_media', {
      chatId,
      media: { url: 'https://example.com/image.jpg', type: 'image' },
    });
    await send(b, 'mark_as_read', { chatId });
    await send(b, 'leave_chat', { chatId });
    await send(a, 'send_message', { receiverId: bob.id, message: 'Hello!' });
    await send(a, 'send:message', { conversationId: chatId, text: 'Hello!' });
    await send(a, 'edit_message', { messageId, content: 'Hello there!' });
    await send(b, 'add_reaction', { messageId, emoji: '👍' });
    await send(b, 'remove_reaction', { messageId, emoji: '👍' });
    await send(a, 'delete_message', { messageId });
    await send(a, 'join-room', { room: 'general' });
    const admin = await connect(await loginAdmin(server));
    await send(admin, 'admin_broadcast', { message: 'Important announcement!' });
    expect(await a.command('no_such_event')).toMatchObject({ ok: false });
    b.close();
    const isGone = ({ userId, isOnline }: Record<string, unknown>) =>
      userId === bob.id && isOnline === false;
    await sockets[0]!.next('user_status_update', isGone);
    await connect(bob);

    await eventually(() => missing().length === 0).catch(() => undefined);
    expect(missing()).toEqual([]);
    for (const socket of sockets) socket.close();
  });
});

describe('settings', () => {
  it('have the names of the documents', () => {
    const config = loadConfig({
      NODE_ENV: 'production',
      PORT: '5000',
      MONGODB_URI: 'mongodb://localhost:27017/chat_db',
      JWT_SECRET: 'your-super-secret-jwt-key-of-32-characters',
      JWT_EXPIRES_IN: '7d',
      REDIS_URL: 'redis://localhost:6379',
      CLIENT_URL: 'http://localhost:3000',
      FRONTEND_URL: 'http://localhost:4000',
      DEBUG: 'socket.io:*',
      Image_Kit_Public_Key_Owner: 'your_public_key',
      Image_Kit_Private_Key_Owner: 'your_private_key',
      Image_Kit_URL: 'https://your-imagekit-endpoint.imagekit.io',
      CLOUDINARY_CLOUD_NAME: 'your_cloud_name',
      CLOUDINARY_API_KEY: 'your_api_key',
      CLOUDINARY_API_SECRET: 'your_api_secret',
    });
    expect(config).toMatchObject({
      nodeEnv: 'production',
      port: 5000,
      mongodbUri: 'mongodb://localhost:27017/chat_db',
      jwtSecret: 'your-super-secret-jwt-key-of-32-characters',
      jwtExpiresIn: '7d',
      redisUrl: 'redis://localhost:6379',
      corsOrigins: ['http://localhost:3000', 'http://localhost:4000'],
      debug: 'socket.io:*',
      imagekitPublicKey: 'your_public_key',
      imagekitPrivateKey: 'your_private_key',
      imagekitUrl: 'https://your-imagekit-endpoint.imagekit.io',
      cloudinaryCloudName: 'your_cloud_name',
      cloudinaryApiKey: 'your_api_key',
      cloudinaryApiSecret: 'your_api_secret',
    });
  });

  it('have the defaults of the documents', () => {
    expect(loadConfig({})).toMatchObject({
      port: 8000,
      jwtExpiresIn: '7d',
      rateLimitMessagesPerMinute: 30,
      rateLimitConversationsPerHour: 10,
      rateLimitGeneralPer15Min: 100,
      rateLimitAuthPer15Min: 5,
      rateLimitRegisterPerHour: 20,
      maxUploadMb: 100,
    });
  });
});

describe('the project', () => {
  const scripts = ['dev', 'start', 'test', 'test:integration', 'test:e2e', 'test:chat'];
  const files = [
    'docs/CHAT_SYSTEM_DOCUMENTATION.md',
    'docs/CHAT_QUICK_REFERENCE.md',
    'docs/CHAT_CLIENT_EXAMPLE.js',
    'docs/API_DOCUMENTATION.md',
    'scripts/CHAT_API_TESTING.sh',
    '.env.example',
    'Dockerfile',
    'src/web/chat-test.html',
  ];

  it('has the scripts', () => {
    const known = (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }).scripts;
    expect(Object.keys(known)).toEqual(expect.arrayContaining(scripts));
  });

  it('has the files', () => {
    expect(files.filter((path) => !existsSync(path))).toEqual([]);
  });
});
