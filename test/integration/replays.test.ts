/** A retry under the same `clientMessageId` is answered with the message, whatever has changed since. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const PDF = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');

let server: TestServer;
/** Another node: it has nothing in memory of what was sent to the first. */
let other: TestServer;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-replays-'));
  const env = { RATE_LIMIT_MESSAGES_PER_MINUTE: '5', DATA_DIR: dataDir };
  server = await startServer({ env });
  other = await startServer({ mongodbUri: server.mongodbUri, env });
});
afterAll(async () => {
  await other.close();
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

const post = (node: TestServer, auth: Record<string, string>, body: object) =>
  node.http.post('/api/messages').set(auth).send(body);

describe('a retry of a message whose answer was lost', () => {
  it('succeeds although the message that it replies to has gone', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const first = await post(server, bob.auth, { chatId, content: 'said too much' }).expect(201);
    const { id: replyTo } = first.body.data as { id: string };
    const reply = { chatId, content: 'what?', replyTo, clientMessageId: 'reply-1' };
    const sent = await post(server, alice.auth, reply).expect(201);
    await server.http.delete(`/api/messages/${replyTo}`).set(bob.auth).expect(200);
    const again = await post(other, alice.auth, reply).expect(200);
    expect(again.body.data.id).toBe(sent.body.data.id);
    await post(other, alice.auth, { ...reply, clientMessageId: 'reply-2' }).expect(400);
    await post(other, alice.auth, { ...reply, content: 'else' })
      .expect(409)
      .expect(({ body }) => {
        expect(body.code).toBe('CLIENT_MESSAGE_ID_REUSED');
      });
  });

  it('succeeds although the other one has blocked the sender since', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const message = { chatId, content: 'are you there?', clientMessageId: 'last-words' };
    const sent = await post(server, alice.auth, message).expect(201);
    await server.http.post(`/api/chats/${chatId}/block`).set(bob.auth).expect(200);
    const again = await post(other, alice.auth, message).expect(200);
    expect(again.body.data.id).toBe(sent.body.data.id);
    await post(other, alice.auth, { ...message, clientMessageId: 'more' }).expect(403);
  });

  it('succeeds although the sender has used up their messages', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const message = (n: number) => ({ chatId, content: `number ${n}`, clientMessageId: `n-${n}` });
    for (let n = 1; n <= 5; n += 1) await post(other, alice.auth, message(n)).expect(201);
    await post(other, alice.auth, message(6)).expect(429);
    const { body } = await post(server, alice.auth, message(1)).expect(200);
    expect(body.data.content).toBe('number 1');
  });

  it('is refused when the sender is no longer in the chat', async () => {
    const { alice, bob } = await openDirectChat(server);
    const made = await server.http
      .post('/api/chats')
      .set(alice.auth)
      .send({ kind: 'group', name: 'g', memberIds: [bob.id] })
      .expect(201);
    const { id: chatId } = made.body.data as { id: string };
    const message = { chatId, content: 'here', clientMessageId: 'in-group' };
    await post(server, bob.auth, message).expect(201);
    await server.http.delete(`/api/chats/${chatId}/members/${bob.id}`).set(alice.auth).expect(200);
    await post(server, bob.auth, message).expect(404);
  });
});

describe('a retry of a shared file whose answer was lost', () => {
  const share = (node: TestServer, auth: Record<string, string>, file: Buffer, id = 'file-1') =>
    node.http
      .post('/api/files/upload')
      .set(auth)
      .attach('file', file, 'a.pdf')
      .field('room', 'shared')
      .field('clientMessageId', id);

  it('is answered with the same message, and stores nothing twice', async () => {
    const { alice } = await openDirectChat(server);
    const first = await share(server, alice.auth, PDF).expect(201);
    for (const node of [server, other]) {
      const again = await share(node, alice.auth, PDF).expect(201);
      expect(again.body.data.messageId).toBe(first.body.data.messageId);
      expect(again.body.data.fileId).toBe(first.body.data.fileId);
    }
    const { body } = await server.http.get('/api/files/stats/shared').set(alice.auth).expect(200);
    expect(body.data.totalFiles).toBe(1);
    await share(other, alice.auth, Buffer.concat([PDF, PDF]))
      .expect(409)
      .expect(({ body: refusal }) => {
        expect(refusal.code).toBe('CLIENT_MESSAGE_ID_REUSED');
      });
  });

  it('has one message when both come at once', async () => {
    const { alice } = await openDirectChat(server);
    const answers = await Promise.all(
      [server, other, server, other].map((node) => share(node, alice.auth, PDF, 'file-2')),
    );
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      answers.map(() => [201, undefined]),
    );
    expect(new Set(answers.map(({ body }) => body.data.messageId as string)).size).toBe(1);
    const fileIds = new Set(answers.map(({ body }) => body.data.fileId as string));
    expect(fileIds.size).toBe(1);
    await server.http
      .get(`/media/${[...fileIds][0]!}`)
      .set(alice.auth)
      .expect(200);
  });
});
