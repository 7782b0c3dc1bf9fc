import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import type { TestServer } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

describe('a node that starts after a crash', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  it('shows in the lists what was written to the log just before', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, content: 'just before the crash' })
      .expect(201);
    const list = async (node: TestServer) =>
      (await node.http.get('/api/chats/active').set(bob.auth).expect(200)).body.data as unknown[];
    expect(await list(server)).toMatchObject([{ lastSeq: 1, unreadCount: 1 }]);

    // As the database is when the process dies between the message and its list.
    const client = await MongoClient.connect(server.mongodbUri);
    await client
      .db()
      .collection('chats')
      .updateMany({ kind: 'direct' }, { $set: { lastSeq: 0, lastMessage: null } });
    expect(await list(server)).toMatchObject([{ lastSeq: 0, lastMessage: null, unreadCount: 0 }]);

    const restarted = await startServer({ mongodbUri: server.mongodbUri });
    expect(await list(restarted)).toMatchObject([
      { lastSeq: 1, lastMessage: { content: 'just before the crash' }, unreadCount: 1 },
    ]);
    await restarted.close();
    await client.close();
  });
});

describe('a node that goes on after another one has crashed', () => {
  let server: TestServer;
  let other: TestServer;
  beforeAll(async () => {
    server = await startServer();
    other = await startServer({ mongodbUri: server.mongodbUri });
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  it('brings up a list that lags, as soon as it writes to the log', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const sent: string[] = [];
    for (const content of ['first', 'the last before the crash']) {
      const { body } = await server.http
        .post('/api/messages')
        .set(alice.auth)
        .send({ chatId, content })
        .expect(201);
      sent.push((body as { data: { id: string } }).data.id);
    }
    await server.http.get('/api/chats/active').set(alice.auth).expect(200);
    const client = await MongoClient.connect(server.mongodbUri);
    await client
      .db()
      .collection('chats')
      .updateMany({ kind: 'direct' }, { $set: { lastSeq: 0, lastMessage: null } });
    await client.close();

    // A reaction to the older message touches neither the newest message nor its list.
    await other.http
      .post(`/api/messages/${sent[0]!}/react`)
      .set(bob.auth)
      .send({ emoji: '👍' })
      .expect(200);
    const { body } = await other.http.get('/api/chats/active').set(bob.auth).expect(200);
    expect(body.data).toMatchObject([
      { lastSeq: 2, lastMessage: { content: 'the last before the crash' }, unreadCount: 2 },
    ]);
  });
});
