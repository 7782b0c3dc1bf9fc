/**
 * The sample programs of the dialects' documents, reduced to their calls and otherwise word for word,
 * against a node with nothing configured: no dialect declared, no acks, all limits as they come.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_ENV, SampleSockets, State } from '../../support/sample-program.js';
import type { TestServer, TestUser } from '../../support/server.js';
import { registerUser, startServer } from '../../support/server.js';

interface Message {
  _id: string;
  text: string;
  message: string;
  content: string;
  room: string;
  senderId: string & { _id: string; firstName: string };
}

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
const sockets = new SampleSockets(() => server.url);
const connect = (token: string, options: object = {}) => sockets.connect(token, options);

beforeAll(async () => {
  server = await startServer({ env: DEFAULT_ENV });
  [alice, bob] = [await registerUser(server), await registerUser(server)];
});
afterEach(() => {
  sockets.closeAll();
});
afterAll(async () => {
  await server.close();
});

describe('v0', () => {
  it('React and Vue: messages of both sides arrive in the component', async () => {
    const component = async (token: string) => {
      const messages = new State<Message[]>([]);
      const newSocket = await connect(token);
      newSocket.on('new_message', (data: { data: Message }) => {
        messages.set((prev) => [...prev, data.data]);
      });
      const sendMessage = (receiverId: string, message: string) => {
        newSocket.emit('send_message', { receiverId, message, messageType: 'text' });
      };
      return { messages, sendMessage };
    };
    const [mine, theirs] = [await component(alice.token), await component(bob.token)];
    mine.sendMessage(bob.id, 'Hello!');
    await theirs.messages.until(({ length }) => length === 1);
    theirs.sendMessage(alice.id, 'Hello back!');
    for (const { messages } of [mine, theirs]) {
      expect(await messages.until(({ length }) => length === 2)).toMatchObject([
        { message: 'Hello!', senderId: alice.id },
        { message: 'Hello back!', senderId: bob.id },
      ]);
    }
  });

  it('events: sent, typing with a name, read, status', async () => {
    const log = new State<string[]>([]);
    const write = (line: string) => {
      log.set((lines) => [...lines, line]);
    };
    const socket = await connect(alice.token);
    socket.on('message_sent', (data: { data: Message }) => {
      write(`Message sent: ${data.data._id}`);
    });
    socket.on('user_typing', (data: { senderName: string; isTyping: boolean }) => {
      write(`${data.senderName} is ${data.isTyping ? 'typing' : 'not typing'}`);
    });
    socket.on('message_read', (data: { messageId: string }) => {
      write(`Message read: ${data.messageId}`);
    });
    const other = await connect(bob.token);
    const received = new State<Message | undefined>(undefined);
    other.on('new_message', (data: { data: Message }) => {
      received.set(data.data);
    });
    socket.emit('send_message', { receiverId: bob.id, message: 'Hello!', messageType: 'text' });
    const message = await received.until((value) => value?.message === 'Hello!');
    const id = message!._id;
    other.emit('typing_start', { receiverId: alice.id });
    await log.until((lines) => lines.includes(`${bob.username} is typing`));
    other.emit('typing_stop', { receiverId: alice.id });
    other.emit('mark_message_read', { messageId: id });
    // What two commands lead to is heard in whatever order they are done with.
    const expected = [
      `Message sent: ${id}`,
      `${bob.username} is not typing`,
      `Message read: ${id}`,
    ];
    const lines = await log.until((all) => expected.every((line) => all.includes(line)));
    expect(lines).toEqual(expect.arrayContaining(expected));
  });
});

describe('conversation', () => {
  it('React and React Native: messages and typing arrive in the component', async () => {
    const opened = await server.http.get(`/api/chat/conversation/${bob.id}`).set(alice.auth);
    const conversationId = (opened.body as { data: { _id: string } }).data._id;

    const component = async (token: string, userId: string, options: object = {}) => {
      const messages = new State<Message[]>([]);
      const isTyping = new State(false);
      const socket = await connect(token, options);
      socket.on('new:message', (data: { message: Message }) => {
        messages.set((prev) => [...prev, data.message]);
      });
      socket.on('typing:start', (data: { userId: string }) => {
        if (data.userId !== userId) isTyping.set(true);
      });
      socket.on('typing:stop', (data: { userId: string }) => {
        if (data.userId !== userId) isTyping.set(false);
      });
      return { socket, messages, isTyping };
    };
    const web = await component(alice.token, alice.id);
    const phone = await component(bob.token, bob.id, { transports: ['websocket'] });
    web.socket.emit('join:conversation', { conversationId });
    web.socket.emit('typing:start', { conversationId });
    await phone.isTyping.until((typing) => typing);
    web.socket.emit('typing:stop', { conversationId });
    await phone.isTyping.until((typing) => !typing);
    web.socket.emit('send:message', { conversationId, text: 'Hello!', messageType: 'text' });
    for (const { messages } of [web, phone]) {
      expect(await messages.until(({ length }) => length === 1)).toMatchObject([
        { text: 'Hello!', senderId: { _id: alice.id } },
      ]);
    }
    expect(web.isTyping.value).toBe(false);
  });

  it('events: sent, delivered, read, deleted, error', async () => {
    const opened = await server.http.get(`/api/chat/conversation/${bob.id}`).set(alice.auth);
    const conversationId = (opened.body as { data: { _id: string } }).data._id;
    const log = new State<string[]>([]);
    const write = (line: string) => {
      log.set((lines) => [...lines, line]);
    };
    const socket = await connect(alice.token);
    const ids = new State<string[]>([]);
    socket.on('message:sent', (data: { messageId: string }) => {
      ids.set((known) => [...known, data.messageId]);
    });
    socket.on('message:delivered', (data: { messageId: string }) => {
      write(`Message delivered: ${data.messageId}`);
    });
    socket.on('messages:read', (data: { messageIds: string[]; readBy: string }) => {
      write(`Messages read: ${data.messageIds.join()} by ${data.readBy}`);
    });
    socket.on('message:deleted', (data: { messageId: string }) => {
      write(`Message deleted: ${data.messageId}`);
    });
    socket.on('error', (data: { message: string }) => {
      write(`Socket error: ${data.message}`);
    });
    const other = await connect(bob.token);
    await server.http
      .post('/api/chat/messages/read')
      .set(bob.auth)
      .send({ conversationId })
      .expect(200);
    socket.emit('send:message', { conversationId, text: 'Hello!', messageType: 'text' });
    const [id] = await ids.until(({ length }) => length === 1);
    await log.until((lines) => lines.includes(`Message delivered: ${id}`));
    other.emit('message:read', { messageIds: [id], conversationId });
    await log.until((lines) => lines.includes(`Messages read: ${id} by ${bob.id}`));
    await server.http
      .delete(`/api/chat/message/${id}`)
      .set(alice.auth)
      .send({ deleteForEveryone: true })
      .expect(200);
    await log.until((lines) => lines.includes(`Message deleted: ${id}`));
    socket.emit('send:message', { conversationId: 'conversation_id_here', text: 'Hello!' });
    const lines = await log.until((all) => all.some((line) => line.startsWith('Socket error')));
    expect(lines.at(-1)).toMatch(/^Socket error: \w/);
  });
});

describe('room', () => {
  it('curl: register with the password of the sample, and the health check', async () => {
    const registered = await server.http
      .post('/api/auth/register')
      .send({ username: 'test', email: 'test@example.com', password: 'test123' })
      .expect(201);
    expect(registered.body).toMatchObject({ success: true, data: { token: expect.any(String) } });
    const health = await server.http.get('/health').expect(200);
    expect(health.body).toMatchObject({
      success: true,
      message: 'Server is healthy',
      timestamp: expect.stringMatching(/Z$/),
      environment: expect.any(String),
      database: 'connected',
    });
  });

  it('socket and axios: what is said in general arrives, and is listed', async () => {
    const heard = new State<Message[]>([]);
    const socket = await connect(alice.token);
    socket.on('new-message', (message: Message) => {
      heard.set((messages) => [...messages, message]);
    });
    socket.emit('join-room', 'general');
    await new Promise((resolve) => socket.once('online-users', resolve));
    await server.http
      .post('/api/messages')
      .set(bob.auth)
      .send({ room: 'general', content: 'Hello room' })
      .expect(201);
    expect(await heard.until(({ length }) => length === 1)).toMatchObject([
      { room: 'general', content: 'Hello room', senderId: bob.id },
    ]);
    const messages = await server.http
      .get('/api/messages?room=general')
      .set({ Authorization: `Bearer ${alice.token}` })
      .expect(200);
    expect(messages.body.data).toMatchObject([{ content: 'Hello room' }]);
  });
});
