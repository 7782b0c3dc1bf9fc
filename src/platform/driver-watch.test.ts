import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import type { WatchedClient } from './driver-watch.js';
import { DriverWatch } from './driver-watch.js';

const SERVER = 'localhost:27017';
const LIMITS = { heartbeatMs: 10_000, awaitMs: 5000, operationMs: 4000, lostOperations: 2 };

describe('the watch over the driver', () => {
  let client: EventEmitter;
  let now: number;
  let watch: DriverWatch;
  const close = jest.fn(() => Promise.resolve());
  const connect = jest.fn(() => Promise.resolve());
  beforeEach(() => {
    jest.clearAllMocks();
    now = 0;
    client = Object.assign(new EventEmitter(), { close, connect });
    watch = new DriverWatch(
      client as unknown as WatchedClient,
      LIMITS,
      pino({ level: 'silent' }),
      () => now,
    );
    watch.start();
  });

  const heartbeat = (what: 'Started' | 'Succeeded' | 'Failed', awaited = false) =>
    client.emit(`serverHeartbeat${what}`, { connectionId: SERVER, awaited });
  const operation = (what: 'CheckedOut' | 'CheckedIn' | 'Closed', connectionId: number) =>
    client.emit(`connection${what}`, { address: SERVER, connectionId });
  /** Looks often for a while, and waits for what that has begun. */
  const pass = async (ms: number) => {
    for (const end = now + ms; now < end;) {
      now += 1000;
      watch.look();
      await new Promise(setImmediate);
    }
  };

  it('leaves a driver alone whose heartbeats and operations end', async () => {
    for (let i = 0; i < 5; i++) {
      heartbeat('Started');
      operation('CheckedOut', i);
      await pass(3000);
      heartbeat(i % 2 === 0 ? 'Succeeded' : 'Failed');
      operation(i % 2 === 0 ? 'CheckedIn' : 'Closed', i);
    }
    await pass(60_000);
    expect(close).not.toHaveBeenCalled();
    await watch.stop();
  });

  it('starts it anew when a heartbeat never ends, and only once', async () => {
    heartbeat('Started');
    await pass(11_000);
    expect(close).not.toHaveBeenCalled();
    await pass(60_000);
    expect([close.mock.calls.length, connect.mock.calls.length]).toEqual([1, 1]);
    await watch.stop();
  });

  it('gives a heartbeat that waits for news the time for it', async () => {
    heartbeat('Started', true);
    await pass(15_000);
    expect(close).not.toHaveBeenCalled();
    await pass(3000);
    expect(close).toHaveBeenCalledTimes(1);
    await watch.stop();
  });

  it('takes one late look for a process that stood still', async () => {
    heartbeat('Started');
    now += 100_000;
    watch.look();
    heartbeat('Succeeded');
    await pass(60_000);
    expect(close).not.toHaveBeenCalled();
    await watch.stop();
  });

  it('gives the pool up when it has lost several operations', async () => {
    operation('CheckedOut', 1);
    await pass(60_000);
    expect(close).not.toHaveBeenCalled();
    operation('CheckedOut', 2);
    await pass(6000);
    expect(close).toHaveBeenCalledTimes(1);
    await watch.stop();
  });

  it('connects again and again while the server is away, until it is stopped', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
    try {
      connect
        .mockRejectedValueOnce(new Error('no server'))
        .mockRejectedValueOnce(new Error('no server'));
      heartbeat('Started');
      await pass(12_000);
      expect(connect).toHaveBeenCalledTimes(1);
      await jest.advanceTimersByTimeAsync(2000);
      expect(connect).toHaveBeenCalledTimes(3);
      await watch.stop();
    } finally {
      jest.useRealTimers();
    }
  });
});
