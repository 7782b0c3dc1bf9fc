/** Two nodes and a Redis that goes away: what could not be passed on is asked for when it is back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisProcess } from '../support/redis-process.js';
import { startRedis } from '../support/redis-process.js';
import type { TestServer } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

describe('nodes that could not hear each other', () => {
  let redis: RedisProcess;
  let one: TestServer;
  let two: TestServer;
  beforeAll(async () => {
    redis = await startRedis();
    const env = { REDIS_URL: redis.url };
    one = await startServer({ env });
    two = await startServer({ env, mongodbUri: one.mongodbUri });
  });
  afterAll(async () => {
    await two.close();
    await one.close();
    await redis.kill();
  });

  it('ask their clients to sync once Redis is back, and the sync has what was lost', async () => {
    const { alice, bob, chatId } = await openDirectChat(one);
    const a = await TestSocket.connect(one, alice);
    const b = await TestSocket.connect(two, bob);
    await redis.kill();
    const lost = await a.command('send_message', { chatId, content: 'while Redis was away' });
    expect(lost).toMatchObject({ ok: true });
    expect(b.count('unread_message')).toBe(0);

    redis = await startRedis(redis.port);
    const hints = await Promise.all([a.next('sync_hint'), b.next('sync_hint')]);
    expect(hints).toEqual([{ delayMs: expect.any(Number) }, { delayMs: expect.any(Number) }]);
    const { data } = await b.command('sync', { chats: { [chatId]: 0 } });
    expect(data).toMatchObject({ chats: [{ messages: [{ content: 'while Redis was away' }] }] });
    a.close();
    b.close();
  });
});
