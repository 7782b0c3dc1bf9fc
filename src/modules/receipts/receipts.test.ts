import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../test/support/logger.js';
import { EventBus } from '../../platform/event-bus.js';
import type { MessageEvents } from '../messages/index.js';
import { createReceipts } from './index.js';
import { DeliveryTracker } from './receipts.js';
import type { Delivery } from './receipts.js';

const message = (seq: number, chatId = 'chat') => ({
  id: `m${seq}`,
  chatId,
  seq,
  senderId: `sender ${seq % 2}`,
});

/** A tracker over a slow database, and the writes that it has received. */
const setUp = () => {
  const written: Delivery[][] = [];
  const ends: (() => void)[] = [];
  const receipts = {
    recordDelivered: (batch: Delivery[]) => {
      written.push(batch);
      return new Promise<void>((resolve) => ends.push(resolve));
    },
  };
  const logger = silentLogger();
  return { tracker: new DeliveryTracker(receipts, logger), written, ends };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the delivery tracker', () => {
  it('writes one position for many messages and names at most 500 of them', async () => {
    const { ends, tracker, written } = setUp();
    for (let seq = 1; seq <= 600; seq += 1) tracker.record(message(seq), 'bob');
    tracker.record(message(7, 'another chat'), 'bob');
    const done = tracker.flush();
    await turn();
    expect(
      written[0]!.map(({ chatId, seq, messageIds }) => [chatId, seq, messageIds.length]),
    ).toEqual([
      ['chat', 600, 500],
      ['another chat', 7, 1],
    ]);
    expect(written[0]![0]!.senderIds).toEqual(['sender 1', 'sender 0']);
    ends[0]!();
    await done;
  });

  it('gathers deliveries in one write while an earlier write is under way', async () => {
    const { ends, tracker, written } = setUp();
    tracker.record(message(1), 'bob');
    const first = tracker.flush();
    await turn();
    const waiting = [2, 3, 4].map((seq) => {
      tracker.record(message(seq), 'bob');
      return tracker.flush();
    });
    await turn();
    expect(written).toHaveLength(1);
    ends[0]!();
    await first;
    await turn();
    expect(written.slice(1)).toMatchObject([[{ seq: 4, messageIds: ['m2', 'm3', 'm4'] }]]);
    ends[1]!();
    await Promise.all(waiting);
    expect(written).toHaveLength(2);
  });
});

it('a sent message is recorded as delivered to the other members who are connected to this node', async () => {
  const logger = silentLogger();
  const delivered: unknown[] = [];
  const { close, subscriptions } = createReceipts({
    access: {
      snapshot: () => Promise.resolve({ id: 'chat', kind: 'group', status: 'accepted' }),
    },
    positions: {
      advanceDeliveredOfMany: (deliveries: Delivery[]) => {
        delivered.push(...deliveries.map(({ userId, seq }) => [userId, seq]));
        return Promise.resolve();
      },
    },
    bus: new EventBus(logger),
    clock: { now: () => 1000 },
    logger,
    localUsers: {
      connected: (userIds: string[]) => userIds.filter((userId) => userId !== 'away'),
    },
  } as unknown as Parameters<typeof createReceipts>[0]);
  const bus = new EventBus<Pick<MessageEvents, 'message.sent'>>(logger);
  bus.subscribe(subscriptions);
  bus.emit(
    'message.sent',
    {
      message: { ...message(3), senderId: 'alice' },
      memberIds: ['alice', 'bob', 'away'],
    } as MessageEvents['message.sent'],
    { scope: 'node' },
  );
  await close();
  expect(delivered).toEqual([['bob', 3]]);
});
