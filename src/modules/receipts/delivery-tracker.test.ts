import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/logger.js';
import { DeliveryTracker } from './delivery-tracker.js';
import type { Delivery, Receipts } from './receipts.js';

const message = (seq: number, chatId = 'chat') => ({
  id: `m${seq}`,
  chatId,
  seq,
  senderId: `sender ${seq % 2}`,
});

/** A tracker over a database that takes its time, and what it was asked to write. */
const setUp = () => {
  const written: Delivery[][] = [];
  const ends: (() => void)[] = [];
  const receipts = {
    noteDelivered: (batch: Delivery[]) => {
      written.push(batch);
      return new Promise<void>((resolve) => ends.push(resolve));
    },
  } as unknown as Receipts;
  const logger = createLogger({ logLevel: 'silent', nodeEnv: 'test' });
  return { tracker: new DeliveryTracker(receipts, logger), written, ends };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('delivery tracker', () => {
  it('makes one position of many messages, and names a part of them', async () => {
    const { ends, tracker, written } = setUp();
    for (let seq = 1; seq <= 600; seq += 1) tracker.note(message(seq), 'bob');
    tracker.note(message(7, 'another chat'), 'bob');
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

  it('gathers while the database is slow, instead of queueing writes', async () => {
    const { ends, tracker, written } = setUp();
    tracker.note(message(1), 'bob');
    const first = tracker.flush();
    await turn();
    const waiting = [2, 3, 4].map((seq) => {
      tracker.note(message(seq), 'bob');
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
