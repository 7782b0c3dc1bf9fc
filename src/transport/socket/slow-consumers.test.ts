import { describe, expect, it, jest } from '@jest/globals';
import { silentLogger } from '../../../test/support/logger.js';
import { channels } from './channels.js';
import { SlowConsumers } from './slow-consumers.js';
import type { ParleySocket } from './socket-data.js';

const logger = silentLogger();

const setUp = (waiting: { data?: unknown }[]) => {
  const close = jest.fn<(discard?: boolean) => void>();
  const socket = { id: 's', conn: { writeBuffer: waiting, close } } as unknown as ParleySocket;
  const inRooms = new Set<string>();
  const consumers = new SlowConsumers(
    {
      join: (_socket, channel) => inRooms.add(String(channel)),
      leave: (_socket, channel) => inRooms.delete(channel),
      isIn: (_socket, channel) => inRooms.has(channel),
    },
    logger,
  );
  const inspect = () => {
    consumers.inspect(socket);
  };
  return { close, inRooms, inspect, waiting };
};

const packets = (count: number, size = 1) =>
  Array.from({ length: count }, () => ({ data: 'x'.repeat(size) }));

describe('clients that read slowly', () => {
  it('are left alone while little waits for them', () => {
    const { close, inRooms, inspect } = setUp(packets(100));
    inspect();
    expect([...inRooms]).toEqual([]);
    expect(close).not.toHaveBeenCalled();
  });

  it('are spared typing and presence until they have caught up', () => {
    const { close, inRooms, inspect, waiting } = setUp(packets(101));
    inspect();
    expect([...inRooms]).toEqual([channels.slow()]);
    waiting.length = 0;
    inspect();
    expect([...inRooms]).toEqual([]);
    expect(close).not.toHaveBeenCalled();
  });

  it.each([
    ['more than 1,000 packets', packets(1001)],
    ['more than 4 MB', packets(5, 1024 * 1024)],
  ])('are cut off at %s, without waiting for what they will not take', (_what, waiting) => {
    const { close, inspect } = setUp(waiting);
    inspect();
    expect(close).toHaveBeenCalledWith(true);
  });
});
