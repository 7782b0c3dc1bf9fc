/** What a node gives up when its event loop lags behind, and what never. The lag is what a test says. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LagSource } from '../../src/platform/load-monitor.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

const LIMIT_MS = 400;

/** The delay that the node reads; tells when it has read. */
class SetLag implements LagSource {
  private ms = 0;
  private readers: (() => void)[] = [];

  read(): number {
    // The level follows from what is returned, before anything else runs.
    setImmediate(() => {
      for (const reader of this.readers.splice(0)) reader();
    });
    return this.ms;
  }

  close(): void {
    this.readers = [];
  }

  /** Sets the delay, and resolves when the node has noticed. */
  async set(ms: number): Promise<void> {
    this.ms = ms;
    await new Promise<void>((resolve) => this.readers.push(resolve));
  }
}

describe('a node whose event loop lags behind', () => {
  const lag = new SetLag();
  let server: TestServer;
  let alice: TestUser;
  let bob: TestUser;
  let chatId: string;
  let a: TestSocket;
  let b: TestSocket;
  beforeAll(async () => {
    server = await startServer({
      env: { OVERLOAD_LAG_MS: String(LIMIT_MS), PRESENCE_GRACE_MS: '0' },
      lagSource: lag,
    });
    ({ alice, bob, chatId } = await openDirectChat(server));
    a = await TestSocket.connect(server, alice);
    b = await TestSocket.connect(server, bob);
  });
  beforeEach(async () => {
    await lag.set(0);
    await settled(a, b);
    a.clear();
    b.clear();
  });
  afterAll(async () => {
    a.close();
    b.close();
    await server.close();
  });

  const busy = { code: 'UNAVAILABLE', retryAfter: expect.any(Number) };
  const health = async () =>
    (await server.http.get('/health').expect(200)).body as Record<string, unknown>;
  const send = (clientMessageId: string) =>
    server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, content: clientMessageId, clientMessageId });

  it('gives up typing first, without a word to those who did not ask', async () => {
    await lag.set(LIMIT_MS / 2);
    expect(await health()).toMatchObject({ status: 'degraded', load: 'strained' });
    for (const [event, payload] of [
      ['typing', { chatId }],
      ['typing_start', { receiverId: bob.id }],
      ['typing:start', { conversationId: chatId }],
      ['typing-start', { room: chatId }],
    ] as const) {
      expect(await a.command(event, payload)).toMatchObject({ ok: false, error: busy });
      a.raw.emit(event, payload);
    }
    await settled(a, b);
    expect(a.heard.filter(({ payload }) => payload.code === 'UNAVAILABLE')).toEqual([]);
    expect(b.count('user_typing')).toBe(0);
    expect(await a.command('stop_typing', { chatId })).toMatchObject({ ok: true });
    expect(await a.command('send_message', { chatId, content: 'strained' })).toMatchObject({
      ok: true,
    });
    await send('strained by REST').expect(201);
    await lag.set(0);
    expect(await a.command('typing', { chatId })).toMatchObject({ ok: true });
    expect(await b.next('user_typing')).toMatchObject({ chatId });
  });

  it('then refuses what costs much, over socket and REST, in every dialect', async () => {
    await lag.set(LIMIT_MS);
    for (const [event, payload] of [
      ['send_message', { chatId, content: 'native' }],
      ['send_message', { receiverId: bob.id, message: 'v0' }],
      ['send:message', { conversationId: chatId, text: 'conversation' }],
      ['send-message', { room: chatId, content: 'room' }],
      ['sync', { chats: {} }],
    ] as const) {
      expect([event, await a.command(event, payload)]).toMatchObject([
        event,
        { ok: false, error: busy },
      ]);
    }
    const refused = await Promise.all([
      send('overloaded'),
      server.http.post('/api/v0/chat/send').set(alice.auth).send({}),
      server.http.post('/api/chat/message').set(alice.auth).send({}),
      server.http.post('/api/sync').set(alice.auth).send({}),
      server.http.get('/api/search/messages?q=x').set(alice.auth),
      server.http.get(`/api/chats/${chatId}/search?q=x`).set(alice.auth),
      server.http.post('/api/files/upload').set(alice.auth).attach('file', Buffer.from('x'), 'x'),
    ]);
    for (const { status, body, headers } of refused) {
      expect([status, body]).toMatchObject([503, { success: false, ...busy }]);
      expect(headers['retry-after']).toBe(String((body as { retryAfter: number }).retryAfter));
    }
    const metrics = await server.app.metrics.shed.get();
    const shed = metrics.values.find(({ labels }) => labels.what === 'work')?.value;
    expect(shed).toBe(5 + refused.length);
  });

  it('goes on answering health, reading, and what was accepted', async () => {
    await lag.set(LIMIT_MS * 10);
    expect(await health()).toMatchObject({
      success: true,
      status: 'degraded',
      load: 'overloaded',
      eventLoopLagMs: LIMIT_MS * 10,
      components: { database: 'up' },
    });
    await server.http.get('/ready').expect(200);
    await server.http.get(`/api/chats/${chatId}/messages`).set(bob.auth).expect(200);
    expect(await b.command('mark_as_read', { chatId })).toMatchObject({ ok: true });
    await lag.set(0);
    expect(await health()).toMatchObject({ status: 'ok', load: 'normal' });
    await send('overloaded').expect(201);
  });

  it('puts announcements of presence off, and then tells how things stand, once', async () => {
    const carol = await registerUser(server, 'carol_shed');
    const opened = await server.http
      .post('/api/chats/or-create')
      .set(carol.auth)
      .send({ recipientId: bob.id });
    const withCarol = (opened.body as { data: { id: string } }).data.id;
    await server.http.post(`/api/chats/${withCarol}/accept`).set(bob.auth).expect(200);
    await lag.set(LIMIT_MS / 2);
    for (let i = 0; i < 3; i += 1) {
      const c = await TestSocket.connect(server, carol);
      await settled(c);
      c.close();
      await c.closed();
    }
    const c = await TestSocket.connect(server, carol);
    await settled(b, c);
    const ofCarol = () =>
      b.heard.filter(({ event, payload }) => {
        return event === 'presence_changed' && payload.userId === carol.id;
      });
    expect(ofCarol()).toEqual([]);
    await lag.set(0);
    await b.next('presence_changed', ({ userId }) => userId === carol.id);
    await lag.set(0);
    expect(ofCarol().map(({ payload }) => payload.status)).toEqual(['online']);
    c.close();
  });
});
