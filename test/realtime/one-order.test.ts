import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { closeAfterEach } from '../support/closing.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

interface Shown {
  id: string;
  seq: number;
  content: string;
}

describe('the server', () => {
  const closeAfter = closeAfterEach();
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  const historyOf = async (user: TestUser, chatId: string): Promise<Shown[]> => {
    const response = await server.http
      .get(`/api/chats/${chatId}/messages?limit=200`)
      .set(user.auth)
      .expect(200);
    return response.body.data as Shown[];
  };

  it('writes 50 parallel sends once each, in one order, also when all are repeated', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const people = [alice, bob];
    const sockets = await Promise.all(
      Array.from({ length: 10 }, (_, i) => TestSocket.connect(server, people[i % 2]!)),
    );
    await Promise.all(sockets.map((socket) => socket.command('join_chat', { chatId })));
    // Ten sockets and ten REST callers share fifty messages: each sends two or three.
    const drafts = Array.from({ length: 50 }, (_, i) => ({
      clientMessageId: randomUUID(),
      content: `message ${i}`,
      by: i % 20,
    }));
    const sendAll = () =>
      Promise.all(
        drafts.map(async ({ by, ...draft }): Promise<Shown> => {
          if (by < 10) {
            const ack = await sockets[by]!.command<Shown>('send_message', { chatId, ...draft });
            expect(ack.ok).toBe(true);
            return ack.data;
          }
          const response = await server.http
            .post('/api/messages')
            .set(people[by % 2]!.auth)
            .send({ chatId, ...draft });
          expect([200, 201]).toContain(response.status);
          return response.body.data as Shown;
        }),
      );

    const first = await sendAll();
    const again = await sendAll();

    expect(again).toEqual(first);
    const log = await historyOf(alice, chatId);
    expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    // How far a message has come may move on between the two reads.
    const anyStatus = log.map((message) => ({ ...message, status: expect.any(String) as unknown }));
    expect(await historyOf(bob, chatId)).toEqual(anyStatus);
    expect(new Set(log.map(({ content }) => content)).size).toBe(50);
    const logIds = log.map(({ id }) => id);
    for (const socket of sockets) {
      await socket.next('message_received', (payload) => payload.seq === 50);
      const heard = socket.heard
        .filter(({ event }) => event === 'message_received')
        .map(({ payload }) => payload as unknown as Shown)
        .sort((a, b) => a.seq - b.seq);
      expect(heard.map(({ id }) => id)).toEqual(logIds);
      socket.close();
    }
  });

  it('refuses another message under a client id that was used, and keeps the first', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const clientMessageId = randomUUID();
    const send = (content: string) =>
      server.http.post('/api/messages').set(alice.auth).send({ chatId, content, clientMessageId });
    await send('one').expect(201);
    const refused = await send('two').expect(409);
    expect(refused.body).toMatchObject({ code: 'CLIENT_MESSAGE_ID_REUSED' });
    await send('one').expect(200);
    expect(await historyOf(alice, chatId)).toMatchObject([{ content: 'one' }]);
  });

  it('opens one chat for a pair, however many ask at once', async () => {
    const { alice, bob } = await openDirectChat(server);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        server.http
          .post('/api/chats/or-create')
          .set((i % 2 ? alice : bob).auth)
          .send({ recipientId: (i % 2 ? bob : alice).id }),
      ),
    );
    const ids = answers.map(({ body }) => (body as { data: { id: string } }).data.id);
    expect(new Set(ids).size).toBe(1);
  });

  it('opens one new chat for a pair who both ask for the first time at once', async () => {
    const [carol, dave] = await Promise.all([registerUser(server), registerUser(server)]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        server.http
          .post('/api/chats/or-create')
          .set((i % 2 ? carol : dave).auth)
          .send({ recipientId: (i % 2 ? dave : carol).id }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 201]));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const ids = answers.map(({ body }) => (body as { data: { id: string } }).data.id);
    expect(new Set(ids).size).toBe(1);
  });

  it('gives two nodes on one database one order without a hole', async () => {
    const other = await startServer({ mongodbUri: server.mongodbUri });
    closeAfter(() => other.close());
    const { alice, bob, chatId } = await openDirectChat(server);
    await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        (i % 2 ? server : other).http
          .post('/api/messages')
          .set((i % 3 ? alice : bob).auth)
          .send({ chatId, content: `m${i}`, clientMessageId: `two-nodes-${i}` })
          .expect(201),
      ),
    );
    const log = await historyOf(alice, chatId);
    expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  });
});
