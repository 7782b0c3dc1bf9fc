/** What is said on one node in one dialect is heard on another node in all of them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DIALECTS } from '../../../src/transport/socket/dialect.js';
import { untilHealth } from '../../support/health.js';
import type { RedisProcess } from '../../support/redis-process.js';
import { startRedis } from '../../support/redis-process.js';
import type { TestServer } from '../../support/server.js';
import { openDirectChat, startServer } from '../../support/server.js';
import { TestSocket } from '../../support/socket.js';

describe('dialects over two nodes', () => {
  let redis: RedisProcess;
  let here: TestServer;
  let there: TestServer;
  beforeAll(async () => {
    redis = await startRedis();
    const env = { REDIS_URL: redis.url };
    here = await startServer({ env });
    there = await startServer({ env, mongodbUri: here.mongodbUri });
    await Promise.all([here, there].map((node) => untilHealth(node, 'ok')));
  });
  afterAll(async () => {
    await there.close();
    await here.close();
    await redis.kill();
  });

  it('carries messages, typing and reading in every dialect', async () => {
    const { alice, bob, chatId } = await openDirectChat(here);
    const speaker = await TestSocket.connect(here, alice, { dialect: 'v0' });
    const [native, v0, conversation, room] = await Promise.all(
      DIALECTS.map((dialect) => TestSocket.connect(there, bob, { dialect })),
    );
    await speaker.command('send_message', { receiverId: bob.id, message: 'over there' });
    expect(await native!.next('unread_message')).toMatchObject({ chatId, unreadCount: 1 });
    const { data } = (await v0!.next('new_message')) as { data: { _id: string } };
    expect(data).toMatchObject({ message: 'over there', senderId: alice.id });
    expect(await conversation!.next('new:message')).toMatchObject({
      message: { _id: data._id, text: 'over there' },
    });
    expect(await room!.next('new-message')).toMatchObject({ id: data._id, room: chatId });

    await speaker.command('typing_start', { receiverId: bob.id });
    expect(await native!.next('user_typing')).toMatchObject({ userId: alice.id });
    expect(await v0!.next('user_typing')).toMatchObject({ senderName: alice.username });
    expect(await conversation!.next('typing:start')).toMatchObject({ userId: alice.id });
    expect(await room!.next('user-typing')).toMatchObject({ username: alice.username });

    await room!.command('message-read', { messageId: data._id });
    expect(await speaker.next('message_read')).toMatchObject({
      messageId: data._id,
      readBy: bob.id,
    });
    for (const socket of [speaker, native!, v0!, conversation!, room!]) socket.close();
  });

  it('lets a room that was joined on one node be heard there, and left there for good', async () => {
    const { alice, bob } = await openDirectChat(here);
    const a = await TestSocket.connect(here, alice, { dialect: 'room' });
    const b = await TestSocket.connect(there, bob, { dialect: 'room' });
    await a.command('join-room', 'over-two-nodes');
    await b.command('join-room', 'over-two-nodes');
    await a.command('send-message', { room: 'over-two-nodes', content: 'first' });
    expect(await b.next('new-message')).toMatchObject({ room: 'over-two-nodes', content: 'first' });

    // Bob's other device, on Alice's node, has left the room as well when one of them leaves it.
    const other = await TestSocket.connect(here, bob, { dialect: 'room' });
    const newsOfLeaving = new Promise<void>((resolve) => {
      here.app.bus.subscribe([
        {
          event: 'members.removed',
          phase: 'effects',
          on: 'every-node',
          does: 'waits for the news',
          run: () => {
            resolve();
          },
        },
      ]);
    });
    await b.command('leave-room', 'over-two-nodes');
    await newsOfLeaving;
    await a.command('send-message', { room: 'over-two-nodes', content: 'second' });
    await a.next('new-message', ({ content }) => content === 'second');
    await b.command('user-status', 'online');
    await other.command('user-status', 'online');
    for (const socket of [b, other]) {
      const heard = socket.heard.filter(({ payload }) => payload?.content === 'second');
      expect(heard).toEqual([]);
    }
    for (const socket of [a, b, other]) socket.close();
  });
});
