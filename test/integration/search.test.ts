import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { closeAfterEach } from '../support/closing.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';

interface Hit {
  id: string;
  content: string;
  chatId: string;
  score: number;
  snippet: { text: string; hit: boolean }[];
}

describe('search', () => {
  const closeAfter = closeAfterEach();
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  const send = async (user: TestUser, chatId: string, content: string): Promise<string> => {
    const sent = await server.http
      .post('/api/messages')
      .set(user.auth)
      .send({ chatId, content })
      .expect(201);
    return (sent.body as { data: { id: string } }).data.id;
  };

  const find = async (
    user: TestUser,
    query: Record<string, string>,
    chatId?: string,
  ): Promise<Hit[]> => {
    const response = await server.http
      .get(chatId ? `/api/chats/${chatId}/search` : '/api/search/messages')
      .query(query)
      .set(user.auth)
      .expect(200);
    return response.body.data as Hit[];
  };
  const contents = async (...args: Parameters<typeof find>): Promise<string[]> =>
    (await find(...args)).map(({ content }) => content);

  it('finds words, beginnings, other cases and accents, and unspaced scripts', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    for (const text of [
      'Crème brûlée tonight',
      'I love Tokyo',
      '東京都に行きます',
      'nothing here',
    ]) {
      await send(alice, chatId, text);
    }
    expect(await contents(bob, { q: 'creme' }, chatId)).toEqual(['Crème brûlée tonight']);
    expect(await contents(bob, { q: 'CRÈME brul' }, chatId)).toEqual(['Crème brûlée tonight']);
    expect(await contents(bob, { q: 'tok' }, chatId)).toEqual(['I love Tokyo']);
    expect(await contents(bob, { query: '東京' }, chatId)).toEqual(['東京都に行きます']);
    expect(await contents(bob, { q: '京都' }, chatId)).toEqual(['東京都に行きます']);
    expect(await contents(bob, { q: 'tokyo crème' }, chatId)).toEqual([]);
  });

  it('takes patterns and operators as plain text', async () => {
    const { alice, chatId } = await openDirectChat(server);
    await send(alice, chatId, 'price (a|b)* is $5');
    for (const q of ['.*', '(', '$']) {
      const refused = await server.http
        .get(`/api/chats/${chatId}/search`)
        .query({ q })
        .set(alice.auth)
        .expect(400);
      expect(refused.body).toMatchObject({ code: 'VALIDATION', errors: [{ path: 'q' }] });
    }
    expect(await contents(alice, { q: '(a|b)*' }, chatId)).toEqual(['price (a|b)* is $5']);
    expect(await contents(alice, { q: 'p.*e' }, chatId)).toEqual([]);
  });

  it('marks the hits and puts the better ones first', async () => {
    const { alice, chatId } = await openDirectChat(server);
    await send(alice, chatId, 'the cake is good');
    await send(alice, chatId, 'a good cake');
    await send(alice, chatId, 'goodness, a cakewalk of a long and winding sentence');
    const hits = await find(alice, { q: 'good cake' }, chatId);
    expect(hits.map(({ content }) => content)).toEqual(['a good cake', 'the cake is good']);
    expect(hits[0]!.score).toBeGreaterThan(hits[1]!.score);
    expect(hits[0]!.snippet).toEqual([
      { text: 'a ', hit: false },
      { text: 'good', hit: true },
      { text: ' ', hit: false },
      { text: 'cake', hit: true },
    ]);
  });

  it('filters by sender, time and attachments, and pages', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    await send(alice, chatId, 'report one');
    await send(bob, chatId, 'report two');
    const boundary = new Date().toISOString();
    await send(alice, chatId, 'report three');
    expect(await contents(alice, { q: 'report', from: bob.id }, chatId)).toEqual(['report two']);
    expect(await contents(alice, { q: 'report', after: boundary }, chatId)).toEqual([
      'report three',
    ]);
    expect(await contents(alice, { q: 'report', before: boundary }, chatId)).toHaveLength(2);
    expect(await contents(alice, { q: 'report', hasMedia: 'true' }, chatId)).toEqual([]);
    expect(await contents(alice, { q: 'report', type: 'text' }, chatId)).toHaveLength(3);
    const page = await server.http
      .get(`/api/chats/${chatId}/search`)
      .query({ q: 'report', limit: '2', page: '2' })
      .set(alice.auth)
      .expect(200);
    expect(page.body.data).toHaveLength(1);
    expect(page.body.pagination).toEqual({ page: 2, limit: 2, total: 3, hasMore: false });
  });

  it('searches all chats of the caller, and no other', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const carol = await registerUser(server);
    const other = await openChatBetween(server, bob, carol);
    await send(alice, chatId, 'zebra for alice and bob');
    await send(carol, other, 'zebra for carol and bob');
    expect(await contents(alice, { q: 'zebra' })).toEqual(['zebra for alice and bob']);
    expect(await contents(bob, { q: 'zebra' })).toHaveLength(2);
    await server.http.get(`/api/chats/${other}/search?q=zebra`).set(alice.auth).expect(404);
  });

  it('follows edits and deletions', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const id = await send(alice, chatId, 'before the change');
    const kept = await send(alice, chatId, 'change nothing');
    expect(await contents(bob, { q: 'change' }, chatId)).toHaveLength(2);
    await server.http
      .put(`/api/messages/${id}`)
      .set(alice.auth)
      .send({ content: 'after the revision' })
      .expect(200);
    expect(await contents(bob, { q: 'change' }, chatId)).toEqual(['change nothing']);
    expect(await contents(bob, { q: 'revision' }, chatId)).toEqual(['after the revision']);
    await server.http.delete(`/api/messages/${id}`).set(alice.auth).expect(200);
    expect(await contents(bob, { q: 'revision' }, chatId)).toEqual([]);
    await server.http
      .delete(`/api/messages/${kept}?deleteForEveryone=false`)
      .set(alice.auth)
      .expect(200);
    expect(await contents(alice, { q: 'change' }, chatId)).toEqual([]);
    expect(await contents(bob, { q: 'change' }, chatId)).toEqual(['change nothing']);
  });

  it('finds what a node that went down had not taken in yet', async () => {
    const other = await startServer({ mongodbUri: server.mongodbUri });
    closeAfter(() => other.close());
    const { alice, chatId } = await openDirectChat(server);
    await send(alice, chatId, 'written here, searched there');
    // The list of chats brings the other node's view of them level.
    await server.http.get('/api/chats/active').set(alice.auth).expect(200);
    const found = await other.http
      .get('/api/search/messages?q=searched')
      .set(alice.auth)
      .expect(200);
    expect(found.body.data).toHaveLength(1);
  });

  it('asks for a token', async () => {
    await server.http.get('/api/search/messages?q=a').expect(401);
    await server.http.get(`/api/chats/${'0'.repeat(24)}/search?q=a`).expect(401);
  });
});
