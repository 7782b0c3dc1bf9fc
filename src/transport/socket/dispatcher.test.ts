import { describe, expect, it } from '@jest/globals';
import Joi from 'joi';
import { silentLogger } from '../../../test/support/logger.js';
import { createMetrics } from '../../platform/metrics.js';
import { UserLimits } from '../../platform/user-limits.js';
import { UserTurns } from '../../platform/user-turns.js';
import { AppError } from '../../shared/errors.js';
import { command } from './command.js';
import type { AckBody } from './dispatcher.js';
import { CommandDispatcher, MAX_IN_FLIGHT_IN_ALL } from './dispatcher.js';
import type { ParleySocket } from './socket-data.js';
import type { SocketRegistry } from './socket-registry.js';

type Listener = (event: string | number, ...args: unknown[]) => void;

/** A dispatcher with one command that ends when told to, and a way to send it from any number of sockets. */
const setUp = () => {
  const ends: (() => void)[] = [];
  const spoken = {
    dialect: 'native',
    isShared: true,
    schema: Joi.object({}),
    answer: Joi.any(),
  } as const;
  const busy = () => {
    throw new AppError('UNAVAILABLE', 'busy', { retryAfter: 2 });
  };
  const dispatcher = new CommandDispatcher({
    commands: [
      command({
        ...spoken,
        event: 'slow',
        summary: 'Ends when told to',
        handle: () =>
          new Promise((resolve) => {
            ends.push(() => {
              resolve({ data: 'done' });
            });
          }),
      }),
      command({
        ...spoken,
        event: 'signal',
        shedAs: 'signals',
        summary: 'Given up under load',
        handle: () => Promise.resolve({ data: null }),
      }),
      command({
        ...spoken,
        event: 'work',
        shedAs: 'work',
        summary: 'Given up under load',
        handle: () => Promise.resolve({ data: null }),
      }),
    ],
    registry: {} as SocketRegistry,
    logger: silentLogger(),
    metrics: createMetrics(),
    work: { admit: busy, begin: () => () => undefined },
    userLimits: new UserLimits({} as never),
    userTurns: new UserTurns(0),
    externalIdLookup: { idsOf: () => Promise.reject(new Error('not asked')) },
    timeoutMs: 60_000,
    eventsPerSecond: 0,
    requireMember: () => Promise.resolve(),
    onError: () => undefined,
    requireAdmin: () => Promise.resolve(),
    onView: () => undefined,
    requireToken: () => undefined,
    renewToken: () => Promise.resolve(0),
  });
  const connect = () => {
    let listener: Listener = () => undefined;
    const emitted: unknown[][] = [];
    const socket = {
      data: { actor: { userId: 'u', role: 'user', sessionId: 's' } },
      onAny: (given: Listener) => {
        listener = given;
      },
      emit: (...args: unknown[]) => emitted.push(args),
    } as unknown as ParleySocket;
    dispatcher.attach(socket);
    const send = (event: string | number) =>
      new Promise<AckBody>((resolve) => {
        listener(event, {}, resolve);
      });
    const tell = (event: string) => {
      listener(event, {});
    };
    return { emitted, send, tell };
  };
  return { connect, ends };
};

/** Commands begin soon after they have come, each after the one before it. */
const begun = () => new Promise((resolve) => setImmediate(resolve));

const overloaded = { ok: false, error: { code: 'OVERLOADED', retryAfter: 1 } };

describe('commands under way', () => {
  it('are bounded per socket, and a command that ends makes room', async () => {
    const { connect, ends } = setUp();
    const [one, other] = [connect(), connect()];
    const first = one.send('slow');
    for (let i = 1; i < 200; i += 1) void one.send('slow');
    expect(await one.send('slow')).toMatchObject(overloaded);
    const elsewhere = other.send('slow');
    await begun();
    ends[0]!();
    expect(await first).toEqual({ ok: true, data: 'done' });
    await begun();
    const next = one.send('slow');
    await begun();
    for (const end of ends) end();
    expect([await next, await elsewhere]).toMatchObject([{ ok: true }, { ok: true }]);
  });

  it('are bounded in all, however many sockets send them', async () => {
    const { connect, ends } = setUp();
    const accepted = [];
    while (accepted.length < MAX_IN_FLIGHT_IN_ALL) {
      const socket = connect();
      for (let i = 0; i < 200; i += 1) accepted.push(socket.send('slow'));
    }
    expect(await connect().send('slow')).toMatchObject(overloaded);
    await begun();
    for (const end of ends) end();
    expect((await Promise.all(accepted)).every(({ ok }) => ok)).toBe(true);
    await begun();
    const later = connect().send('slow');
    await begun();
    ends.at(-1)!();
    expect(await later).toMatchObject({ ok: true });
  });
});

describe('an event that is a number', () => {
  it('is unknown, as one with a name is', async () => {
    const { connect } = setUp();
    const error = { code: 'UNKNOWN_EVENT', message: 'Unknown event: 7' };
    expect(await connect().send(7)).toMatchObject({ ok: false, error });
  });
});

describe('what is given up under load', () => {
  it('is refused to who waits for an answer, and a signal is dropped without a packet', async () => {
    const { connect } = setUp();
    const { emitted, send, tell } = connect();
    const refusal = { ok: false, error: { code: 'UNAVAILABLE', retryAfter: 2 } };
    expect([await send('signal'), await send('work')]).toMatchObject([refusal, refusal]);
    emitted.length = 0;
    tell('signal');
    tell('work');
    await begun();
    expect(emitted).toMatchObject([['error', { code: 'UNAVAILABLE', event: 'work' }]]);
  });
});

describe('commands of one socket', () => {
  /** Sends commands whose allowances answer after the given turns of the event loop; answers their order. */
  const orderOf = async (delays: (number | undefined)[], concurrency: number) => {
    const order: number[] = [];
    const wait = async (turns: number) => {
      for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    const dispatcher = new CommandDispatcher({
      commands: delays.map((delay, n) =>
        command({
          event: `c${n}`,
          dialect: 'native',
          isShared: true,
          schema: Joi.object({}),
          answer: Joi.number(),
          summary: 'Notes when it begins',
          ...(delay !== undefined && { userLimit: 'reads' }),
          handle: async () => {
            order.push(n);
            await wait(n % 3);
            return { data: n };
          },
        }),
      ),
      registry: {} as SocketRegistry,
      logger: silentLogger(),
      metrics: createMetrics(),
      work: { admit: () => undefined, begin: () => () => undefined },
      userLimits: new UserLimits({ reads: { consume: () => wait(queue.shift()!) } } as never),
      userTurns: new UserTurns(concurrency),
      externalIdLookup: { idsOf: () => Promise.reject(new Error('not asked')) },
      timeoutMs: 60_000,
      eventsPerSecond: 0,
      requireMember: () => Promise.resolve(),
      onView: () => undefined,
      requireAdmin: () => Promise.resolve(),

      requireToken: () => undefined,
      renewToken: () => Promise.resolve(0),
      onError: () => undefined,
    });
    const queue = delays.filter((delay) => delay !== undefined);
    let listener: Listener = () => undefined;
    const socket = {
      data: { actor: { userId: 'u', role: 'user', sessionId: 's' } },
      onAny: (given: Listener) => {
        listener = given;
      },
      emit: () => undefined,
    } as unknown as ParleySocket;
    dispatcher.attach(socket);
    await Promise.all(
      delays.map((_, n) => new Promise((resolve) => listener(`c${n}`, {}, resolve))),
    );
    return order;
  };
  const SAMPLES: (number | undefined)[][] = [
    [5, undefined],
    [undefined, 5, undefined],
    [9, 1, undefined, 4, 0],
    [3, 3, 3, 0, undefined, 7, 0, undefined, 2, 1, 8, undefined],
  ];

  it.each(SAMPLES.flatMap((delays) => [0, 1, 2, 8].map((turns) => ({ delays, turns }))))(
    'begin in the order in which they came: $delays, $turns at a time',
    async ({ delays, turns }) => {
      expect(await orderOf(delays, turns)).toEqual(delays.map((_, n) => n));
    },
  );
});
